"""The command that repairs: what it deletes, what it asks for, and which study it names."""

import json
import shutil
from pathlib import Path

import pytest

from lth.artifacts import repair
from lth.artifacts.origin import LAST_RUN, OPTIONS, options_of
from lth.artifacts.records import json_text, seal
from lth.artifacts.repair import advice, command
from lth.files import write_text

TICKET = "tickets/digits/seed0/round01/ticket.safetensors"


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty `results/tiny`, seen from the folder above `results`, which has a workflow."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(OPTIONS, raising=False)
    write_text(tmp_path / "my study.yaml", "study: tiny  # small\n")
    write_text(tmp_path / "Snakefile", "")
    folder = Path("results/tiny")
    folder.mkdir(parents=True)
    return folder


def note_of(results: Path, told: dict[str, object]) -> None:
    write_text(results / LAST_RUN, json.dumps(told))


def manifest_of(results: Path, told: dict[str, object]) -> None:
    write_text(results / "manifest.json", json_text(seal(told)))


def test_each_kind_of_artifact_has_a_run_of_its_own_and_each_job_one_target(results: Path) -> None:
    names = [TICKET, "tickets/digits/seed0/round01/history.csv", "data/digits.safetensors", "figures/layers.svg"]
    for name in names:
        write_text(results / name, "")
    run = "snakemake --configfile 'my study.yaml' --cores 2"
    steps = command(results, names).split(" && ")
    assert steps[0].split() == ["rm", "-f", "--", *(f"results/tiny/{name}" for name in sorted(names))]
    assert steps[1] == f"{run} -- results/tiny/data/digits.safetensors"
    assert steps[2] == f"{run} -- results/tiny/tickets/digits/seed0/round01/history.csv"
    assert steps[3] == f"{run} -- results/tiny/figures/layers.svg all"
    assert len(steps) == 4


def test_weights_that_only_the_next_round_needs_are_no_target_and_do_not_stay(results: Path) -> None:
    """As the note of the last run says, else the manifest; where neither is there, none is deleted at the end."""
    trained = "tickets/digits/seed0/round01/trained.safetensors"
    write_text(results / trained, "")
    (results / "tickets/digits/seed0/round03").mkdir()
    asked = f"snakemake --configfile 'my study.yaml' --cores 2 -- results/tiny/{trained}"
    assert command(results, [trained]).split(" && ")[1] == asked
    manifest_of(results, {"files": {}, "snakemake": ["--configfile", "my study.yaml"]})
    steps = command(results, [trained]).split(" && ")
    assert steps[1:] == ["snakemake --configfile 'my study.yaml' --cores 2", f"rm -f -- results/tiny/{trained}"]
    note_of(results, {"kept_weights": {"digits": [3]}})
    assert command(results, [trained]).split(" && ") == steps
    note_of(results, {"kept_weights": {"digits": [1, 3]}})
    assert command(results, [trained]).split(" && ")[1] == asked
    (results / LAST_RUN).unlink()
    manifest_of(results, {"files": {trained: "f00"}, "snakemake": ["--configfile", "my study.yaml"]})
    assert command(results, [trained]).split(" && ")[1] == asked


def test_weights_that_stay_are_not_deleted_at_the_end_where_only_a_table_is_damaged(results: Path) -> None:
    history = "tickets/digits/seed0/round00/history.csv"
    write_text(results / history, "")
    note_of(results, {"kept_weights": {"digits": [0, 3]}})
    assert "trained.safetensors" not in command(results, [history])
    note_of(results, {"kept_weights": {"digits": [3]}})
    gone = "results/tiny/tickets/digits/seed0/round00/trained.safetensors"
    assert command(results, [history]).endswith(f" && rm -f -- {gone}")


def test_of_a_copy_no_command_is_printed(results: Path, tmp_path: Path) -> None:
    """It would delete files of the original, or make them there."""
    note_of(results, {"study": {"study": "tiny"}})
    copies = tmp_path / "backup/tiny", tmp_path / "results/renamed"
    for copy in copies:
        shutil.copytree(results, copy)
        write_text(copy / TICKET, "")
        assert advice(copy / TICKET) == ""
        with pytest.raises(ValueError, match="is not where its study is run"):
            command(copy, [TICKET])
    assert advice(results / TICKET) != ""


@pytest.mark.parametrize("name", ["README.md", "data/notes.txt", "logs/report.log", "tickets/old/ticket.safetensors"])
def test_nothing_is_said_of_deleting_what_is_no_artifact(results: Path, name: str) -> None:
    write_text(results / name, "mine")
    assert advice(results / name) == ""
    assert name not in command(results, [name])


def test_the_study_is_named_as_it_was_started(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the running Snakemake, else by the manifest if it is whole, else by the file that has the study's name."""
    options = options_of([Path("b.yaml").absolute()], ["seeds=[0, 1]", "compute={threads: 2}"])
    assert options == ["--configfile", "b.yaml", "--config", "seeds=[0, 1]"]
    manifest = results / "manifest.json"
    write_text(manifest, json_text(seal({"snakemake": options})))
    assert command(results, []) == "snakemake --configfile b.yaml --config 'seeds=[0, 1]' --cores 2"
    write_text(manifest, manifest.read_text().replace("b.yaml", "c.yaml"))
    assert "'my study.yaml'" in command(results, [])
    monkeypatch.setenv(OPTIONS, "[]")
    assert command(results, []) == "snakemake --cores 2"


def test_from_elsewhere_it_begins_with_the_folder(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    assert advice(tmp_path / results / TICKET).startswith(f"; to make it again: cd {tmp_path} && snakemake ")


@pytest.mark.parametrize("place", ["lth/_workflow", "lottery-tickets"])
def test_where_there_is_no_workflow_it_is_named(results: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """`lth run` works in folders that have no Snakefile: with that of an installed package, or of a checkout."""
    installed = Path("/some where") / place / "Snakefile"
    monkeypatch.setattr(repair, "snakefile", lambda: installed)
    Path("Snakefile").unlink()
    run = f"snakemake --snakefile '{installed}' --configfile 'my study.yaml' --cores 2"
    assert command(results, []) == run
    Path("Snakefile").touch()
    assert command(results, []) == "snakemake --configfile 'my study.yaml' --cores 2"
