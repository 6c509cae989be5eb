"""Which dense training a ticket's round is held against."""

from collections.abc import Iterator

from lth.plan.plan import Plan


def dense_round(plan: Plan, ticket: str, round_: int) -> tuple[str, int] | None:
    """The dense network that a round is compared with: the same network, trained on the same data set.

    Its own chain's round 0, where it has one, or the one that it prunes instead (`dense_of`); else, of the same
    recipe and from theta_0, a ticket of the method `dense` or another chain's round 0, in the order of the study. None
    where the study trains no such network.
    """
    dataset, network = plan.dataset(ticket, round_), plan.study.tickets[ticket].network
    found = [place for place in _dense_rounds(plan, network) if plan.dataset(*place) == dataset]
    own = [place for place in found if place[0] in (ticket, plan.dense_of(ticket))]
    begun = [place for place in found if not plan.parents(*place)]  # a start may have been trained before
    alike = [place for place in begun if plan.recipe_name(*place) == plan.recipe_name(ticket, round_)]
    return next(iter([*own, *alike]), None)


def _dense_rounds(plan: Plan, network: str) -> Iterator[tuple[str, int]]:
    """Rounds that prune nothing, tickets of the method `dense` first."""
    names = [name for name, spec in plan.study.tickets.items() if spec.network == network]
    for name in sorted(names, key=lambda name: plan.study.tickets[name].method != "dense"):
        spec = plan.study.tickets[name]
        if spec.method == "dense" or (spec.method == "imp" and plan.density(name, plan.rounds(name)[0]) == 1):
            yield name, plan.rounds(name)[0]
