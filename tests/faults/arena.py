"""Where attacks are made: a copy of a finished study that is put back after each, or one for the documented command."""

import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow"))
import warm
from sandbox import Said, call
from stages import Stages
from tiny import MEASURED, SAME, Outcome, Project

from lth.artifacts.records import MANIFEST
from lth.verification.manifest import UNLISTED

OVERWRITTEN = ("tables/", "figures/", "report.html", "manifest.json")
"""What the next run writes anew, whatever has changed."""
COMMAND = re.compile(r"(?:rm [^\n`]*?(?:&&|;) *)?(?:python -m )?snakemake [^\n`]*")
"""A repair command, as `verify` and `show` print it."""
Files = dict[str, tuple[int, int, int]]


@dataclass
class Arena:
    """One worker's place: finished studies to read, and room to work."""

    finished: Project
    """The study whose files are flipped, edited and replaced."""
    killed: Project
    """The study whose trainings are killed."""
    folder: Path
    _before: Files = field(default_factory=dict, init=False)

    @cached_property
    def project(self) -> Project:
        """A copy of the finished study; whoever changes it puts it back."""
        project = self.finished.copy(self.folder / "work")
        self._before = self._found(project.results)
        return project

    @cached_property
    def stages(self) -> Stages:
        """What reads its files next."""
        return Stages(self.finished.study)

    @cached_property
    def names(self) -> list[str]:
        """All artifacts, by their paths below the results."""
        found = self._found(self.finished.results)
        return sorted(name for name in found if name.partition("/")[0] not in UNLISTED or name == MANIFEST)

    def call(self, do: Any, **limits: float) -> Said:
        """Call something in a fork, in the folder of the copy."""
        return call(do, self.project.folder, **limits)

    def changed(self) -> list[str]:
        """The files of the copy that are gone, new or written anew."""
        now = self._found(self.project.results)
        return sorted(name for name in {*now, *self._before} if now.get(name) != self._before.get(name))

    def restore(self) -> None:
        """Put the copy back as it was."""
        for name in self.changed():
            path, original = self.project.results / name, self.finished.results / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
            if original.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(original, path)
                self._before[name] = _state(path)

    def lost(self, attacked: str) -> dict[str, str]:
        """Other files than those that a run writes anew, and the one attacked."""
        others = [name for name in self.changed() if name != attacked and not name.startswith(OVERWRITTEN)]
        return {"lost": f"also gone, new or changed: {others}"} if others else {}

    @staticmethod
    def _found(results: Path) -> Files:
        """All files, and links to folders, which `os.walk` counts among the folders."""
        return {
            os.path.relpath(path, results): _state(path)
            for folder, folders, names in os.walk(results)
            for path in (Path(folder, name) for name in (*folders, *names))
            if path.is_symlink() or not path.is_dir()
        }


def _state(path: Path) -> tuple[int, int, int]:
    """Changes with the content, whatever is done about time stamps: nobody sets that of the last change of status."""
    status = path.lstat()
    return status.st_ino, status.st_ctime_ns, status.st_size


def documented(project: Project, finished: Project, attacked: str) -> dict[str, str]:
    """Run the documented command on a damaged study, then `verify`; repair as they say; compare with the undisturbed.

    Args:
        project: the damaged copy.
        finished: the undisturbed study.
        attacked: the damaged file, by its path below the results.
    """
    first, checked = project.run(), _verify(project)
    if "Traceback (most recent call last)" in first.text + checked.text:
        return {"traceback": first.text + checked.text}
    damaged = different(finished, project)
    if first.status == 0 and checked.status == 0:
        return {"wrong": f"the same command and verify are content, but these differ: {damaged}"} if damaged else {}
    said = first.text + checked.text
    repaired = _repair(project, attacked, said)
    final = _verify(project)
    if left := different(finished, project):
        return {"lost": f"after the repair these are gone or differ: {left}\n{said[-700:]}\n{repaired[-700:]}"}
    return {"lost": f"after the repair verify says:\n{final.text}\n{repaired[-700:]}"} if final.status else {}


def different(finished: Project, project: Project) -> list[str]:
    """Artifacts that are gone, new or have other bytes; what a run measures of itself, and what shows that, aside."""
    first, second = finished.files(*SAME), project.files(*SAME)
    measured = any(first[name] != second.get(name) for name in first if Path(name).name in MEASURED)
    aside = {*MEASURED, *(("report.html",) if measured else ())}
    names = {name for name in {*first, *second} if Path(name).name not in aside or name not in second}
    return sorted(name for name in names if first.get(name) != second.get(name))


def _verify(project: Project) -> Outcome:
    return project.start([warm.python(), "-m", "lth", "verify", str(project.results.relative_to(project.folder))])


def _repair(project: Project, attacked: str, said: str) -> str:
    """Do what is said: the command that is printed, else delete the file and run the same command again."""
    if command := COMMAND.search(said):
        return project.start(["bash", "-c", command[0]], **_path(project)).text + project.run().text
    path = project.results / attacked
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
    return project.run().text


def _path(project: Project) -> Mapping[str, str]:
    """Variables with which `snakemake` and `python` are warm."""
    folder = project.folder / ".bin"
    folder.mkdir(exist_ok=True)
    for name, prefix in (("python", ""), ("snakemake", "-m snakemake ")):
        (folder / name).write_text(f'#!/bin/sh\nexec {warm.python()} {prefix}"$@"\n')
        (folder / name).chmod(0o700)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}
