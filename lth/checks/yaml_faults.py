"""What is wrong with a file that is not YAML: the line where the mistake is, the line itself, and what it means.

PyYAML says where it noticed; where a bracket, a quote or a key was left open, that is further down than the mistake.
"""

import yaml

from lth.printable import printable

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


def explained(error: yaml.MarkedYAMLError, text: str) -> tuple[int, str]:
    """The line of a mistake, and a sentence about it: our own of a `ConstructorError`, or what PyYAML's means."""
    problem = str(error.problem or error.context)
    begun, noticed = (mark.line + 1 if mark else 0 for mark in (error.context_mark, error.problem_mark))
    if isinstance(error, yaml.constructor.ConstructorError):
        return noticed or 1, problem
    if error.context_mark and "parsing a flow" in str(error.context) and begun < noticed:
        line, hint = _open_bracket(error.context_mark, noticed, text.splitlines())
    else:
        line = begun if begun and any(part in problem for part in OPENED_BEFORE) else noticed or begun
        hint = next((hint for part, hint in HINTS.items() if part in problem), printable(problem, 200))
    return max(line, 1), f"not valid YAML: {hint}"


def shown(line: int, text: str) -> str:
    """`; the line is ...`, as it stands in the file, cut to what a terminal shows; nothing of an empty one."""
    there = text.splitlines()[line - 1 : line] if line else []
    return f"; the line is `{printable(there[0].rstrip(), 80)}`" if there and there[0].strip() else ""


def _open_bracket(opened: yaml.Mark, noticed: int, lines: list[str]) -> tuple[int, str]:
    """Where a list or mapping in brackets is wrong that goes over several lines.

    Lines inside brackets are indented deeper than the line that opens them. The first one that is not stands after a
    bracket that was never closed; if there is none, a comma is missing.
    """
    indents = [len(line) - len(line.lstrip()) for line in lines]
    bracket, inside = lines[opened.line][opened.column], range(opened.line + 1, min(noticed, len(lines)))
    if noticed > len(lines) or any(lines[n].strip() and indents[n] <= indents[opened.line] for n in inside):
        return opened.line + 1, f"the '{bracket}' is never closed"
    return noticed, f"a ',' is missing before or on this line, in what the '{bracket}' of line {opened.line + 1} opens"
