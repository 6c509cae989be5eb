"""The command `lth`: what it is called, what a shell completes, and what it costs to start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from study_text import ONE_TICKET, SOUND

from lth import __version__
from lth.cli import main
from lth.cli.program import COMMANDS
from lth.errors import UserError
from lth.running import snakemake

ROOT = Path(__file__).parents[2]


def completed(*words: str) -> list[str]:
    """What bash offers for the last of these words."""
    typed = " ".join(f"'{word}'" for word in words)
    script = f"""source <({sys.executable} -m lth completion bash)
        COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _lth; echo "${{COMPREPLY[@]}}" """
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"lth {__version__}\n")


def test_its_name_is_what_was_typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for typed, name in (("/somewhere/bin/lth", "lth"), ("/somewhere/lth/__main__.py", "python -m lth")):
        monkeypatch.setattr(sys, "argv", [typed])
        with pytest.raises(SystemExit):
            main(["--help"])
        assert capsys.readouterr().out.startswith(f"usage: {name} ")


def test_make_writes_the_command_of_a_checkout_which_works_in_any_folder(tmp_path: Path) -> None:
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / ".installed").touch()  # so that nothing is installed
    python, command = venv / "bin/python", venv / "bin/lth"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    subprocess.run(["make", "--silent", f"VENV={venv}", command], cwd=ROOT, check=True)
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def told(*words: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [command, *words], cwd=elsewhere, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout, done.stderr

    assert told("check", "none.yaml") == (1, "", "none.yaml: cannot be read: No such file or directory\n")
    (elsewhere / "small.yaml").write_text(ONE_TICKET)
    status, out, err = told("check", "small.yaml", "--cores", "2")  # which starts processes
    assert (status, err) == (0, "")
    assert "time: about " in out


def test_a_shell_completes_commands_options_and_values() -> None:
    assert completed("lth", "ver") == ["verify", "verdict"]
    assert "--compact" in completed("lth", "export", "--")
    assert completed("lth", "export", "x", "--format", "h") == ["huggingface"]
    assert completed("lth", "check", "conf") == []  # the shell's own completion of files takes over


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_completion_script_names_every_command(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    assert main(["completion", shell]) == 0
    out = capsys.readouterr().out
    assert all(f" {name}" in out for name in COMMANDS)
    assert ("bashcompinit" in out) == (shell == "zsh")


def test_a_run_without_snakemake_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snakemake, "find_spec", lambda _: None)
    with pytest.raises(UserError, match="is not installed; pip install"):
        snakemake.snakemake_command([Path("study.yaml")], None, False, [])


def test_options_of_a_run_are_passed_on_but_those_that_it_gives_itself() -> None:
    given = snakemake.snakemake_command([Path("study.yaml")], 3, True, ["--quiet", "rules"])
    assert given[-5:] == ["--cores", "3", "--dry-run", "--quiet", "rules"]
    quiet = snakemake.snakemake_command([Path("study.yaml")], None, False, ["target", "--profile", "slurm"], quiet=True)
    assert quiet[quiet.index("--quiet") + 2] == "--snakefile"  # which takes one value, so that no target is swallowed
    assert "--cores" not in snakemake.snakemake_command([Path("study.yaml")], None, False, ["--profile=slurm"])
    assert "--cores" in snakemake.snakemake_command([Path("study.yaml")], 1, False, ["--workflow-profile", "mine"])
    over = snakemake.snakemake_command([Path("study.yaml"), Path("shorter.yaml")], None, False, [])
    assert over[3:7] == ["--configfile", "study.yaml", "shorter.yaml", "--snakefile"]
    with pytest.raises(UserError, match="name further study files after the first to give another"):
        snakemake.snakemake_command([Path("study.yaml")], None, False, ["--configfile", "x"])
    for option, cores in (("--configfile=x", 2), ("--quiet", 0)):
        with pytest.raises(UserError):
            snakemake.snakemake_command([Path("study.yaml")], cores, False, [option])


def test_study_files_are_laid_over_the_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study, over = tmp_path / "study.yaml", tmp_path / "shorter.yaml"
    study.write_text(SOUND)
    over.write_text("seeds: [4]\nrecipes: {try: {epochs: 0}}\n")
    assert main(["check", "--fast", str(study), str(over)]) == 1
    assert "shorter.yaml:2 recipes.try.epochs: must be" in capsys.readouterr().err
    over.write_text("seeds: [4]\nrecipes: {try: {epochs: 1}}\n")
    assert main(["check", "--fast", str(study), str(over)]) == 0
    assert "study small: 1 seeds (4)" in capsys.readouterr().out
