"""Rules of `compute.scratch`: states of trainings are deleted, so they lie apart from everything that is to stay."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lth.config.models import Study
from lth.config.problems import Fault
from lth.data.root import data_root

REPOSITORY = Path(__file__).parents[2]


def scratch_faults(study: Study) -> Iterator[Fault]:
    """Whether the folder of scratch, or the study's own in it, is, contains or lies in a folder of something else.

    Links are followed on both sides. Without the key, scratch is a folder of its own in the study's results.
    """
    if not study.compute.scratch:
        return
    try:
        own = study.compute.scratch_of(study.study)
    except RuntimeError:
        yield ("compute", "scratch"), f"'{study.compute.scratch}' is no folder: there is no such user"
        return
    for path in dict.fromkeys(_resolved(own.parent) + _resolved(own)):
        for what, folder in _kept(study):
            relation = _relation(path, folder)
            if relation:
                yield (
                    ("compute", "scratch"),
                    f"'{study.compute.scratch}' {relation} {what} ({folder}); states of trainings are deleted, so name "
                    "a folder apart from results, data and this project, or leave the key out",
                )
                return


def _kept(study: Study) -> Iterator[tuple[str, Path]]:
    """Folders of what is to stay, with links followed."""
    kept = {"the results": Path("results"), "the study's results": Path("results", study.study)}
    with suppress(RuntimeError):  # data of a user that does not exist
        kept["the data"] = data_root(study.data_root)
    kept["this project"] = REPOSITORY
    for what, path in kept.items():
        yield from ((what, folder) for folder in _resolved(path))


def _relation(path: Path, other: Path) -> str:
    if path == other:
        return "is the folder of"
    if other.is_relative_to(path):
        return "contains"
    return "lies in" if path.is_relative_to(other) else ""


def _resolved(path: Path) -> list[Path]:
    """The folder that a path leads to; none where that cannot be said (a loop of links, a null byte)."""
    try:
        return [path.resolve()]
    except (OSError, ValueError, RuntimeError):
        return []
