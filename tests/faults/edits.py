"""Edited CSVs of a finished study: values, lines, columns, encodings, and files put in each other's place."""

import csv
import io
import random
from collections.abc import Callable
from dataclasses import dataclass

from arena import Arena, documented
from verdicts import Attack

WHOLE_COMMAND = 20
"""Every so many edits, the documented command is run instead of the next stage alone."""
APART = 5
"""So many kinds lie between two edits, so that a few are of every sort."""
Rows = list[list[str]]


@dataclass(frozen=True)
class Given:
    """A table that is edited."""

    content: bytes
    other: bytes
    """Another table of the same name, of another seed, arm, round or ticket."""
    chance: random.Random

    @property
    def text(self) -> str:
        """It as text."""
        return self.content.decode()

    @property
    def rows(self) -> Rows:
        """It as cells, the header first."""
        return list(csv.reader(io.StringIO(self.text)))

    def line(self, rows: Rows) -> int:
        """One of the lines below the header."""
        return self.chance.randrange(1, len(rows))

    def number(self, rows: Rows) -> tuple[int, int]:
        """The line and column of a number."""
        cells = [(y, x) for y, row in enumerate(rows[1:], 1) for x, cell in enumerate(row) if _is_number(cell)]
        return self.chance.choice(cells)


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).replace("e-", "", 1).isdigit()


def _written(rows: Rows, **dialect: str) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, **{"lineterminator": "\n", **dialect}).writerows(rows)
    return buffer.getvalue().encode()


def _cell(given: Given, new: Callable[[str], str]) -> bytes:
    """One number changed."""
    rows = given.rows
    y, x = given.number(rows)
    rows[y][x] = new(rows[y][x])
    return _written(rows)


def _column(given: Given, new: Callable[[str], str]) -> bytes:
    """All values of a column that holds a number changed."""
    rows = given.rows
    _, x = given.number(rows)
    for row in rows[1:]:
        row[x] = new(row[x])
    return _written(rows)


def _digit(given: Given) -> bytes:
    """One digit for another, anywhere."""
    places = [place for place, byte in enumerate(given.content) if chr(byte).isdigit()]
    place = given.chance.choice(places)
    other = given.chance.choice([digit for digit in b"0123456789" if digit != given.content[place]])
    return given.content[:place] + bytes([other]) + given.content[place + 1 :]


def _without_lines(given: Given) -> bytes:
    """The last lines are gone, as if there had been fewer epochs."""
    rows = given.rows
    return _written(rows[: given.line(rows)])


def _without_line(given: Given) -> bytes:
    rows = given.rows
    del rows[given.line(rows)]
    return _written(rows)


def _twice(given: Given) -> bytes:
    rows = given.rows
    return _written([*rows, rows[given.line(rows)]])


def _more(given: Given) -> bytes:
    """A line more, with another value."""
    rows = given.rows
    y, x = given.number(rows)
    extra = [*rows[y]]
    extra[x] = "7"
    return _written([*rows, extra])


def _reversed(given: Given) -> bytes:
    head, *rows = given.rows
    return _written([head, *reversed(rows)])


def _without_column(given: Given) -> bytes:
    rows = given.rows
    x = given.chance.randrange(len(rows[0]))
    return _written([row[:x] + row[x + 1 :] for row in rows])


def _columns_swapped(given: Given) -> bytes:
    """The names of two columns exchanged."""
    rows = given.rows
    x, y = given.chance.sample(range(len(rows[0])), 2)
    rows[0][x], rows[0][y] = rows[0][y], rows[0][x]
    return _written(rows)


def _column_more(given: Given) -> bytes:
    head, *rows = given.rows
    return _written([[*head, "note"], *([*row, "x"] for row in rows)])


def _cut(given: Given) -> bytes:
    return given.content[: given.chance.randrange(len(given.content))]


EDITS: dict[str, Callable[[Given], bytes]] = {
    "one number doubled": lambda given: _cell(given, lambda cell: repr(2 * float(cell) + 1)),
    "one number 99.9": lambda given: _cell(given, lambda _: "99.9"),
    "one number negative": lambda given: _cell(given, lambda cell: f"-{cell}"),
    "one number missing": lambda given: _cell(given, lambda _: ""),
    "one number nan": lambda given: _cell(given, lambda _: "nan"),
    "one number infinite": lambda given: _cell(given, lambda _: "1e400"),
    "one number a word": lambda given: _cell(given, lambda _: "many"),
    "one number with a comma": lambda given: _cell(given, lambda cell: f"{cell},5"),
    "one number of 5,000 digits": lambda given: _cell(given, lambda _: "9" * 5000),
    "one number with an escape": lambda given: _cell(given, lambda cell: f"\x1b[2J{cell}"),
    "one digit": _digit,
    "a column 99.9": lambda given: _column(given, lambda _: "99.9"),
    "a column empty": lambda given: _column(given, lambda _: ""),
    "cut at a byte": _cut,
    "cut at a line": _without_lines,
    "a line less": _without_line,
    "a line twice": _twice,
    "a line more": _more,
    "lines reversed": _reversed,
    "only its header": lambda given: _written(given.rows[:1]),
    "empty": lambda _: b"",
    "another's file": lambda given: given.other,
    "another's lines appended": lambda given: given.content + given.other.partition(b"\n")[2],
    "a column less": _without_column,
    "a column more": _column_more,
    "two columns exchanged": _columns_swapped,
    "semicolons": lambda given: _written(given.rows, delimiter=";"),
    "lines end as in Windows": lambda given: _written(given.rows, lineterminator="\r\n"),
    "UTF-16": lambda given: given.text.encode("utf-16"),
    "a byte order mark": lambda given: b"\xef\xbb\xbf" + given.content,
    "Latin-1": lambda given: given.content + "ä,ö\n".encode("latin-1"),
    "zero bytes": lambda given: given.content.replace(b"\n", b"\0\n", 2),
    "an open quote": lambda given: given.content.replace(b",", b',"', 1),
    "bytes": lambda given: given.chance.randbytes(300),
}


def attack(number: int, chance: random.Random, arena: Arena) -> Attack:
    """Edit one table, and look at who says so."""
    edit = [*EDITS][number * APART % len(EDITS)]
    tables = [name for name in arena.names if name.endswith(".csv")]
    jobs = [name for name in tables if not name.startswith("tables/")]
    name = chance.choice(jobs if chance.random() < 0.8 else tables)
    content, others = (arena.finished.results / name).read_bytes(), _others(arena, name, tables)
    other = (arena.finished.results / chance.choice(others)).read_bytes()
    edited = EDITS[edit](Given(content, other, chance))
    if number % WHOLE_COMMAND == WHOLE_COMMAND - 1:
        project = arena.finished.copy(arena.folder / f"edit{number}")
        (project.results / name).write_bytes(edited)
        found = documented(project, arena.finished, name)
        return Attack(f"edits:{number}", f"{name}: {edit}, the documented command", found)
    (arena.project.results / name).write_bytes(edited)
    try:
        return Attack(f"edits:{number}", f"{name}: {edit}", _judged(arena, name, content, edited))
    finally:
        arena.restore()


def _others(arena: Arena, name: str, tables: list[str]) -> list[str]:
    """Tables of the same name with other content, of the same top folder if there are any."""
    top, last = name.partition("/")[0], name.rpartition("/")[2]
    same = [other for other in tables if other != name and other.endswith(f"/{last}") and other.startswith(f"{top}/")]
    return same or [other for other in tables if other != name]


def _judged(arena: Arena, name: str, content: bytes, edited: bytes) -> dict[str, str]:
    calls = [arena.call(arena.stages.after(name)), arena.call(arena.stages.verify, cpu_seconds=60)]
    found: dict[str, str] = {}
    for said in calls:
        found |= said.faults()
    if not found and not any(said.status for said in calls) and meaning(content) != meaning(edited):
        found["wrong"] = f"the next run publishes it, and verify says:\n{calls[-1].text}"
    return {**found, **arena.lost(name)}


def meaning(content: bytes) -> list[list[str]] | bytes:
    """The rows in any order, as cells: what no reader takes for another table. Bytes that are no text stay bytes."""
    try:
        return sorted(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error):
        return content
