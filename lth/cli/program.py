"""The command `lth` (`python -m lth` is the same): study files, runs, artifacts and results."""

import argparse
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from lth import __version__
from lth.cli.artifacts import ARTIFACT_COMMANDS
from lth.cli.completion import completion_script
from lth.cli.operands import COMMAND_OPTIONS, OPERANDS
from lth.cli.results import RESULT_COMMANDS
from lth.cli.runs import RUN_COMMANDS
from lth.cli.studies import STUDY_COMMANDS, components
from lth.errors import UserError
from lth.printable import escaped, printable

INTERRUPTED = 130
"""The exit status after Ctrl-C, as shells have it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. The exit status is 1, with a message on stderr, for errors that the user can fix."""
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper) and out.encoding.lower() != "utf-8":  # the C locale, for one
        out.reconfigure(errors="backslashreplace")
    arguments = _parsed([*(sys.argv[1:] if argv is None else argv)])
    try:
        _print(arguments.command(arguments))
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    except PermissionError as error:
        if error.filename is None:
            raise
        refused = UserError(f"{os.fsdecode(error.filename)}: {error.strerror}: you may not read or write it")
        print(refused, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return INTERRUPTED
    return 0


def _print(lines: Iterable[str]) -> None:
    """Write lines to standard output, each at once, with control characters escaped.

    Raises:
        UserError: standard output is closed or refuses.
    """
    for line in lines:
        if sys.stdout is None:
            raise UserError("standard output is closed; nothing can be printed")
        with _standard_output():
            print(escaped(line, keep="\n"))
    if sys.stdout is not None:
        with _standard_output():
            sys.stdout.flush()


@contextmanager
def _standard_output() -> Iterator[None]:
    """Turn errors of standard output into a UserError; exit if the reader (`head`) has closed the pipe."""
    try:
        yield
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains at its end
        if isinstance(error, BrokenPipeError):
            sys.exit(0)
        raise UserError(f"standard output: cannot be written: {error.strerror}") from None


class _Parser(argparse.ArgumentParser):
    """Escapes arguments in error messages."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def _parser() -> argparse.ArgumentParser:
    name = _name()
    parser = _Parser(prog=name, usage=f"{name} [-h] [--version] [COMMAND] ...", description=__doc__)
    parser.add_argument("--version", action="version", version=f"lth {__version__}")
    parser.set_defaults(command=components)
    commands = parser.add_subparsers(metavar="COMMAND", prog=name)
    for word, (command, about, operands) in COMMANDS.items():
        sub = commands.add_parser(word, help=about, description=f"{about[0].upper()}{about[1:]}.")
        for operand in operands:
            sub.add_argument(operand, **OPERANDS[operand])
        for option, settings in COMMAND_OPTIONS.get(word, ()):
            sub.add_argument(*option.split(), **settings)
        sub.set_defaults(command=command)
    return parser


def _parsed(words: list[str]) -> argparse.Namespace:
    """The arguments; what stands behind `--` in `lth run` is not ours."""
    end = words.index("--") if words[:1] == ["run"] and "--" in words else len(words)
    arguments = _parser().parse_args(words[:end])
    arguments.passed_on = words[end + 1 :]
    return arguments


def _name() -> str:
    """What was typed: the console script, or the module."""
    return "lth" if Path(sys.argv[0]).name == "lth" else "python -m lth"


def _completion(arguments: argparse.Namespace) -> Iterator[str]:
    yield completion_script(arguments.SHELL, COMMANDS)


COMMANDS: Mapping[str, tuple[Callable[[argparse.Namespace], Iterator[str]], str, tuple[str, ...]]] = {
    **STUDY_COMMANDS,
    **RUN_COMMANDS,
    **RESULT_COMMANDS,
    **ARTIFACT_COMMANDS,
    "completion": (_completion, "print a script that completes commands, options and files in a shell", ("SHELL",)),
}
"""Each command: function, help text, operands."""
