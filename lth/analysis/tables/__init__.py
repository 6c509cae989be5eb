"""Tables of a study, computed from the files of its jobs. The functions here read paths and write paths.

They import pandas when called, since the Snakefile imports the names of the tables from here. There are tables of the
study (`STUDY_TABLES`: how tickets were found, at what cost) and of each evaluation and comparison (`EVALUATION_TABLES`:
results of its arms, and the verdict).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lth.config.study import Study
from lth.plan.plan import Plan

if TYPE_CHECKING:
    from lth.analysis.tables.assessment import Left

STUDY_TABLES = ("rounds", "round_curves", "matching", "layers", "costs")
"""`rounds`: accuracy of each round of each ticket; `round_curves`: the same by step; `matching`: the difference of each
round to its dense network; `layers`: density of each layer; `costs`: training cost."""
EVALUATION_TABLES = ("runs", "arms", "comparisons", "curves", "classes", "confusion", "overlap", "layers", "units")
"""One row per training, per arm, per compared pair; then by epoch, by class, by true and predicted class, by pair of
tickets and layer, by ticket and layer, by arm and layer."""
ENERGY = "energy"
"""The table that both have besides, where the study says what its electricity emits."""


def study_tables(study: Study) -> tuple[str, ...]:
    """The names of the tables of a study."""
    return (*STUDY_TABLES, *([ENERGY] if study.energy else []))


def evaluation_tables(study: Study) -> tuple[str, ...]:
    """The names of the tables of each of its evaluations and comparisons."""
    return (*EVALUATION_TABLES, *([ENERGY] if study.energy else []))


def write_study_tables(
    study: Study,
    *,
    histories: Iterable[Path],
    confusions: Iterable[Path],
    layers: Iterable[Path],
    costs: Iterable[Path],
    measured: Iterable[Path],
    evaluated: Iterable[Path] = (),
    results: Path | None = None,
    out: Mapping[str, Path],
) -> None:
    """Write `study_tables` from the files of all rounds, `tickets/<ticket>/seed<k>/round<kk>/*.csv`.

    Args:
        study: gives the order of tickets, their lineage, and alpha.
        histories: `history.csv` of each.
        confusions: `confusion.csv`.
        layers: `layers.csv`.
        costs: `cost.csv`.
        measured: `measured.csv`.
        evaluated: `measured.csv` of all arms and seeds of all evaluations, where the study has them.
        results: where files that tickets are read from may be gone: the folder with what was made of them.
        out: where to write, by table name.
    """
    from lth.analysis.tables import arms as by_arm
    from lth.analysis.tables import early_stopping, masks
    from lth.analysis.tables import runs as by_run
    from lth.analysis.tables.costs import sums
    from lth.analysis.tables.energy import energy_of_study
    from lth.analysis.tables.files import collect, ordered, write_table
    from lth.analysis.tables.matching import matching_table
    from lth.analysis.tables.two_classes import with_f1

    plan, counted, history, spent = Plan(study, results), collect(layers), collect(histories), collect(measured)
    tickets = study.tickets.items()
    trained = with_f1(by_run.runs(history, by_run.ROUND_RUN), collect(confusions), by_run.ROUND_RUN)
    rounds = by_arm.round_summary(trained, study.alpha).merge(
        masks.collapse_counts(counted), on=["ticket", "round"], how="left"
    )
    curves = by_arm.round_curves(history, masks.prunable(counted), study.alpha)
    follows = {name: (*ticket.made_from(), "")[0] if ticket.method == "derived" else "" for name, ticket in tickets}
    methods = {name: ticket.method for name, ticket in tickets}
    places = [(ticket, round_) for ticket in study.tickets for round_ in plan.rounds(ticket)]
    tables = {
        "rounds": early_stopping.of_rounds(rounds.assign(method=rounds["ticket"].map(methods)), trained, history, plan),
        "round_curves": curves.assign(follows=curves["ticket"].map(follows)),
        "matching": matching_table(plan, trained),
        "layers": masks.layer_densities(counted),
        "costs": sums(plan, places, collect(costs), spent),
    }
    for name, table in tables.items():
        write_table(ordered(table, "ticket", study.tickets, ["round"]), out[name])
    if study.energy:
        arms = dict(list(collect(evaluated).groupby("evaluation"))) if study.evaluations else {}
        in_order = {name: arms[name] for name in study.evaluations}
        by_ticket = ordered(spent, "ticket", study.tickets, ["seed", "round"])
        draws = {name: spec.draws for name, spec in study.evaluations.items()}
        write_table(energy_of_study(by_ticket, in_order, study.energy, draws), out[ENERGY])


def write_evaluation_tables(
    study: Study,
    assessment: str,
    *,
    histories: Iterable[Path],
    confusions: Iterable[Path],
    tickets: Iterable[Path],
    arm_tickets: Iterable[Path] = (),
    costs: Iterable[Path] = (),
    measured: Iterable[Path] = (),
    out: Mapping[str, Path],
) -> None:
    """Write `evaluation_tables` and the `verdict` (text) of one evaluation or comparison.

    Args:
        study: gives the order of arms, the pairs to compare and alpha.
        assessment: the name of the evaluation or comparison.
        histories: `history.csv` of all arms and seeds: `evaluations/<evaluation>/<arm>/seed<k>/history.csv`, or of a
            comparison those of the rounds.
        confusions: the `confusion.csv` beside them.
        tickets: ticket files of its tickets at its density, all seeds.
        arm_tickets: of an evaluation, the tickets that its arms start from, all seeds.
        costs: for a comparison, `cost.csv` of all rounds in the lineage of its arms, all seeds.
        measured: the `measured.csv` beside them; for an evaluation those of its arms, where the study has them.
        out: where to write, by table name, and `verdict`.
    """
    from lth.analysis.tables import masks
    from lth.analysis.tables.assessment import Left
    from lth.analysis.tables.files import collect
    from lth.analysis.tables.units import starts, unit_counts

    plan, as_found = Plan(study), [*tickets]
    order, found = plan.assessment(assessment).tickets, masks.read(as_found)
    left = Left(
        history=collect(histories),
        confusion=collect(confusions),
        layers=masks.layers(found, order),
        overlaps=masks.overlap_counts(found, order),
        units=unit_counts(starts(plan, assessment, arm_tickets, as_found), found),
    )
    if assessment in study.comparisons:
        left = replace(left, costs=collect(costs))
    if assessment in study.comparisons or study.energy:
        left = replace(left, measured=collect(measured))
    write_assessment(plan, assessment, left, out)


def write_assessment(plan: Plan, assessment: str, left: "Left", out: Mapping[str, Path]) -> None:
    """Write `evaluation_tables` and the `verdict` of one evaluation or comparison from what its jobs left."""
    from lth.analysis.tables.assessment import tables_of
    from lth.analysis.tables.files import read_table, write_table
    from lth.analysis.tables.verdict import text
    from lth.artifacts.records import seal_text
    from lth.files import write_text

    study = plan.study
    for name, table in tables_of(plan, assessment, left).items():
        write_table(table, out[name])
    # read back, so that the verdict is computed from the rounded numbers that the files and the report show
    head = f"{'Evaluation' if assessment in study.evaluations else 'Comparison'} {assessment}"
    energy = (read_table(out[ENERGY]), study.energy) if study.energy else None
    words = text(head, read_table(out["arms"]), read_table(out["comparisons"]), energy)
    write_text(out["verdict"], seal_text(words))
