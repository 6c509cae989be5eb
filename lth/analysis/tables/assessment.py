"""The tables of one assessment (an evaluation or a comparison), computed from the output of its jobs."""

from dataclasses import dataclass

import pandas as pd

from lth.analysis.tables import arms as by_arm
from lth.analysis.tables import early_stopping, masks
from lth.analysis.tables import runs as by_run
from lth.analysis.tables.cells import trained_when_found
from lth.analysis.tables.costs import with_costs
from lth.analysis.tables.draws import mean_over_draws, of_all_draws, run_of, seeds_of_draws
from lth.analysis.tables.energy import energy_of_arms, with_emissions
from lth.analysis.tables.files import ordered
from lth.analysis.tables.identical import with_identical, without_claims
from lth.analysis.tables.published import with_published
from lth.analysis.tables.setting import with_setting
from lth.analysis.tables.two_classes import with_f1
from lth.analysis.tables.units import units, with_shares, with_sizes
from lth.catalog.architectures import ARCHITECTURES
from lth.config.energy import Electricity
from lth.config.study import Evaluation
from lth.plan.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Left:
    """Output of the jobs of an assessment, for all arms and seeds."""

    history: pd.DataFrame
    confusion: pd.DataFrame
    layers: pd.DataFrame
    """Weights kept of each layer by the tickets as found (`masks.LAYER_COLUMNS`)."""
    overlaps: pd.DataFrame
    """Weights that two of these tickets keep of each layer (`masks.OVERLAP_COUNTS`)."""
    units: pd.DataFrame | None = None
    """What the arms' masks leave in use (`UNIT_COUNTS`); None in data that were packed without."""
    costs: pd.DataFrame | None = None
    """Of all rounds that the arms of a comparison were derived from."""
    measured: pd.DataFrame | None = None
    """Time and energy of these rounds; of an evaluation, of its arms, where the study has them."""


def tables_of(plan: Plan, assessment: str, left: Left) -> dict[str, pd.DataFrame]:
    """`evaluation_tables` by name, with rows in the order of the study file."""
    spec, alpha = plan.assessment(assessment), plan.study.alpha
    arms = [arm.name for arm in plan.arms(assessment)]
    history = ordered(with_arms(left.history, plan, assessment), "arm", arms, ["seed", "step"])
    confusion = ordered(with_arms(left.confusion, plan, assessment), "arm", arms, ["seed"])
    trained = by_run.arm_runs(history, spec.reach_percent)
    trained = with_f1(trained, confusion, run_of(by_run.ARM_RUN, trained))
    trained = ordered(seeds_of_draws(trained, by_run.ARM_RUN), "arm", arms, ["seed"])
    classes = spec.new_output if isinstance(spec, Evaluation) else None
    layers = left.layers if classes is None else without_output(left.layers, plan)
    summary = masks.with_collapses(by_arm.summarise(trained, alpha), layers)
    summary = early_stopping.of_arms(summary, trained, history, plan, assessment)
    summary = with_shares(summary, left.units, ["on_path"])
    if isinstance(spec, Evaluation):  # a comparison's arms are tickets, perhaps trained from other weights
        summary = with_sizes(with_shares(summary, left.units, ["in_ticket"]), left.units)
    if left.costs is not None and left.measured is not None:
        summary = with_costs(summary, plan, left.costs, left.measured)
    of_all = of_all_draws(history, by_run.ARM_RUN)
    curves = by_arm.curves(mean_over_draws(of_all, [*by_run.ARM_RUN, "split", "step"]), alpha)
    summary, curves = with_published(summary, curves, spec.published or {} if isinstance(spec, Evaluation) else {})
    if classes is not None:
        summary = summary.assign(new_output_classes=classes)
    summary = with_identical(with_setting(summary, plan, assessment), trained)
    compared = by_arm.compare(trained, spec.compare, alpha, spec.equivalence_margin)
    tables = {
        "runs": with_initialisation(trained, plan, assessment),
        "arms": with_initialisation(summary, plan, assessment),
        "comparisons": without_claims(compared, summary),
        "curves": with_initialisation(curves, plan, assessment),
        "classes": by_arm.classes(confusion, alpha),
        "confusion": by_arm.mean_confusion(confusion),
        "overlap": masks.overlap(left.overlaps),
        "layers": masks.layer_densities(left.layers),
    }
    if left.units is not None:
        tables["units"] = units(left.units)
    if plan.study.energy and left.measured is not None:
        tables["energy"] = _energy(left.measured, summary, plan.study.energy)
    return tables


def _energy(measured: pd.DataFrame, arms: pd.DataFrame, electricity: Electricity) -> pd.DataFrame:
    """The energy of the arms: of an evaluation as its jobs measured it, of a comparison that of their rounds."""
    if trained_when_found(arms):
        return with_emissions(arms[["arm", "n", "seconds", "joules"]], electricity)
    return energy_of_arms(ordered(measured, "arm", arms["arm"], ["seed"]), electricity)


def without_output(layers: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """The layers of tickets that an arm with a new output layer has of them: all but the last.

    The classifier of a network that reads texts is not prunable, so it is none of them anyway.
    """
    texts = [name for name in plan.study.tickets if ARCHITECTURES[plan.network(name).architecture].text]
    last = layers.groupby(["ticket", "seed", "round"])["layer"].transform("last")
    return layers[(layers["layer"] != last) | layers["ticket"].isin(texts)]


def with_initialisation(frame: pd.DataFrame, plan: Plan, assessment: str) -> pd.DataFrame:
    """Rows of arms with the column `initialisation`, in an evaluation whose arms differ in it."""
    spec = plan.assessment(assessment)
    if not isinstance(spec, Evaluation) or not spec.other_initialisations:
        return frame
    schemes = {arm.name: plan.initialisation(arm) for arm in plan.arms(assessment)}
    return frame.assign(initialisation=frame["arm"].map(schemes))


def with_arms(frame: pd.DataFrame, plan: Plan, assessment: str) -> pd.DataFrame:
    """Histories or confusion matrices with the columns `evaluation`, `arm` and `kind`.

    Those of an evaluation have them. Those of a comparison are of rounds of tickets, which are mapped to its arms.
    """
    if assessment in plan.study.evaluations:
        return frame
    names = [(arm.ticket, arm.round, arm.name, arm.kind) for arm in plan.arms(assessment)]
    arms = pd.DataFrame(names, columns=["ticket", "round", "arm", "kind"])
    return frame.merge(arms, on=["ticket", "round"]).assign(evaluation=assessment)
