"""The first screen of the report: the answer to the study's question in everyday English, and three numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lth.analysis.tables.cells import NOTHING, amount, in_points, p_value, trained_when_found, within
from lth.analysis.tables.energy import energy_in_words
from lth.analysis.tables.identical import ONE_NETWORK
from lth.analysis.tables.notes import densities_apart
from lth.analysis.tables.setting import trained_on
from lth.catalog.controls import ARM_KINDS, ArmKind
from lth.checks.power import smallest_p
from lth.config.energy import Electricity
from lth.plan.dense import dense_round
from lth.plan.elsewhere import given_before
from lth.plan.plan import Plan, arm_name

_Row = Mapping[Any, Any]
"""One row of a table, by column."""

_CONTROLS: Sequence[ArmKind] = ("shuffled", "random", "reinitialised", "magnitude", "permuted", "rescaled")
"""Which control stands beside a ticket that the study compares with none."""


@dataclass(frozen=True, kw_only=True)
class KeyNumber:
    """One of the three numbers."""

    role: str
    arm: str
    value: str
    interval: str
    n: int


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the first screen says of an evaluation or comparison."""

    sentences: list[str]
    """The first is the answer; the others are those of the other pairs."""
    numbers: list[KeyNumber]
    arms: list[str]
    """The arms that the picture shows."""
    decided: bool
    """Whether the first pair's test showed a difference or equivalence."""


def answer(arms: pd.DataFrame, comparisons: pd.DataFrame) -> Answer:
    """The answer that an evaluation or comparison gives: the pairs that the study names, and the three numbers."""
    by_name = {row["arm"]: row for row in arms.to_dict("records")}
    pairs = comparisons.to_dict("records")
    numbers = _numbers(by_name, pairs)
    named = [name for pair in pairs[:1] for name in (pair["first"], pair["second"])]
    shown = {*named, *(number.arm for number in numbers)}
    sentences = [_sentence(pair, by_name, len(pairs)) for pair in pairs] or [_nothing_planned(numbers, by_name)]
    return Answer(
        sentences=sentences,
        numbers=numbers,
        arms=[name for name in by_name if name in shown],
        decided=bool(pairs) and (bool(pairs[0]["difference_shown"]) or bool(pairs[0].get("equivalence_shown"))),
    )


def in_words(row: _Row, beside: _Row | None = None) -> str:
    """What an arm is, in a sentence: `the ticket mnist`, `a random mask`; beside an arm of another ticket, whose counts
    such a mask has."""
    words = ARM_KINDS[row["kind"]].sentence.format(of=row["ticket"])
    if beside is not None and row["kind"] in ("random", "magnitude") and beside["ticket"] != row["ticket"]:
        words = f"{words} with as many weights in each layer as {row['ticket']}"
    usual = (arm_name(row["ticket"], row["kind"]), row["ticket"])
    return words if row["arm"] in usual else f"{words} ({row['arm']})"


def _sentence(pair: _Row, arms: Mapping[str, _Row], family: int) -> str:
    """What was found of a pair, with numbers, interval and n; where nothing was shown, what could have been missed."""
    first, second = arms[pair["first"]], arms[pair["second"]]
    left, right = f"{pair['first_mean_percent']:.1f} %", f"{pair['second_mean_percent']:.1f} %"
    one, other = in_words(first, second), in_words(second, first)
    apart = densities_apart([row for row in (first, second) if row["kind"] != "dense"])
    where = f"on {trained_on(first)}{apart}"
    if pair.get("identical"):
        return (
            f"{_capital(one)} and {other} have the same results {where} ({left}), to the last digit in every seed: "
            f"{ONE_NETWORK}."
        )
    if pair["n"] == 1:
        return (
            f"Not shown, with one seed: {one} gets {left} of the test data right {where}, {other} {right}; "
            f"a single seed gives no interval and no test."
        )
    difference = f"{in_points(pair['difference_points'])} percentage points"
    low, high = in_points(pair["low_points"]), in_points(pair["high_points"])
    interval = f"{pair['confidence_percent']:.3g} % interval {low} to {high}, n = {pair['n']} seeds"
    if pair["difference_shown"]:
        more = "more" if pair["difference_points"] > 0 else "less"
        size = f"{abs(pair['difference_points']):.2f} percentage points {more} than"
        tail = f", which is within the margin of {within(pair['margin_points'])}" if _equivalent(pair) else ""
        return (
            f"{_capital(one)} gets {left} of the test data right {where}, {size} {other} with {right} "
            f"({interval}){tail}."
        )
    if _equivalent(pair):
        return (
            f"{_capital(one)} and {other} are equally good {where} to within {within(pair['margin_points'])} "
            f"percentage points: {left} and {right}, a difference of {difference} ({interval})."
        )
    missed = max(abs(pair["low_points"]), abs(pair["high_points"]))
    why = "" if family * smallest_p(pair["n"]) <= pair["alpha"] else ", and so few seeds cannot show any"
    return (
        f"Not shown: a difference {where} between {one} ({left}) and {other} ({right}). It is {difference} ({interval})"
        f"{why}; one as large as {missed:.2f} points could have been missed."
    )


def _equivalent(pair: _Row) -> bool:
    return "margin_points" in pair and bool(pair["equivalence_shown"])


def _nothing_planned(numbers: Sequence[KeyNumber], arms: Mapping[str, _Row]) -> str:
    best = arms[numbers[0].arm]
    return (
        f"The study names no pairs to compare, so nothing was tested. {_capital(in_words(best))} gets "
        f"{best['accuracy_percent']:.1f} % of the test data right on {trained_on(best)}."
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _numbers(arms: Mapping[str, _Row], pairs: Sequence[_Row]) -> list[KeyNumber]:
    """The ticket that the first pair asks about, what it is compared with, and the dense network, as far as there are.

    Without pairs, or a ticket in the first one, the ticket of the highest mean.
    """
    named = [arms[name] for pair in pairs[:1] for name in (pair["first"], pair["second"])]
    tickets = [row for row in arms.values() if row["kind"] == "own"] or list(arms.values())
    asked = [row for row in named if row["kind"] == "own"] or (tickets if len(tickets) == 1 else [])
    best = next(iter(asked), max(tickets, key=lambda row: row["accuracy_percent"]))
    role = "Ticket" if asked else f"Best of {len(tickets)} tickets, by its mean"
    found = [_number(role if best["kind"] == "own" else "Best arm", best)]
    if control := _control(best, arms, pairs):
        found.append(_number("Its control" if control["kind"] != "own" else "Compared with", control))
    compared = [row for row in named if row["kind"] == "dense"]  # which may not be the first of several
    dense = [row for row in [*compared, *arms.values()] if row["kind"] == "dense" and row is not best]
    return found + [_number("Dense network", row) for row in dense[:1]]


def _control(ticket: _Row, arms: Mapping[str, _Row], pairs: Sequence[_Row]) -> _Row | None:
    """What the study compares a ticket with first, unless it is dense; else a control of it, else another ticket."""
    name = ticket["arm"]
    named = [(pair["first"], pair["second"]) for pair in pairs if name in (pair["first"], pair["second"])]
    others = [arms[second if first == name else first] for first, second in named]
    made = [arms[found] for kind in _CONTROLS if (found := arm_name(ticket["ticket"], kind)) in arms]
    controls = [row for row in others if row["kind"] not in ("own", "dense")] + made
    tickets = [row for row in others if row["kind"] == "own"]
    first = [row for row in others[:1] if row["kind"] != "dense"]
    return next(iter([*first, *controls, *tickets]), None)


def _number(role: str, row: _Row) -> KeyNumber:
    low, high = row["accuracy_low_percent"], row["accuracy_high_percent"]
    interval: str = NOTHING if pd.isna(low) else f"{low:.1f} to {high:.1f}"
    value = f"{row['accuracy_percent']:.1f} %"
    return KeyNumber(role=role, arm=row["arm"], value=value, interval=interval, n=int(row["n"]))


def certainty(comparisons: pd.DataFrame) -> list[str]:
    """How sure the answer is, in everyday words; the verdict has the exact ones."""
    if comparisons.empty:
        return []
    found = []
    for pair in comparisons.to_dict("records"):
        if pair["n"] > 1:
            side, seeds = ("better", "wins") if pair["wins"] >= pair["losses"] else ("worse", "losses")
            agreed = f"{pair['first']} was {side} than {pair['second']} in {pair[seeds]} of {pair['n']} seeds"
            equal = f", equal in {pair['ties']}" if pair["ties"] else ""
            shown = "shown" if pair["difference_shown"] else "not shown"
            found.append(
                f"{agreed}{equal}: a difference is {shown} (Holm-adjusted p {p_value(pair['p_holm'], pair['alpha'])})."
            )
    return found


def spent(
    plan: Plan, arms: pd.DataFrame, costs: pd.DataFrame, electricity: Electricity | None = None
) -> tuple[list[str], list[str]]:
    """What finding the tickets cost, in sentences: what two runs share, and what was measured in this one."""
    n = int(costs["n"].max())
    passes, flops = (float((costs[column] * costs["n"]).sum()) for column in ("own_epochs", "own_flops"))
    shared = [
        f"Finding all tickets took {passes:,.0f} passes over training data and {amount(flops / 1e12)} TFLOPs of the "
        f"kept weights, over {n} seed{'s' * (n > 1)}."
    ]
    measured: list[str] = []
    best = _best_place(plan, arms, costs)
    elsewhere = sorted({name for ticket in plan.study.tickets for name in _given(plan, ticket)})
    if elsewhere:
        shared.append(
            f"What it took to find {' and '.join(elsewhere)} elsewhere is not known, and not in these figures."
        )
    if best is not None:
        row, dense = best
        if given_before(plan, row["ticket"], int(row["round"])):
            dense = None
        times = f", {amount(row['epochs'] / dense['epochs'])} times a dense training" if dense is not None else ""
        shared.append(
            f"The ticket of the highest mean, {row['ticket']} after round {row['round']}, took {amount(row['epochs'])} "
            f"passes and {amount(row['flops'] / 1e12)} TFLOPs a seed{times}."
        )
        if not pd.isna(row["seconds"]):
            energy = energy_in_words(row["joules"], electricity)
            measured.append(f"On this machine that was {amount(row['seconds'] / 60)} minutes a seed; {energy}.")
    if not trained_when_found(arms):
        shared.append("Training the arms on the target comes on top and is not in these figures.")
    return shared, measured


def _given(plan: Plan, ticket: str) -> list[str]:
    return given_before(plan, ticket, plan.last_round(ticket))


def _best_place(plan: Plan, arms: pd.DataFrame, costs: pd.DataFrame) -> tuple[_Row, _Row | None] | None:
    """The costs of the best ticket's round, and of the dense network that it is held against."""
    own = arms[arms["kind"] == "own"]
    if own.empty:
        return None
    best = max(own.to_dict("records"), key=lambda row: float(row["accuracy_percent"]))
    of_place = {(row["ticket"], row["round"]): row for row in costs.to_dict("records")}
    here = of_place.get((best["ticket"], best["round"]))
    dense = dense_round(plan, best["ticket"], int(best["round"]))
    return (here, of_place.get(dense) if dense else None) if here else None
