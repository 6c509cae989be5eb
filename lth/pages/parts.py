"""What stands between the markers of a page, made from the data of a study."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from lth.analysis.figures import FIGURES
from lth.analysis.tables import cells, markdown
from lth.analysis.tables.files import TEXT_COLUMNS, read_table
from lth.analysis.tables.matching import matching_notes
from lth.analysis.tables.notes import notes
from lth.analysis.tables.verdict import verdict
from lth.checks.wording import listed, offered
from lth.pages.data import StudyData
from lth.pages.guide import partial_note
from lth.pages.markup import Made, PageError
from lth.pages.rows import RawRow, chosen, words_of
from lth.printable import printable

_Columns = tuple[Sequence[str], Sequence[Sequence[str]], int]
"""Header, rows of cells, and how many of the first columns are text."""


def made_part(part: Made, data: StudyData) -> list[str]:
    """The lines of a generated part.

    Raises:
        PageError: the marker names what there is not.
    """
    return _MAKERS[part.kind](part, data)


def _data(_: Made, data: StudyData) -> list[str]:
    seeds = listed(map(str, data.told["seeds"]), most=50)
    place = f"data/{data.folder.name}"
    lines = [f"*Tables and figures are made from the per-seed data in [{place}]({place}) (seeds {seeds}).*"]
    return [*lines, *(line for note in partial_note(data.told)[:1] for line in ("", note))]


def _table(part: Made, data: StudyData) -> list[str]:
    rows = data.rows(_known(part, part.argument, data.table_names, "table"))
    kept = _kept(part, rows)
    frame = read_table(data.table(part.argument), sealed=True).iloc[kept]
    return list(markdown.table(*_columns(part, frame, [rows[at] for at in kept])))


def _kept(part: Made, rows: Sequence[RawRow]) -> list[int]:
    """The places of the rows that the option `rows` chooses: those of each alternative, in the table's order."""
    if "rows" not in part.options:
        return list(range(len(rows)))
    places: set[int] = set()
    for alternative in part.options["rows"].split(","):
        found = {at for at, row in enumerate(rows) if chosen(row, words_of(alternative))}
        if not found:
            first = [next(iter(row.values())) for row in rows]
            raise PageError(
                part.line, f"no row of {part.argument} has '{printable(alternative.strip())}'; {_first(first)}"
            )
        places |= found
    return sorted(places)


def _first(cells: Iterable[str]) -> str:
    return f"its first column has {listed(dict.fromkeys(cells))}"


def _columns(part: Made, frame: pd.DataFrame, rows: Sequence[RawRow]) -> _Columns:
    """The columns that the option `columns` chooses, of those for readers or of the file's own."""
    header, shown, names = _for_readers(part.argument, frame)
    raw = list(rows[0]) if rows else list(frame.columns)
    if "columns" not in part.options:
        if header:
            return header, shown, names
        text = next((at for at, name in enumerate(raw) if name not in TEXT_COLUMNS), len(raw))
        return raw, [list(row.values()) for row in rows], text
    found: list[tuple[str, bool, list[str]]] = []
    for entry in part.options["columns"].split(","):
        base, _, title = (word.strip() for word in entry.strip().partition(" as "))
        if base in header:
            at = header.index(base)
            found.append((title or base, at < names, [row[at] for row in shown]))
            continue
        column, _, form = base.partition(" ")
        if column not in raw:
            allowed = [*header, *(name for name in raw if name not in header)]
            words = offered(base, allowed, "allowed:")
            raise PageError(part.line, f"{part.argument} has no column '{printable(base)}'{words}")
        found.append((title or column, column in TEXT_COLUMNS, [_formatted(part, row[column], form) for row in rows]))
    text = next((at for at, (_, is_text, _) in enumerate(found) if not is_text), len(found))
    return [title for title, _, _ in found], list(zip(*(column for _, _, column in found), strict=True)), text


def _for_readers(table: str, frame: pd.DataFrame) -> _Columns:
    """The cells that `lth markdown` and the report show; none for tables that they do not."""
    name = table.rpartition("/")[2]
    if name == "arms":
        return cells.arm_table(frame)
    if name == "comparisons":
        return cells.COMPARISON_HEADER, [cells.comparison_cells(row) for row in frame.to_dict("records")], 2
    if name == "rounds":
        return markdown.round_table(frame)
    return [], [], 0


def _formatted(part: Made, cell: str, form: str) -> str:
    if not form or not cell:
        return cell
    try:
        return format(float(cell), form)
    except ValueError:
        raise PageError(part.line, f"'{printable(cell)}' cannot be written as '{printable(form)}'") from None


def _figure(part: Made, data: StudyData) -> list[str]:
    place = _known(part, part.argument, data.figure_names, "figure")
    return [f"![{FIGURES[place.rpartition('/')[2]].about}]({figure_link(data, place)})"]


def figure_link(data: StudyData, place: str) -> str:
    """A figure of a study, seen from the folder of the pages."""
    return f"figures/{data.folder.name}/{place}.svg"


def _verdict(part: Made, data: StudyData) -> list[str]:
    return markdown.items(verdict(*_arms_and_pairs(part, data)))


def _notes(part: Made, data: StudyData) -> list[str]:
    if part.argument == "rounds":
        found, matched = (read_table(data.table(name), sealed=True) for name in ("rounds", "matching"))
        return [*markdown.round_items(found), *markdown.items(matching_notes(matched))]
    return markdown.items(notes(*_arms_and_pairs(part, data)))


def _arms_and_pairs(part: Made, data: StudyData) -> tuple[pd.DataFrame, pd.DataFrame]:
    name = _known(part, part.argument, data.plan.assessments, "evaluation or comparison")
    arms, pairs = (read_table(data.table(f"{name}/{table}"), sealed=True) for table in ("arms", "comparisons"))
    return arms, pairs


def _known(part: Made, name: str, names: Sequence[str], what: str) -> str:
    if name not in names:
        raise PageError(part.line, f"the study has no {what} '{printable(name)}'{offered(name, names, 'there are:')}")
    return name


_MAKERS: dict[str, Callable[[Made, StudyData], list[str]]] = {
    "data": _data,
    "table": _table,
    "figure": _figure,
    "verdict": _verdict,
    "notes": _notes,
}


def drawn_figure(part: Made, data: StudyData) -> Iterator[tuple[str, Path]]:
    """The figure that a part shows, drawn, with its place seen from the folder of the pages; nothing of other parts."""
    if part.kind == "figure":
        yield figure_link(data, part.argument), data.draw(part.argument)
