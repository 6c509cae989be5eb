"""Time, energy and g CO2 of a study and of its arms, where the study says what its electricity emits."""

from collections.abc import Mapping

import pandas as pd

from lth.analysis.tables.cells import JOULES_PER_KWH, NOT_MEASURED, amount
from lth.config.energy import Electricity

ARM_ENERGY_HEADER = ("arm", "n", "minutes", "kWh", "g CO2")
"""Means over seeds."""
STUDY_ENERGY_HEADER = ("what", "name", "trainings", "measured", "minutes", "kWh", "g CO2")
"""Sums over all trainings."""
_SUMMED = ["seconds", "joules"]
_MEASURED = (
    "Energy: of the processor packages and the GPU during the job, by their own counters, which have whatever ran on "
    "the machine; memory, disks and cooling are not in it."
)


def energy_of_arms(measured: pd.DataFrame, electricity: Electricity) -> pd.DataFrame:
    """One row for each arm: what it took, mean over seeds; energy is empty where it was not measured in one of them.

    Args:
        measured: rows of the `measured.csv` of an evaluation, in the order of its arms.
        electricity: what a kWh emits.
    """
    rows = [
        {"arm": arm, "n": len(seeds), **seeds[_SUMMED].astype(float).mean(skipna=False)}
        for arm, seeds in measured.groupby("arm", sort=False)
    ]
    return with_emissions(pd.DataFrame(rows), electricity)


def energy_of_study(
    rounds: pd.DataFrame,
    evaluations: Mapping[str, pd.DataFrame],
    electricity: Electricity,
    draws: Mapping[str, int] | None = None,
) -> pd.DataFrame:
    """One row for each ticket, each evaluation and the whole study: the sum over its trainings.

    Args:
        rounds: rows of the `measured.csv` of all rounds, in the order of the tickets.
        evaluations: those of all arms of each evaluation.
        electricity: what a kWh emits.
        draws: the trainings of each arm and seed of an evaluation, which are measured together; 1 if left out.
    """
    of_each = draws or {}
    single = rounds.assign(trainings=1)
    parts = [("ticket", str(name), rows) for name, rows in single.groupby("ticket", sort=False)]
    parts += [("evaluation", name, rows.assign(trainings=of_each.get(name, 1))) for name, rows in evaluations.items()]
    parts.append(("all trainings", "", pd.concat([rows for *_, rows in parts])))
    table = pd.DataFrame(
        {
            "kind": kind,
            "of": name,
            "trainings": int(rows["trainings"].sum()),
            "measured": int(rows.loc[rows["joules"].notna(), "trainings"].sum()),
            **rows[_SUMMED].astype(float).sum(skipna=False),
        }
        for kind, name, rows in parts
    )
    return with_emissions(table, electricity)


def with_emissions(table: pd.DataFrame, electricity: Electricity) -> pd.DataFrame:
    """The table with the columns `kwh`, `grams_co2` and `grams_per_kwh`, which its column `joules` gives."""
    kwh, factor = table["joules"] / JOULES_PER_KWH, electricity.grams_per_kwh
    return table.assign(kwh=kwh, grams_co2=kwh * factor, grams_per_kwh=factor)


def arm_energy_cells(energy: pd.DataFrame) -> list[list[str]]:
    """The rows of `energy_of_arms` under `ARM_ENERGY_HEADER`."""
    return [[str(row["arm"]), str(row["n"]), *_amounts(row)] for row in energy.to_dict("records")]


def study_energy_cells(energy: pd.DataFrame) -> list[list[str]]:
    """The rows of `energy_of_study` under `STUDY_ENERGY_HEADER`."""
    return [
        [str(row["kind"]), str(row["of"]), str(row["trainings"]), str(row["measured"]), *_amounts(row)]
        for row in energy.to_dict("records")
    ]


def energy_note(electricity: Electricity, *, trained_before: bool = False) -> str:
    """What the columns of the energy of arms mean, and with which factor they were computed."""
    of = "of all rounds that the arm was derived from" if trained_before else "of training the arm on this data set"
    return f"Minutes, kWh and g CO2: {of}, mean over seeds. {_MEASURED} g CO2: kWh times {electricity.words()}."


def study_energy_note(electricity: Electricity) -> str:
    """What the columns of the energy of a study mean, and what is not in them."""
    return (
        f"Minutes, kWh and g CO2: sums over all trainings and seeds. {_MEASURED} So jobs that ran at the same time on "
        f"one machine each have what all of them used, and their sum is too large. Preparing data, controls, tables "
        f"and figures are not in the sum. g CO2: kWh times {electricity.words()}."
    )


def energy_in_words(joules: float, electricity: Electricity | None) -> str:
    """An energy in a sentence: `0.5 kWh`, with g CO2 where the study says what a kWh emits; or that it is unknown."""
    if pd.isna(joules):
        return f"energy {NOT_MEASURED}"
    kwh = joules / JOULES_PER_KWH
    if electricity is None:
        return f"{kwh:,.3g} kWh"
    return f"{kwh:,.3g} kWh, {amount(kwh * electricity.grams_per_kwh)} g CO2 at {electricity.words()}"


def _amounts(row: Mapping[object, float]) -> list[str]:
    energy = [NOT_MEASURED if pd.isna(row[column]) else amount(row[column]) for column in ("kwh", "grams_co2")]
    return [amount(row["seconds"] / 60), *energy]
