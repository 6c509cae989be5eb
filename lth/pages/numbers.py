"""Whether each number in the prose of a page is in the data, at the rounding in which it is written.

A unit of prose (a paragraph, an item of a list, a table, a heading) says where its numbers come from, in a comment:
`<!-- from: transfer/arms cross-own; study -->` names rows of tables and the settings of the study (of another one of
the page: `NAME: transfer/arms cross-own`; `mean transfer/overlap layer=0.weight`: means over rows), and
`<!-- given: 1.2e-3, the learning rate -->` repeats numbers that no table has. A number that is neither is an error.

No numbers are: code, addresses of links, what begins with a letter (`LeNet-300-100`, `theta_0`), sizes (`28x28`),
versions (`2.13.0`), and years of citations in brackets.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from lth.analysis.tables.cells import JOULES_PER_KWH
from lth.checks.wording import offered
from lth.pages.data import StudyData
from lth.pages.markup import PageError, Prose
from lth.pages.rows import RawRow, chosen, number, words_of
from lth.printable import printable
from lth.verification.listing import settings

MOST_ROWS = 20
"""Rows that one source may name: among the numbers of many rows nearly any number can be found."""
_NUMBER = re.compile(r"(?<!\w)(?<!\d\.)[+-]?(?:\d++(?:,\d{3})*+(?:\.\d++)?|\.\d++)(?:e[+-]?\d++)?(?!\.\d)")
_REMARK = re.compile(r"<!--\s*(from|given)\s*:\s*(.*?)\s*-->", re.DOTALL)
_HIDDEN = (
    re.compile(r"<!--.*?-->", re.DOTALL),
    re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL),
    re.compile(r"(?<=\])\([^)\s]*\)"),
    re.compile(r"<?https?://[^\s>)]+>?"),
    re.compile(r"\((?:19|20)\d\d\)|(?:al\.|[A-Z][a-z]+),? (?:19|20)\d\d(?=[);])"),
    re.compile(r"(?<!\w)[^\W\d]\w*(?:-\w+)*|(?<!\w)\d+x\d+(?!\w)"),
)
"""Comments, code, addresses, citations, names and sizes."""
_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s")


@dataclass(frozen=True)
class Number:
    """A number as it is written."""

    text: str
    line: int

    @property
    def signed(self) -> bool:
        """Whether it has a sign; without one, the sign of the value does not matter (`4 points worse`)."""
        return self.text[0] in "+-"

    @property
    def plain(self) -> str:
        """Without commas between thousands."""
        return self.text.replace(",", "")

    @property
    def room(self) -> float:
        """Half of its last digit: how far from it a value may be."""
        digits, _, exponent = self.plain.partition("e")
        return 0.5 * 10.0 ** (int(exponent or 0) - len(digits.partition(".")[2]))

    def rounds(self, value: float) -> bool:
        """Whether a value can be written so."""
        written = float(self.plain)
        seen = value if self.signed else abs(value)
        return abs(seen - written) <= self.room * (1 + 1e-9) + 1e-12 * abs(written)


@dataclass(frozen=True)
class _Unit:
    """Lines that belong together, with one remark for all."""

    line: int
    text: str

    @property
    def remarks(self) -> list[tuple[int, str, str]]:
        """Line, kind and text of each remark."""
        return [
            (self.line + self.text.count("\n", 0, found.start()), found[1], found[2])
            for found in _REMARK.finditer(self.text)
        ]


def unfounded(part: Prose, data: StudyData | None, studies: Mapping[str, StudyData]) -> Iterator[tuple[int, str]]:
    """The numbers of prose that its data do not have, by line, in words.

    Args:
        part: prose of a page.
        data: of the study that is meant where a source names none; None for a page without data.
        studies: of all studies that the page names.
    """
    for unit in _units(part):
        yield from _unfounded(unit, data, studies)


def _unfounded(unit: _Unit, data: StudyData | None, studies: Mapping[str, StudyData]) -> Iterator[tuple[int, str]]:
    given: dict[str, int] = {}
    values: list[tuple[str, float]] = []
    sources: list[str] = []
    for line, kind, text in unit.remarks:
        if kind == "given":
            given |= {found.plain: line for found in written_numbers(text, line)}
            continue
        for source in filter(None, (source.strip() for source in text.split(";"))):
            try:
                values += source_values(source, data, studies, line)
            except PageError as error:
                yield error.line, error.words
            sources.append(source)
    found = list(written_numbers(_ITEM.sub(" ", unit.text, 1) if _ITEM.match(unit.text) else unit.text, unit.line))
    for told in found:
        if told.plain not in given and not any(told.rounds(value) for _, value in values):
            yield told.line, _words(told, sources, values)
    shown = {told.plain for told in found}
    yield from (
        (line, f"{text} is given, but the text has no such number") for text, line in given.items() if text not in shown
    )


def _words(told: Number, sources: list[str], values: list[tuple[str, float]]) -> str:
    if not sources:
        return (
            f"{told.text}: nothing says where it comes from; add <!-- from: TABLE ROW --> to the paragraph, or, for a "
            f"number that is in no table, <!-- given: {told.text}, WHAT IT IS -->"
        )
    words = f"{told.text} is not in {printable('; '.join(sources), 100)}"
    if values:
        name, value = min(values, key=lambda named: abs(abs(named[1]) - abs(float(told.plain))))
        words += f" (nearest: {name} {value:g})"
    return words


def written_numbers(text: str, line: int) -> Iterator[Number]:
    """The numbers of a text, with their lines."""
    for hidden in _HIDDEN:
        text = hidden.sub(_blank, text)
    text = re.sub(r"(?<=\d)[-\N{EN DASH}](?=\d)", " ", text.replace("\N{MINUS SIGN}", "-"))
    for found in _NUMBER.finditer(text):
        yield Number(found[0], line + text.count("\n", 0, found.start()))


def without_remarks(text: str) -> str:
    """A line without what says where its numbers come from."""
    return re.sub(rf"\s*{_REMARK.pattern}", "", text, flags=re.DOTALL)


def _blank(found: "re.Match[str]") -> str:
    """As many lines, and nothing on them that a number could be beside."""
    return " " + "\n" * found[0].count("\n")


def source_values(
    source: str, data: StudyData | None, studies: Mapping[str, StudyData], line: int
) -> list[tuple[str, float]]:
    """The numbers that a source has, named: `study`, or `[mean] TABLE WORD ...`, rows of a table or their means.

    Before `study` or the table may stand another study of the page: `NAME: TABLE WORD ...`.

    Raises:
        PageError: there is no such study, table or row, or more rows than one source may name.
    """
    name, colon, rest = (word.strip() for word in source.partition(":"))
    if colon:
        if name not in studies:
            named = offered(name, studies, "it names:") if studies else ""
            raise PageError(line, f"the page names no data of '{printable(name)}'{named}")
        source, data = rest, studies[name]
    if data is None:
        raise PageError(line, f"'{printable(source)}': the page names no data")
    if source == "study":
        return list(_settings_values("", {**settings(data.study), "number of seeds": len(data.study.seeds)}))
    table, *words = words_of(source)
    averaged = table == "mean" and bool(words)
    if averaged:
        table, *words = words
    if table not in data.table_names:
        names = ["study", *data.table_names]
        raise PageError(line, f"the study has no table '{printable(table)}'{offered(table, names, 'there are:')}")
    rows = [row for row in data.rows(table) if chosen(row, words)]
    if not rows:
        raise PageError(line, f"no row of {table} has '{printable(' '.join(words))}'")
    if averaged:
        return list(_means(rows))
    if len(rows) > MOST_ROWS:
        raise PageError(
            line, f"'{printable(source)}' are {len(rows)} rows; a source may be at most {MOST_ROWS}: name them closer"
        )
    return [named for row in rows for named in _row_values(row)]


_SCALED = {"flops": 1e12, "own_flops": 1e12, "joules": JOULES_PER_KWH, "seconds": 60}
"""Columns that pages also show in TFLOPs, kWh and minutes."""


def _row_values(row: RawRow) -> Iterator[tuple[str, float]]:
    """The numbers of a row, half-widths of its intervals, and costs in larger units."""
    cells = {name: value for name, cell in row.items() if (value := number(cell)) is not None}
    yield from cells.items()
    yield from ((name, value / _SCALED[name]) for name, value in cells.items() if name in _SCALED)
    for name, high in cells.items():
        stem, mark, unit = name.partition("high_")
        centre = cells.get(f"{stem}{unit}", cells.get(f"difference_{unit}")) if mark else None
        if centre is not None:
            yield f"half-width of {stem or 'difference_'}{unit}", high - centre


def _means(rows: Sequence[RawRow]) -> Iterator[tuple[str, float]]:
    """Of each column that has a number in every row."""
    for name in rows[0]:
        cells = [cell for row in rows if (cell := number(row[name])) is not None]
        if len(cells) == len(rows):
            yield f"mean {name}", fmean(cells)


def _settings_values(name: str, value: object) -> Iterator[tuple[str, float]]:
    """All numbers of the settings; shares also as percent."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _settings_values(f"{name}.{key}" if name else str(key), inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _settings_values(name, inner)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, float(value)
        if 0 < value < 1:
            yield f"{name} in percent", 100 * value


def _units(part: Prose) -> Iterator[_Unit]:
    """Paragraphs, items of lists, headings, and tables; a line of comments belongs to what follows it directly."""
    begin, last = 0, "blank"
    for at, line in enumerate(part.lines):
        kind = _kind(line)
        joined = (
            last == "comment" or kind == last == "table" or (kind in ("text", "comment") and last in ("text", "item"))
        )
        if kind == "blank" or not joined:
            if last != "blank":
                yield _Unit(part.line + begin, "\n".join(part.lines[begin:at]))
            begin = at
        last = "text" if kind == "comment" and last in ("text", "item") else kind
    if last != "blank":
        yield _Unit(part.line + begin, "\n".join(part.lines[begin:]))


def _kind(line: str) -> str:
    if not line.strip():
        return "blank"
    if re.fullmatch(r"\s*(<!--((?!-->).)*-->\s*)+", line):
        return "comment"
    if line.startswith("#"):
        return "heading"
    if line.lstrip().startswith("|"):
        return "table"
    return "item" if _ITEM.match(line) else "text"
