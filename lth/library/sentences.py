"""Errors of studies, in the words of a call: with the names of arguments instead of those of keys."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from lth.checks.explain import explain
from lth.checks.problems import StudyError
from lth.config.base import Fault, KeyPath
from lth.config.study import SECTIONS
from lth.errors import UserError

PART = "part"
"""The name of an entry that is validated by itself, in the keys of its faults."""


@contextmanager
def in_library(section: str = "", about: str = "") -> Iterator[None]:
    """Turn what is wrong with a study, or with a part of one, that was made of arguments into a sentence about them.

    Args:
        section: where such a part stands in a study (`recipes`, or a key of its own); a whole study says it itself.
        about: what the sentence begins with.

    Raises:
        UserError: the problems, each with the argument that it is about.
    """
    try:
        yield
    except StudyError as error:
        raise refused(((problem.path, problem.message) for problem in error.problems), about) from None
    except ValidationError as error:
        place = (section, PART) if section in SECTIONS else (section,)
        raise refused(explain(error, place), about) from None


def refused(faults: Iterable[Fault], about: str = "") -> UserError:
    """Faults of an entry of a study's section, as one error about arguments."""
    said = [f"{argument}: {message}" if (argument := _argument(path)) else message for path, message in faults]
    return UserError(about + "; ".join(dict.fromkeys(said)))


def _argument(path: KeyPath) -> str:
    """`tickets.ticket.score` is the argument `score`."""
    if path[:1] == ("compute",):
        return ".".join(str(part) for part in path[1:])
    if path[:1] == ("datasets",) and path[1:] != (PART,) and len(path) == 2:
        return "name"
    if path == ("datasets", PART, "train"):  # `train` of `lth.dataset` are the examples
        return "limit"
    return ".".join(str(part) for part in path[2:])
