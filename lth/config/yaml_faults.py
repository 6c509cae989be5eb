"""What is wrong with a file that is not YAML: the line where the mistake is, the line itself, and what it means.

PyYAML says where it noticed; where a bracket, a quote or a key was left open, that is further down than the mistake.
"""

import yaml

from lth.printable import printable

MOST_OF_A_LINE = 80
"""Characters of a line that are shown."""

HINTS = {
    "\\t": "a tab is used for indentation; YAML indents with spaces",
    "mapping values are not allowed": "a ':' where none can stand; often the indentation or a quote is wrong",
    "found another document": "a second document ('---') begins; a study is one document",
    "undefined alias": "an alias (*) to an anchor (&) that is not defined above it",
    "could not find expected ':'": "a ':' is missing after a key",
    "expected <block end>": "the indentation is not that of the lines above, or a quote is wrong",
    "unexpected end of stream": "a quote is opened here and never closed",
    "second occurrence": "an anchor (&) of a name that another one has above it",
    "expected ',' or": "a ',' is missing, or a bracket is wrong",
}
"""Parts of PyYAML's messages, and what they mean in practice."""

OPENED_BEFORE = ("could not find expected ':'", "unexpected end of stream", "unexpected document separator")
"""Parts of messages of which the mistake is where PyYAML had begun to read, not where it gave up."""


class Unreadable(Exception):
    """The file cannot be used at all: a line (0 for none) and a sentence."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line, self.message = line, message


def shown(error: Unreadable, text: str) -> Unreadable:
    """The same with the line that it names, as it stands in the file."""
    lines = text.splitlines()
    if not 0 < error.line <= len(lines) or not lines[error.line - 1].strip():
        return error
    line = printable(lines[error.line - 1].rstrip(), MOST_OF_A_LINE)
    return Unreadable(error.line, f"{error.message}; the line is `{line}`")


def not_yaml(error: yaml.MarkedYAMLError, text: str) -> Unreadable:
    """A sentence about what PyYAML could not read."""
    problem = str(error.problem or error.context)
    opened = error.context_mark
    begun, noticed = (mark.line + 1 if mark else 0 for mark in (opened, error.problem_mark))
    if opened and "parsing a flow" in str(error.context) and begun < noticed:
        line, hint = _open_bracket(opened, noticed, text)
    else:
        line = begun if begun and any(part in problem for part in OPENED_BEFORE) else noticed or begun
        hint = next((hint for part, hint in HINTS.items() if part in problem), printable(problem, 200))
    return Unreadable(max(line, 1), f"not valid YAML: {hint}")


def _open_bracket(opened: yaml.Mark, noticed: int, text: str) -> tuple[int, str]:
    """Where a list or mapping in brackets is wrong that goes over several lines.

    Lines inside brackets are indented deeper than the line that opens them. The first one that is not stands after a
    bracket that was never closed; if there is none, a comma is missing.
    """
    lines = text.splitlines()
    bracket = lines[opened.line][opened.column]
    for line in lines[opened.line + 1 : noticed]:
        if line.strip() and _indentation(line) <= _indentation(lines[opened.line]):
            return opened.line + 1, f"the '{bracket}' is never closed"
    if noticed > len(lines):
        return opened.line + 1, f"the '{bracket}' is never closed"
    return noticed, f"a ',' is missing before or on this line, in what the '{bracket}' of line {opened.line + 1} opens"


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())
