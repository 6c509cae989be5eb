"""What of a study's tickets was found outside of it: in files that it is given."""

from collections.abc import Iterable

from lth.config.tickets import GivenTicket
from lth.plan.plan import Plan


def given_before(plan: Plan, ticket: str, round_: int) -> list[str]:
    """The given tickets that a ticket's round is, or was made from: what finding them took is not known here."""
    names = dict.fromkeys(name for name, _ in plan.lineage(ticket, round_))
    return [name for name in names if isinstance(plan.study.tickets[name], GivenTicket)]


def one_for_all_seeds(plan: Plan, tickets: Iterable[str]) -> list[str]:
    """Of given tickets those that all seeds have from one file, so that seeds repeat their training alone."""
    seeds = plan.study.seeds
    files = {name: {plan.study.tickets[name].options.input_file(seed) for seed in seeds} for name in tickets}
    return [name for name, found in files.items() if len(seeds) > 1 and len(found) == 1]
