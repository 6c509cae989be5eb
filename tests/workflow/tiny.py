"""A study small enough to run whole in a test, and copies of the project in which Snakemake may work on it."""

import compileall
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import warm
from filelock import FileLock

ROOT = Path(__file__).parents[2]
CODE = ("Snakefile", "config.yaml", "pyproject.toml", "config", "envs", "lth", "profiles", "workflow")
"""What a run needs of the project."""

STUDY = """\
study: tiny
seeds: [0, 1]
datasets:
  digits: {source: digits, train: 200, validation: 60, test: 60}
  letters: {source: letters, train: 200, validation: 60, test: 60}
  textures: {source: textures, train: 200, validation: 60, test: 60}
networks:
  lenet: {architecture: lenet5_classic}
recipes:
  find:
    optimiser: {name: adam, learning_rate: 2e-3, weight_decay: 1e-4}
    batch_size: 50
    epochs: 1
  find_letters:
    optimiser: {name: adamw, learning_rate: 2e-3, weight_decay: 1e-2}
    batch_size: 40
    epochs: 1
  try:
    optimiser: {name: sgd, learning_rate: 0.05, momentum: 0.9, weight_decay: 1e-4}
    batch_size: 40
    epochs: 1
tickets:
  digits: {network: lenet, recipe: find, dataset: digits, rounds: 2, rate: 0.5}
  letters: {network: lenet, recipe: find_letters, dataset: letters, rounds: 2, rate: 0.5}
  cross: {network: lenet, recipe: find, dataset: letters, rounds: 1, rate: 0.5, start: {ticket: digits, round: 1}}
evaluations:
  transfer:
    dataset: textures
    recipe: try
    tickets: [digits, cross]
    density: 0.25
    matched_to: cross
    compare:
      - [cross-own, digits-own]
      - [cross-own, dense]
"""
ROUNDS = {"digits": range(3), "letters": range(3), "cross": range(1, 3)}
ARMS = (
    *("digits-own", "cross-own", "digits-reinitialised", "cross-reinitialised", "digits-shuffled", "cross-shuffled"),
    *("cross-random", "dense"),
)
RESULTS = Path("results/tiny")

MEASURED = ("measured.csv", "costs.csv")
"""Time and energy are of a run, not of what it computes."""
SAME = (
    "data/*",
    "tickets/**/*",
    "controls/**/*",
    "evaluations/**/*",
    "tables/**/*",
    "figures/**/*",
    "masks.html",
    "report.html",
)

Planned = dict[str, set[str]]
"""What a dry run would run: by rule, the outputs of its jobs, as seen from the study's results."""


@dataclass(frozen=True)
class Outcome:
    """What a run of Snakemake came to."""

    status: int
    text: str
    """All that it printed."""


class Project:
    """A copy of the project, with a study file of its own."""

    def __init__(self, folder: Path, libraries: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.libraries = libraries
        """What its jobs import beside what all do, and a warm Python has for them."""
        self.results = folder / RESULTS
        self.study = folder / "study.yaml"

    @classmethod
    def new(cls, folder: Path, study: str = STUDY, libraries: tuple[str, ...] = ()) -> "Project":
        """The code alone, nothing run yet."""
        folder.mkdir(parents=True)
        compile_code()
        for name in CODE:
            source = ROOT / name
            if source.is_symlink():
                (folder / name).symlink_to(source.readlink())
            elif source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("*.nb[ci]", ".snakemake"))
            else:
                shutil.copy2(source, folder / name)
        project = cls(folder, libraries)
        project.study.write_text(study)
        return project

    def copy(self, folder: Path) -> "Project":
        """All of it once more: code, results, and Snakemake's records, with their time stamps."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder, self.libraries)

    def command(self, *arguments: str, cores: int = 2, python: str = sys.executable) -> list[str]:
        """The command line of a run of the study, a cold one unless another Python is given; targets come first."""
        return [python, "-m", "snakemake", *arguments, "--configfile", "study.yaml", "--cores", str(cores)]

    def run(self, *arguments: str, cores: int = 2, **variables: str) -> Outcome:
        """Run Snakemake on the study, warm: see there."""
        return self.start(self.command(*arguments, cores=cores, python=warm.python(*self.libraries)), **variables)

    def start(self, command: list[str], **variables: str) -> Outcome:
        """Run a command in the project's folder."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=1800,
        )
        return Outcome(done.returncode, done.stdout)

    def planned(self, *arguments: str) -> Planned:
        """What a run would do."""
        outcome = self.run(*arguments, "-n")
        assert outcome.status == 0, outcome.text
        return parse(outcome.text)

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text that occurs once in a file."""
        path = self.folder / file
        text = path.read_text()
        assert text.count(old) == 1, f"{text.count(old)} times in {file}: {old}"
        path.write_text(text.replace(old, new))

    def files(self, *patterns: str) -> dict[str, str]:
        """The checksums of the files of the results that match, by path; of the report, of what is not measured."""
        found = {path for pattern in patterns for path in self.results.glob(pattern) if path.is_file()}
        return {str(path.relative_to(self.results)): unmeasured(path) for path in sorted(found)}


@cache
def compile_code() -> None:
    """Compile the project here, so that its copies need not; what is compiled already stays."""
    compileall.compile_dir(ROOT / "lth", quiet=1)


def unmeasured(path: Path) -> str:
    """A file's checksum; the report's lines of time and energy differ between runs, and so does its own checksum."""
    if path.name != "report.html":
        return checksum(path)
    *lines, _ = path.read_text(encoding="utf-8").splitlines()
    return hashlib.sha256("\n".join(line for line in lines if 'measured"' not in line).encode()).hexdigest()


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first process to ask for it makes, while the others wait."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # a worker's own folder lies in the one that all share
    folder, made = base / name, base / f"{name}.made"
    with FileLock(base / f"{name}.lock"):
        if not made.exists():
            make(folder)
            made.touch()
    return folder


def finished_once(
    factory: pytest.TempPathFactory, name: str, study: str = STUDY, libraries: tuple[str, ...] = ()
) -> Project:
    """A study with everything done, from nothing to the report; tests only read it."""

    def run_all(folder: Path) -> None:
        outcome = Project.new(folder, study, libraries).run()
        assert outcome.status == 0, outcome.text

    return Project(once(factory, name, run_all), libraries)


def environment(**variables: str) -> dict[str, str]:
    """Ours, without what would reach results from outside; downloads fail at once, with or without a network.

    Python keeps what it has compiled, as it does for users: else every job compiles the project anew.
    """
    nowhere = "http://127.0.0.1:9"
    proxies = {f"{kind}_proxy": nowhere for kind in ("http", "https", "ftp", "HTTP", "HTTPS", "FTP")}
    without = ("LTH_DATA", "NO_PROXY", "no_proxy", "PYTHONDONTWRITEBYTECODE")
    kept = {key: value for key, value in os.environ.items() if key not in without}
    return {**kept, **proxies, **variables}


def parse(text: str) -> Planned:
    """The jobs that a dry run prints, checked against the total that it counts; the target rule `all` is left out.

    Those that a cluster would get as one job are set in.
    """
    planned: Planned = {}
    jobs = 0
    for block in re.split(r"\n(?= *(?:local)?rule \w+:\n)", text):
        head = re.match(r" *(?:local)?rule (\w+):\n", block)
        if head:
            jobs += 1
            output = re.search(r"^ +output: (.*)$", block, flags=re.MULTILINE)
            if output:
                outputs = {re.sub(r"^results/\w+/", "", path) for path in output[1].split(", ")}
                planned.setdefault(head[1], set()).update(outputs)
    total = re.search(r"^total +(\d+)$", text, flags=re.MULTILINE)
    assert jobs == (int(total[1]) if total else 0), text
    return planned


def trained(planned: Planned) -> set[str]:
    """Folders of the rounds and evaluations that would be trained."""
    jobs = ("round", "kept_round", "evaluation")
    return {str(Path(output).parent) for rule in jobs for output in planned.get(rule, ())}


def controls(planned: Planned) -> set[str]:
    """Folders of the controls that would be made."""
    return {str(Path(output).parent) for output in planned.get("control", ())}


def summaries(planned: Planned) -> set[str]:
    """The rules that would run and train nothing."""
    return {rule for rule in planned if rule not in ("data", "control", "round", "kept_round", "evaluation")}


def rounds(ticket: str, numbers: Iterable[int] | None = None, seeds: Iterable[int] = (0, 1)) -> set[str]:
    """Folders of a ticket's rounds, of all rounds if none are given."""
    chosen = ROUNDS[ticket] if numbers is None else numbers
    return {f"tickets/{ticket}/seed{s}/round{r:02d}" for r in chosen for s in seeds}


def evaluations(arms: Iterable[str] = ARMS, seeds: Iterable[int] = (0, 1)) -> set[str]:
    """Folders of evaluations."""
    return {f"evaluations/transfer/{arm}/seed{s}" for arm in arms for s in seeds}


def checksum(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
