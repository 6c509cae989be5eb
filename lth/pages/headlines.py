"""The table of headlines: what was published, and what this project found, from `headlines.yaml`.

An entry of a study whose data are committed reads its result from them; another one is typed, and says so, as may be
one of an earlier run with more seeds than those that are committed so far.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import yaml
from pydantic import ValidationError

from lth.analysis.tables import markdown
from lth.config.base import Model
from lth.errors import UserError, reason
from lth.pages.data import CONTENTS, StudyData, read_packed
from lth.pages.markup import Prose
from lth.pages.numbers import unfounded, without_remarks
from lth.pages.rows import chosen, number, words_of
from lth.printable import printable

HEADER = ("claim", "published", "here (95 % interval)", "conclusion", "why", "data")


class FromData(Model):
    """A number of a table of a study with committed data."""

    study: str
    """The folder of the data below `data/`."""
    row: str
    """A table and words that choose one of its rows: `transfer/comparisons cross-own dense`."""
    value: str
    """A column, such as `difference_points` or `accuracy_percent`."""


class Typed(Model):
    """A result of a run whose data are not committed."""

    study: str
    text: str
    """The number, with its interval."""
    n: int


class Headline(Model):
    """A published claim, and what this project has to say about it."""

    claim: str
    source: str
    published: str
    """The figures, with n where the source says it."""
    here: FromData | Typed | None = None
    """None for what was not attempted."""
    conclusion: Literal["reproduced", "refuted", "not comparable", "not attempted"]
    why: str
    """In words. Its numbers are in the table that `here` names, or in another of that study
    (`<!-- from: TABLE ROW -->`), or are said to be of none (`<!-- given: 20, epochs -->`)."""
    page: str | None = None
    """The page with more."""


def headline_table(file: Path, opened: Callable[[Path], StudyData]) -> Iterator[str]:
    """The table, in lines of Markdown.

    Args:
        file: `headlines.yaml`, in the folder of the pages.
        opened: gives the data in a folder, verified.

    Raises:
        UserError: an entry is malformed, names what there is not, is typed where data of as many seeds are committed,
            or says a number that its data do not have.
    """
    rows = [[*_cells(file, place, entry, opened)] for place, entry in enumerate(_read(file), 1)]
    yield from markdown.table(HEADER, rows, names=len(HEADER))


def _read(file: Path) -> list[Headline]:
    try:
        entries = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserError(f"{file}: cannot be read: {reason(error)}") from None
    if not isinstance(entries, list) or not entries:
        raise UserError(f"{file}: must be a list of headlines")
    found = []
    for place, entry in enumerate(entries, 1):
        try:
            found.append(Headline.model_validate(entry))
        except ValidationError as error:
            first = error.errors()[0]
            keys = ".".join(map(str, first["loc"]))
            raise UserError(f"{file}: headline {place}: {keys}: {first['msg']}") from None
    return found


def _cells(file: Path, place: int, entry: Headline, opened: Callable[[Path], StudyData]) -> Iterator[str]:
    here, folder = entry.here, file.parent / "data"
    where = f"{file}: headline {place}"
    if (here is None) != (entry.conclusion == "not attempted"):
        raise UserError(f"{where}: 'here' must be left out where the conclusion is 'not attempted', and only there")
    if entry.page and not (file.parent / entry.page).is_file():
        raise UserError(f"{where}: page: {printable(entry.page)}: no such file in {file.parent}")
    yield f"[{entry.claim}]({entry.page})" if entry.page else entry.claim
    yield f"{entry.published} ({entry.source})"
    data, why = None, entry.why
    if here is None:
        yield "-"
    elif isinstance(here, Typed):
        packed = folder / here.study
        if (packed / CONTENTS).exists() and len(read_packed(packed).study.seeds) >= here.n:
            raise UserError(f"{where}: is typed, but {folder / here.study} has data; give 'row' and 'value' instead")
        yield f"{here.text}, n = {here.n}"
    else:
        data, why = opened(folder / here.study), f"{why} <!-- from: {here.row} -->"
        yield _result(where, here, data)
    yield entry.conclusion
    for _, words in unfounded(Prose(1, [why]), data, {}):
        raise UserError(f"{where}: why: {words}")
    yield without_remarks(entry.why)
    yield _source(here)


def _source(here: FromData | Typed | None) -> str:
    if isinstance(here, FromData):
        return f"[{here.study}](data/{here.study})"
    return "data not committed" if here else "-"


def _result(where: str, here: FromData, data: StudyData) -> str:
    """The value with its interval, if the table has one, and n."""
    table, *words = words_of(here.row) or [""]
    if table not in data.table_names:
        raise UserError(f"{where}: row: the study has no table '{printable(table)}'")
    rows = [row for row in data.rows(table) if chosen(row, words)]
    if len(rows) != 1:
        raise UserError(f"{where}: row: '{printable(here.row)}' are {len(rows)} rows, where one is needed")
    (row,) = rows
    if (value := number(row.get(here.value, ""))) is None:
        raise UserError(f"{where}: value: {table} has no number in a column '{printable(here.value)}'")
    stem, _, unit = here.value.rpartition("_")
    low, high = (
        number(row.get(f"{stem}_{end}_{unit}", row.get(f"{end}_{unit}", "") if stem == "difference" else ""))
        for end in ("low", "high")
    )
    form = {"difference": "+.2f"}.get(stem, ",.0f" if unit in ("step", "epochs", "seeds") else ".2f")
    interval = f" ({low:{form}} to {high:{form}})" if low is not None and high is not None else ""
    return f"{value:{form}}{interval}" + (f", n = {row['n']}" if "n" in row else "")
