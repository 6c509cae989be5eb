"""The questions of `lth new`, on a terminal."""

import shlex
import sys
from collections.abc import Mapping
from typing import Any

from lth.checks.draft import LIMITS, check_choice, choices, own_choices
from lth.errors import UserError
from lth.printable import escaped

_MOST = 20
"""Names that a question lists; `lth list` has all."""
_ASKED: Mapping[str, tuple[str, str]] = {
    "source": ("Which data set are tickets found on?", "fashion_mnist"),
    "network": ("Which network?", "lenet5_classic"),
    "target": ("Which data set are they trained on? (several: with spaces)", "cifar10"),
    "method": ("Which pruning method?", "imp"),
}


def answers(given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given by options, and what else a new study needs, asked for on the terminal.

    Args:
        given: by the options' names; None for what was not given. Numbers are asked for only where `seeds` is not.

    Raises:
        UserError: something is missing, and there is nobody to ask; or the input has ended.
    """
    missing = [name for name in (*_ASKED, "seeds") if given.get(name) is None]
    if missing and not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        options = ", ".join(f"--{name}" for name in missing)
        raise UserError(f"lth new: there is no terminal to ask on; give {options}")
    told = dict(given)
    for number, (name, (question, usual)) in enumerate(_ASKED.items(), 1):
        if name in missing:
            told[name] = _chosen(f"{number}. {question}", name, usual, several=name == "target")
    if "seeds" in missing:
        told["seeds"], epochs = _length(told.get("epochs"))
        told["epochs"] = told.get("epochs") or epochs
    return told


def _chosen(question: str, what: str, usual: str, several: bool) -> Any:
    known = choices(what)
    _say(question)
    for name in [*known][:_MOST]:
        _say(f"   {name:<18} {known[name]}")
    if len(known) > _MOST:
        _say(f"   ... and {len(known) - _MOST} more: lth list")
    for form, about in own_choices(what).items():
        _say(f"   {form:<18} {about}")
    while True:
        line = _line(f"   [{usual}] ").replace(",", " ")
        try:
            words = shlex.split(line) or [usual]
            for word in words:
                check_choice(what, word)
        except (UserError, ValueError) as error:  # of shlex: a quotation mark that is not closed
            _say(f"   {str(error).removeprefix(f'--{what}: ')}")
            continue
        if several or len(words) == 1:
            return words if several else words[0]
        _say(f"   one {what} is needed, found {len(words)}")


def _length(epochs: int | None) -> tuple[int, int]:
    """Seeds and epochs."""
    _say("5. How many seeds (8 can decide four comparisons, 3 show intervals only), and epochs of each training?")
    while True:
        words = _line(f"   [8 {epochs or 10}] ").replace(",", " ").split()
        numbers = [*words, *["8", str(epochs or 10)][len(words) :]]
        limits = [LIMITS["seeds"], LIMITS["epochs"]]
        if len(numbers) == 2 and all(word.isdecimal() for word in numbers):
            seeds, length = map(int, numbers)
            if all(low <= n <= high for n, (low, high) in zip((seeds, length), limits, strict=True)):
                return seeds, length
        _say("   two numbers are needed: seeds from 2 to 1000, epochs from 1 to 10000")


def _say(line: str) -> None:
    print(escaped(line), file=sys.stderr)


def _line(prompt: str) -> str:
    print(prompt, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        raise UserError("lth new: the input has ended before all questions were answered; nothing was written")
    return line.strip()
