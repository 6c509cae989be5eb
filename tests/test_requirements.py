"""The locks are complete, checked and of one piece with what they were made from; their licences are listed."""

import re
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OLDEST = "requirements-oldest.lock"
"""Of no installation: the oldest Snakemake, in a folder of its own."""
LOCKS = {path.name: path.read_text(encoding="utf-8") for path in ROOT.glob("requirements*.lock")}
PIN = re.compile(r"([\w.-]+)(?:\[[\w,]+\])?==([\w.]+)(\+cpu)?( ; [^\\]+)?( \\)?")
FROM = {
    "requirements.txt": ("requirements.lock", "requirements-torch.lock"),
    "requirements-text.txt": ("requirements-text.lock",),
    "requirements-encoder.txt": ("requirements-text.lock",),
    "requirements-cluster.txt": ("requirements-cluster.lock",),
    "requirements-export.txt": ("requirements-export.lock",),
    "requirements-docs.txt": ("requirements-docs.lock",),
    "requirements-dev.txt": ("requirements-dev.lock",),
    "requirements-oldest.txt": (OLDEST,),
}


def pins(text: str) -> set[tuple[str, str]]:
    """Normalised names and versions."""
    found = (PIN.fullmatch(line) for line in text.splitlines())
    return {(re.sub(r"[-_.]+", "-", pin[1]).lower(), pin[2]) for pin in found if pin}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_a_version_or_a_checksum(lock: str) -> None:
    """No address, no option that asks another index, no requirement without a checksum."""
    head, *lines = LOCKS[lock].splitlines()
    assert head.startswith("# ")
    assert lines
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if not line.startswith(" "):
            assert PIN.fullmatch(line), line
            assert after.startswith("    --hash=sha256:"), line
        else:
            assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line), line


@pytest.mark.parametrize("named", FROM)
def test_what_is_required_is_locked(named: str) -> None:
    """If this fails: make lock."""
    wanted = pins((ROOT / named).read_text(encoding="utf-8"))
    assert wanted
    assert wanted <= set(chain.from_iterable(pins(LOCKS[lock]) for lock in FROM[named]))


def test_a_package_has_one_version_in_all_locks_of_one_installation() -> None:
    """But for packages of which other Pythons need another one, which their markers keep apart."""
    every = set(chain.from_iterable(pins(text) for name, text in LOCKS.items() if name != OLDEST))
    kept_apart = re.findall(r"^([\w.-]+)==.*python_full_version < ", "\n".join(LOCKS.values()), re.MULTILINE)
    names = [name for name, _ in every]
    assert {name for name in names if names.count(name) > 1} <= {*kept_apart}


def test_both_builds_of_torch_are_of_one_version() -> None:
    cpu, both = pins(LOCKS["requirements-torch-cpu.lock"]), pins(LOCKS["requirements-torch.lock"])
    assert len(cpu) == 1
    assert cpu <= both
    digests = [set(re.findall(r"sha256:(\w+)", LOCKS[f"requirements-{name}.lock"])) for name in ("torch-cpu", "torch")]
    assert digests[0].isdisjoint(digests[1])


def test_the_oldest_snakemake_that_is_tested_is_the_oldest_that_is_allowed() -> None:
    (allowed,) = re.findall(r'"snakemake\[reports\]>=([\d.]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert ("snakemake", f"{allowed}.0") in pins(LOCKS[OLDEST])


def test_make_installs_from_locks_only() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert makefile.count("pip install") == 1
    assert "--require-hashes --no-deps" in makefile
    assert not re.search(r"\$\(PIP\)[^|;\n]*\.txt", makefile)


def test_every_locked_package_has_its_licence_in_the_documentation() -> None:
    """If this fails: make licences."""
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| ([\w.-]+ \| [\w.]+)(?:\+cpu)? \| (.+) \|$", page, re.M))
    missing = [pin for lock in LOCKS if lock != OLDEST for pin in pins(LOCKS[lock]) if not listed.get(" | ".join(pin))]
    assert not missing
    assert "None" not in listed.values()
