"""Errors of studies, in the words of a call: with the names of arguments instead of those of keys."""

from collections.abc import Iterator
from contextlib import contextmanager

from lth.checks.problems import StudyError
from lth.errors import UserError


@contextmanager
def in_library() -> Iterator[None]:
    """Turn what is wrong with a study that was made of arguments into a sentence about the arguments.

    Raises:
        UserError: the problems, each with the argument that it is about.
    """
    try:
        yield
    except StudyError as error:
        said = [f"{_argument(p.path)}: {p.message}" if _argument(p.path) else p.message for p in error.problems]
        raise UserError("; ".join(dict.fromkeys(said))) from None


def _argument(path: tuple[str | int, ...]) -> str:
    """`tickets.ticket.score` is the argument `score`."""
    if path[0:1] == ("datasets",) and len(path) == 2:
        return "name"
    return ".".join(str(part) for part in path[2:])
