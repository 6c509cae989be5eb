"""Rules about layers: which of them a ticket names, and whether those of its start or base are as it needs them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from lth.checks.wording import listed
from lth.config.base import Fault, KeyPath
from lth.config.layers import LayerRates
from lth.config.study import Study
from lth.config.tickets import ChainTicket, PrunedTicket, TicketSpec
from lth.plan.counted import counted_by
from lth.plan.plan import Plan

if TYPE_CHECKING:
    from torch import nn

BASE: KeyPath = ("base", "ticket")
"""Where a ticket says which one its weights are from."""


def layers_exist(ticket: PrunedTicket, architecture: str, layers: Sequence[str]) -> Iterator[Fault]:
    """The kinds of layers that a ticket names are among those that its network has, and something is pruned."""
    named: list[tuple[KeyPath, str]] = [
        (("unpruned", n), kind) for n, kind in enumerate(ticket.unpruned) if kind not in layers
    ]
    for path, rates in ticket.rates_of_layers() if isinstance(ticket, ChainTicket) else ():
        given = [own for own in LayerRates.covers if getattr(rates, own) is not None]
        named += [((*path, own), own) for own in given if not {*LayerRates.covers[own]} & {*layers}]
    for path, kind in named:
        yield path, f"'{architecture}' has no '{kind}' layers; its layers are {listed(layers)}"
    if set(ticket.unpruned) >= set(layers):
        message = f"leaves nothing to prune: '{architecture}' has {listed(layers)} layers only; take one of them out"
        yield ("unpruned",), message
    elif ticket.groups == "filters" and "output" in layers and "output" not in ticket.unpruned:
        message = "'filters' of the last layer are the classes, which must stay; add `output` to `unpruned`"
        yield ("groups",), message


def patterns_fit(ticket: PrunedTicket, architecture: str, network: "nn.Module") -> Iterator[Fault]:
    """Each pattern of `layer_densities` is the first that fits some layer of the network. Imports torch."""
    from lth.networks.build import prunable_names
    from lth.pruning.allocation import first_fitting

    patterns = ticket.layer_densities or {}
    names = prunable_names(network)
    for pattern in {*patterns} - {first_fitting(patterns, name) for name in names}:
        some = listed([name.removesuffix(".weight") for name in names[:4]])
        message = f"no layer of '{architecture}' has '{pattern}' as its first pattern; its layers are {some}"
        yield ("layer_densities", pattern), f"{message}{', ...' if len(names) > 4 else ''}"


def pruned_alike(ticket: ChainTicket, start: TicketSpec, name: str) -> Iterator[Fault]:
    """The start of a chain was pruned in the same groups, and in layers that keep what the others do."""
    if not isinstance(start, PrunedTicket):
        if ticket.groups is not None or ticket.layer_densities:
            key = "groups" if ticket.groups is not None else "layer_densities"
            message = f"'{name}' was not pruned like that, so that layers may have less left than this ticket's `{key}`"
            yield ("start",), f"{message} are to keep; take `{key}` out"
        return
    if ticket.groups != start.groups:
        one, other = (found or "single weights" for found in (start.groups, ticket.groups))
        yield ("start",), f"'{name}' was pruned in {one}, this ticket is in {other}; give both the same `groups`"
    if ticket.layer_densities or start.layer_densities:
        message = f"'{name}' or this ticket has `layer_densities`, so that layers may have less left than is to be kept"
        yield ("start",), f"{message}; take them out, or prune from the dense network"


def base_is_dense(plan: Plan, names: Iterable[str]) -> Iterator[Fault]:
    """The ticket whose weights are transformed has all of them."""
    for name in names:
        if (density := plan.density(name, plan.last_round(name))) < 1:
            message = f"'{name}' keeps {float(density):.4g} of its weights in its last round; a dense one is needed"
            yield BASE, f"{message}: one of `method: dense`, or `given` from the file of a dense network"


def keeps_groups(study: Study, name: str) -> bool:
    """Whether a ticket keeps whole filters or channels."""
    return getattr(counted_by(study, name), "groups", None) is not None


def no_rewiring(kind: str, ticket: str) -> str:
    """Why a ticket has no such control."""
    words = f"'{ticket}' keeps whole filters or channels (`groups`), for which there is no other mask with as many"
    return f"{words} weights at each unit; found '{kind}', take it out"
