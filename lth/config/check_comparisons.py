"""Rules of comparisons: tickets trained on one data set, a density that each of them reaches, arms that exist."""

from collections.abc import Iterator
from contextlib import suppress

from lth.config.check_evaluations import compared, one_network, unreached
from lth.config.draft import Unknown, items
from lth.config.models import Comparison, Study
from lth.config.plan import Plan
from lth.config.problems import Fault
from lth.config.wording import listed


def _named_once(study: Study, name: str, _: Comparison) -> Iterator[Fault]:
    if name in study.evaluations:
        yield ("comparisons", name), "is the name of an evaluation, too; their tables would lie in one folder"


def _one_dataset(study: Study, name: str, comparison: Comparison) -> Iterator[Fault]:
    """Accuracies on different data sets are not compared."""
    if name in study.evaluations:
        return  # reported; and the plan looks there first
    plan = Plan(study)
    arms = [(arm, plan.dataset(arm.ticket, arm.round)) for arm in plan.arms(name)]
    for arm, dataset in arms[1:]:
        first = arms[0]
        if dataset == first[1]:
            continue
        message = f"'{arm.ticket}' was trained on '{dataset}' in round {arm.round}, '{first[0].ticket}' on '{first[1]}'"
        if arm.ticket in comparison.tickets:
            position = str(comparison.tickets.index(arm.ticket))
            yield ("comparisons", name, "tickets", position), f"{message}; a comparison needs one data set"
        else:
            advice = f"add a ticket with `method: dense` on '{first[1]}', as the arm `dense`"
            yield ("comparisons", name, "tickets"), f"{message}; {advice}"


def _one_network(study: Study, name: str, comparison: Comparison) -> Iterator[Fault]:
    """Accuracies of different networks at one density are not compared: they keep different numbers of weights."""
    places = [(("tickets", position), ticket) for position, ticket in items(comparison.tickets)]
    yield from one_network(study, ("comparisons", name), places, "a comparison needs one network")


def _reached(study: Study, name: str, comparison: Comparison) -> Iterator[Fault]:
    sparse = []
    for _, ticket in items(comparison.tickets):
        with suppress(Unknown):
            sparse += [ticket] if study.tickets[ticket].method != "dense" else []
    if message := unreached(Plan(study), sparse, comparison.density):
        yield ("comparisons", name, "density"), message


def _one_dense(study: Study, name: str, comparison: Comparison) -> Iterator[Fault]:
    """One arm is called dense."""
    dense = [ticket for _, ticket in items(comparison.tickets) if study.tickets[ticket].method == "dense"]
    if len(dense) == len(comparison.tickets):
        yield ("comparisons", name, "tickets"), "has no sparse ticket to compare with the dense network; add one"
    elif len(dense) > 1:
        message = f"has more than one dense ticket ({listed(dense)}), and one arm is called `dense`; keep one of them"
        yield ("comparisons", name, "tickets"), message
    if "dense" in comparison.tickets and "dense" not in dense:
        position = str(comparison.tickets.index("dense"))
        message = "one arm is called `dense`, the whole network; give this ticket another name, or `method: dense`"
        yield ("comparisons", name, "tickets", position), message


def _compared(study: Study, name: str, comparison: Comparison) -> Iterator[Fault]:
    if name not in study.evaluations:
        yield from compared(("comparisons", name), comparison.compare, [arm.name for arm in Plan(study).arms(name)])


COMPARISON_RULES = (_named_once, _one_dataset, _one_network, _one_dense, _reached, _compared)
