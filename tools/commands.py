"""`docs/reference/cli.md`: every command with its operands and options, made from the tables that argparse is given."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lth.cli.operands import COMMAND_OPTIONS, OPERANDS
from lth.cli.program import COMMANDS

HEAD = """\
# Commands

`lth COMMAND ...`, in a checkout after `source .venv/bin/activate`; `python -m lth COMMAND ...` is the same.
Made from the code by `make reference`.

The exit status is 0; 1, with one sentence on standard error, for an error that you can fix; 2 for wrong
arguments; 130 after Ctrl-C.

| environment variable | meaning |
|---|---|
| `LTH_DATA` | the folder of data sets; takes precedence over `data_root` of a study |
| `LTH_ZOO` | folders or URLs of shared tickets, separated by spaces; without it the folder `zoo` |
| `LTH_COLD` | if it is set, each job of a study starts a Python of its own ([why they do not](../design.md)) |
"""


def page() -> str:
    """The page."""
    return HEAD + "".join(f"\n## `lth {word}`\n\n{''.join(_command(word))}" for word in COMMANDS)


def _command(word: str) -> Iterator[str]:
    _, about, operands = COMMANDS[word]
    yield f"{about[0].upper()}{about[1:]}.\n"
    rows = [(_operand(name, OPERANDS[name]), OPERANDS[name]) for name in operands]
    rows += [(_option(name, told), told) for name, told in COMMAND_OPTIONS.get(word, ())]
    if rows:
        yield "\n| argument | meaning |\n|---|---|\n"
    for name, told in rows:
        yield f"| `{name}` | {_meaning(told)} |\n"


def _operand(name: str, told: Mapping[str, Any]) -> str:
    shown = str(told.get("metavar", name))
    return f"{shown} [{shown} ...]" if told.get("nargs") == "+" else shown


def _option(name: str, told: Mapping[str, Any]) -> str:
    shown = ", ".join(name.split())
    if told.get("action"):
        return shown
    value, many = told.get("metavar") or name.rsplit(maxsplit=1)[-1].lstrip("-").upper(), told.get("nargs")
    if isinstance(value, tuple):
        return " ".join([shown, *value])
    if isinstance(many, int):
        return " ".join([shown, *[value] * many])
    return f"{shown} {value} ..." if many else f"{shown} {value}"


def _meaning(told: Mapping[str, Any]) -> str:
    words = str(told["help"]).replace("%%", "%").replace("|", "\\|")
    choices = told.get("choices")
    words += f" ({', '.join(f'`{choice}`' for choice in choices)})" if choices else ""
    return words + ("; required" if told.get("required") else "")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
