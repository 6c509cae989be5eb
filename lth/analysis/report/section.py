"""What the template is told of one study: its answers, tables, charts, figures and tickets."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from typing import Any

import pandas as pd

from lth.analysis.figures import FIGURES
from lth.analysis.figures.captions import captions
from lth.analysis.figures.colours import colour_places
from lth.analysis.figures.draw import cut_intervals
from lth.analysis.figures.style import Palette
from lth.analysis.report import charts, curves, looks, trainings
from lth.analysis.report.answer import Answer, answer, certainty, spent
from lth.analysis.report.chart import Chart
from lth.analysis.report.explorer import family_tree, nodes
from lth.analysis.report.methods import methods
from lth.analysis.report.spent import own_seconds, spent_by_epoch, steady
from lth.analysis.tables import cells
from lth.analysis.tables.energy import (
    ARM_ENERGY_HEADER,
    STUDY_ENERGY_HEADER,
    arm_energy_cells,
    energy_note,
    study_energy_cells,
    study_energy_note,
)
from lth.analysis.tables.files import read_table
from lth.analysis.tables.matching import matching_notes
from lth.analysis.tables.notes import notes, round_notes
from lth.analysis.tables.provenance import provenance
from lth.analysis.tables.verdict import verdict
from lth.artifacts.records import RecordError, check_markup
from lth.artifacts.repair import advice
from lth.config.study import Study
from lth.errors import UserError
from lth.plan.plan import Plan


@dataclass(frozen=True, kw_only=True)
class StudyFiles:
    """A study with the files that its part of the page is made of."""

    study: Study
    tables: Sequence[Path]
    """`.../<evaluation>/arms.csv` and the like, and those of the study."""
    figures: Sequence[Path]
    """`.../<evaluation>/<figure>.svg`, and `.../<figure>.svg` of the study; those not given are left out."""
    artifacts: str
    """The checksum of the study's settings and artifacts (`lth.verification.listing.artifacts_checksum`)."""
    results: Path | None = None
    """The results folder, where it is not that of the study that is running."""
    base: str = ""
    """From the page to the results folder, ending with `/`; empty if the page is in it."""


@dataclass(kw_only=True)
class Shown:
    """A figure on the page, drawn by Matplotlib."""

    place: str
    title: str
    caption: str
    file: Path
    link: str
    """To the SVG file, from the page."""

    def inlined(self) -> str:
        """The file as a data URI."""
        return f"data:image/svg+xml;base64,{base64.b64encode(self.file.read_bytes()).decode()}"


@dataclass
class StudyPart:
    """The part of the page about a study, and the charts in it."""

    told: dict[str, Any]
    charts: list[Chart] = field(default_factory=list)
    figures: list[Shown] = field(default_factory=list)


def part(source: StudyFiles, prefix: str, rows: int) -> StudyPart:
    """The part of the page about a study; `prefix` begins its places in links, `rows` are those of a chart of curves.

    Its figures are links.
    """
    study, plan = source.study, Plan(source.study, source.results)
    palette = Palette(colour_places(plan))
    tables, figures = source.tables, source.figures
    rounds, costs = (_table(study, tables, f"{name}.csv") for name in ("rounds", "costs"))
    costs = own_seconds(plan, costs)
    arms = {name: _table(study, tables, f"{name}/arms.csv") for name in plan.assessments}
    cut = {name: cut_intervals(_table(study, tables, f"{name}.csv")) for name in ("round_curves", "rounds")}
    layers, matching = (_table(study, tables, f"{name}.csv") for name in ("layers", "matching"))
    found, drawn = StudyPart(told={}), []
    for name in plan.assessments:
        read = {table: _table(study, tables, f"{name}/{table}.csv") for table in ("comparisons", "runs", "curves")}
        assessed = _assessment(plan, name, prefix, arms[name], read["comparisons"])
        assessed |= _energy(study, tables, name, trained_before=cells.trained_when_found(arms[name]))
        so_far = _spent(plan, name, arms[name], read["curves"], costs, cut)
        here = list(_charts(plan, name, prefix, arms[name], read, palette, assessed["answer"], so_far, rows))
        found.charts += here
        shown = _shown(figures, plan, name, prefix, source.base, {figure for c in here for figure in c.drawn})
        found.figures += shown
        drawn.append({**assessed, "charts": [_on_page(chart, source, name) for chart in here], "figures": shown})
    pruned = list(_of_study(prefix, cut, layers, matching, costs, palette, rows))
    tree = family_tree(plan, cut["rounds"], f"{prefix}-tickets-graph", palette)
    found.charts += [*pruned, tree]
    covered = {figure for chart in pruned for figure in chart.drawn}
    shown = _shown(figures, plan, None, prefix, source.base, covered)
    found.figures += shown
    first = arms[plan.assessments[0]] if plan.assessments else None
    cost, measured = spent(plan, first, costs, study.energy) if first is not None else ([], [])
    found.told = {
        "study": study,
        "prefix": prefix,
        "base": source.base,
        "assessments": drawn,
        "round_notes": [*matching_notes(matching), *round_notes(rounds)],
        "pruning": [_on_page(chart, source, None) for chart in pruned],
        "study_figures": shown,
        "tree": _on_page(tree, source, None),
        "nodes": nodes(plan, rounds, arms, source.base),
        "cost": cost,
        "measured": measured,
        **_energy(study, tables),
        "methods": methods(study),
        "provenance": provenance(plan),
        "artifacts": source.artifacts,
        "results": plan.results,
    }
    return found


def _table(study: Study, tables: Sequence[Path], name: str) -> pd.DataFrame:
    """The table at `tables/NAME` below the results; an assessment has some of the study's names, too."""
    for path in tables:
        if path.as_posix().endswith(f"/tables/{name}"):
            return read_table(path, sealed=True)
    raise UserError(f"report of {study.study}: no table {name} among its inputs")


def _energy(
    study: Study, tables: Sequence[Path], assessment: str | None = None, *, trained_before: bool = False
) -> dict[str, Any]:
    """The table of energy and its note, of the study or of an assessment; empty where the study says nothing of it."""
    if study.energy is None:
        return {"energy_header": (), "energy": [], "energy_note": []}
    frame = _table(study, tables, f"{assessment}/energy.csv" if assessment else "energy.csv")
    if assessment is None:
        note = study_energy_note(study.energy)
        return {"energy_header": STUDY_ENERGY_HEADER, "energy": study_energy_cells(frame), "energy_note": [note]}
    note = energy_note(study.energy, trained_before=trained_before)
    return {"energy_header": ARM_ENERGY_HEADER, "energy": arm_energy_cells(frame), "energy_note": [note]}


def _assessment(plan: Plan, name: str, prefix: str, arms: pd.DataFrame, comparisons: pd.DataFrame) -> dict[str, Any]:
    """The section of an evaluation or comparison, without its figures."""
    header, rows, names = cells.arm_table(arms)
    equivalence_header, equivalence = cells.equivalence_table(comparisons)
    pairs = comparisons.to_dict("records")
    return {
        "kind": "Evaluation" if name in plan.study.evaluations else "Comparison",
        "name": name,
        "place": f"{prefix}{name}",
        "dataset": plan.assessment_dataset(name),
        "answer": answer(arms, comparisons),
        "certainty": certainty(comparisons),
        "verdict": verdict(arms, comparisons),
        "header": header,
        "arms": rows,
        "arm_keys": [looks.series_key(row["arm"], row["ticket"], row["kind"]) for row in arms.to_dict("records")],
        "names": names,
        "comparison_header": cells.COMPARISON_HEADER,
        "comparisons": [cells.comparison_cells(row) for row in pairs],
        "equivalence_header": equivalence_header,
        "equivalence": equivalence,
        "margin": cells.within(comparisons["margin_points"].iloc[0]) if equivalence else "",
        "notes": notes(arms, comparisons),
    }


def _charts(
    plan: Plan,
    name: str,
    prefix: str,
    arms: pd.DataFrame,
    read: dict[str, pd.DataFrame],
    palette: Palette,
    found: Answer,
    so_far: pd.DataFrame,
    most: int,
) -> Iterator[Chart]:
    """The charts of an evaluation or comparison; of the first one, the picture of its answer comes first."""
    place, arms = f"{prefix}{name}", cut_intervals(arms)
    if name == plan.assessments[0]:
        few = arms[arms["arm"].isin(found.arms)]
        yield charts.accuracy(f"{place}-answer", "The answer in a picture", read["runs"], few, palette)
    yield charts.accuracy(f"{place}-accuracy", "Test accuracy of every arm", read["runs"], arms, palette)
    if len(read["comparisons"]):
        yield charts.paired_differences(f"{place}-differences", read["runs"], arms, read["comparisons"], palette)
    yield curves.training_curves(f"{place}-curves", cut_intervals(read["curves"]), arms, so_far, most, palette)
    if cells.trained_when_found(arms):
        yield curves.cost(f"{place}-cost", arms, palette)


def _spent(
    plan: Plan,
    name: str,
    arms: pd.DataFrame,
    curves_: pd.DataFrame,
    costs: pd.DataFrame,
    of_rounds: dict[str, pd.DataFrame],
) -> pd.DataFrame:
    """What was spent at each row of a comparison's curves, whose arms are rounds; of evaluations nothing is known."""
    if name in plan.study.evaluations:
        return pd.DataFrame({"tflops": nan, "minutes": nan}, curves_.index)
    places = dict(zip(arms["arm"], arms["round"], strict=True))
    rows = curves_.assign(round=curves_["arm"].map(places))
    return spent_by_epoch(rows, costs, steady(of_rounds["round_curves"], of_rounds["rounds"]))


def _of_study(
    prefix: str,
    of_rounds: dict[str, pd.DataFrame],
    layers: pd.DataFrame,
    matching: pd.DataFrame,
    costs: pd.DataFrame,
    palette: Palette,
    most: int,
) -> Iterator[Chart]:
    """The charts of pruning: of each data set, then of all."""
    rounds, curves_ = of_rounds["rounds"], of_rounds["round_curves"]
    datasets = list(rounds["dataset"].unique())
    for dataset in datasets:
        yield curves.pruning(rounds, costs, dataset, f"{prefix}-pruning-{dataset}", palette)
    for dataset in datasets:
        if dataset in set(matching["dataset"]):
            yield curves.lost_accuracy(matching, costs, dataset, f"{prefix}-drop-{dataset}", palette)
    every = trainings.every_training(f"{prefix}-learning", curves_, rounds, costs, most)
    within = trainings.while_pruned(f"{prefix}-while-pruned", curves_, palette, most)
    single = [
        trainings.single_layers(layers, rounds, matching, dataset, f"{prefix}-sensitivity-{dataset}", palette)
        for dataset in datasets
    ]
    yield from (chart for chart in (every, within, *single) if chart is not None)


def _on_page(chart: Chart, source: StudyFiles, assessment: str | None) -> dict[str, Any]:
    """A chart as the template sees it, with links to the figures of the same numbers."""
    given = [f"/{path.as_posix()}" for path in source.figures]
    places = {name: f"figures/{_place(assessment, name)}" for name in chart.drawn}
    found = {name: place for name, place in places.items() if any(path.endswith(f"/{place}") for path in given)}
    files = [(name, f"{source.base}{place}") for name, place in found.items()]
    told = {"place": chart.name, "title": chart.title, "caption": chart.caption, "files": files}
    return {**told, "panels": chart.panels, "beside": chart.beside}


def _shown(
    figures: Sequence[Path], plan: Plan, assessment: str | None, prefix: str, base: str, covered: set[str]
) -> list[Shown]:
    """The figures of an evaluation or comparison, or (None) of the study, in the order of `FIGURES`.

    Those that a chart shows are left out.
    """
    shown = []
    for name, caption in captions(plan, assessment).items():
        for path in figures:
            if path.stem != name or assessment not in (None, path.parent.name):
                continue
            _check_figure(path)
            if name in covered:
                continue
            link = f"{base}figures/{_place(assessment, name)}"
            shown.append(
                Shown(
                    place=f"{prefix}{assessment or ''}-{name}",
                    title=FIGURES[name].about,
                    caption=caption,
                    file=path,
                    link=link,
                )
            )
    return shown


def _place(assessment: str | None, name: str) -> str:
    """A figure's file, seen from the folder of figures."""
    return f"{assessment}/{name}.svg" if assessment else f"{name}.svg"


def _check_figure(path: Path) -> None:
    try:
        check_markup(path)
    except RecordError as error:
        raise UserError(f"{path}: {error}", advice(path)) from None
