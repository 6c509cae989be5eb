"""The page of a large study: below 5 MB, and no panel of more than twelve rows."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import synthetic
from test_report import charts_of

from lth.analysis.report.explorer import families
from lth.analysis.report.lines import CURVE_ROWS, thinned
from lth.analysis.report.page import write_report
from lth.analysis.tables.files import read_table, write_table
from lth.artifacts.records import seal_markup
from lth.config.study import Study
from lth.files import write_text

MANY = 39
"""Tickets that are copies of one, beside a dense one."""
ROUNDS = 20
POINTS = 2
"""Scored steps for each one that the small study has."""
READ = {"rounds", "round_curves", "matching", "layers", "costs", "runs", "arms", "comparisons", "curves"}
"""Tables that the page reads."""


def chains(names: list[str]) -> Study:
    """A study of chains of twenty rounds with eight seeds, and one comparison of them."""
    plain = synthetic.methods(8).model_dump(mode="json", exclude_unset=True)
    dense, imp = plain["tickets"]["dense"], {**plain["tickets"]["imp"], "rounds": ROUNDS}
    plain["tickets"] = {"dense": dense, **dict.fromkeys(names, imp)}
    pairs = [[name, "dense"] for name in names[:20]]
    plain["comparisons"] = {"all": {"tickets": ["dense", *names], "density": 0.75**10, "compare": pairs}}
    return Study.model_validate(plain)


def copies(path: Path, names: list[str], random: np.random.Generator) -> None:
    """In a table, other tickets beside `imp`, whose numbers differ from its own; of curves, more points."""
    table = read_table(path)
    if "split" in table:
        steps = [
            table.assign(step=table["step"] * POINTS + place, epoch=table["epoch"] + place / 100)
            for place in range(POINTS)
        ]
        table = pd.concat(steps)
    numbers = [name for name in table.select_dtypes("float") if name.endswith(("percent", "nats", "points", "flops"))]
    numbers = [name for name in numbers if name not in ("density_percent", "confidence_percent")]
    frames = [table]
    for name in names[1:]:
        renamed = {c: table[c].replace(names[0], name) for c in ("ticket", "arm", "first") if c in table}
        noise = 1 + 0.01 * random.random((len(table), len(numbers)))
        frames.append(table.assign(**renamed, **dict(zip(numbers, (table[numbers] * noise).to_numpy().T, strict=True))))
    whole = pd.concat(frames)
    keys = [
        name
        for name in ("ticket", "arm", "first", "second", "round", "seed", "split", "step", "layer", "class")
        if name in whole
    ]
    write_table(whole.drop_duplicates(keys), path)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of forty arms, with more figures than it has room for."""
    folder, names = tmp_path_factory.mktemp("large"), ["imp", *(f"imp_{place:02d}" for place in range(1, MANY))]
    small = chains(names[:1])
    tables = synthetic.write_tables(folder, small, synthetic.write_jobs(folder, small))
    random = np.random.default_rng(0)
    for key, path in tables.items():
        if key.rpartition("/")[2] in READ:
            copies(path, names, random)
    figures = [folder / "figures" / "all" / f"{name}.svg" for name in ("class_accuracy", "confusion", "mask_overlap")]
    for path in figures:
        write_text(path, seal_markup(f"<?xml?>\n<svg>{'.' * 1_200_000}</svg>\n"))
    write_report(chains(names), list(tables.values()), figures, folder / "report.html", "0" * 64)
    return (folder / "report.html").read_text()


def test_the_page_of_forty_arms_has_less_than_five_megabytes(page: str) -> None:
    assert len(page.encode()) < 5_000_000
    assert page.count('<tr data-key="') == MANY + 1
    assert page.count('src="data:image/svg') == 1  # base64 has four bytes for three
    assert page.count('src="figures/all/') == 2


def test_no_panel_has_more_than_twelve_rows(page: str) -> None:
    charts = charts_of(page)
    for name, rows in (("all-accuracy", MANY + 1), ("all-differences", MANY), ("-tickets-graph", MANY + 1)):
        counts = [len(panel["keys"]) for panel in charts[name]["panels"]]
        assert max(counts) <= 12
        assert sum(counts) == rows
    assert len(charts["-learning"]["panels"]) == 12


def test_charts_that_are_thinned_say_so_and_keep_the_ends(page: str) -> None:
    rows = charts_of(page)["-learning"]["columns"]["step"]["of"]
    assert (min(rows), max(rows)) == (0, 1100 * POINTS + POINTS - 1)
    shown, whole = re.findall(r"the chart has ([\d,]+) of the ([\d,]+) rows of round_curves.csv", page)[0]
    assert int(shown.replace(",", "")) <= CURVE_ROWS // 2 < int(whole.replace(",", ""))


def test_curves_are_thinned_evenly() -> None:
    rows = pd.DataFrame({"arm": [*"a" * 11, *"b" * 3], "step": [*range(0, 110, 10), 0, 5, 9]})
    assert thinned(rows, ["arm"], 14) is rows
    found = thinned(rows, ["arm"], 8).groupby("arm")["step"].agg(list)
    assert found.tolist() == [[0, 20, 40, 60, 80, 100], [0, 9]]
    assert len(thinned(rows, ["arm"], 1)) == 4  # first and last


def test_tickets_that_came_from_each_other_stay_together() -> None:
    alone = {f"t{place:02d}": [] for place in range(14)}
    assert [len(group) for group in families({**alone, "child": ["t00"]})] == [12, 3]
    assert families({**alone, "child": ["t13"]})[1][-2:] == ["t13", "child"]
    (group,) = families({f"t{place:02d}": [f"t{place - 1:02d}"] if place else [] for place in range(20)})
    assert len(group) == 20
