"""Dual lottery tickets (Bai et al. 2022): a randomly chosen subnetwork, made trainable before the rest is removed.

Random sparse network transformation (RST): the dense network is trained under a growing L2 penalty on the masked
weights, so that what they have learnt moves into the others; then they are removed. RST-Iter masks in several cycles.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from lth.config.base import Fault, Model, RecipeName, TicketName
from lth.config.options import Context, Options
from lth.methods.found import Found
from lth.methods.penalty import Penalty, PenaltyHook, rises_of

if TYPE_CHECKING:
    from torch import Tensor

    from lth.artifacts.tickets import Ticket
    from lth.methods.round import Round
    from lth.pruning.masks import Masks
    from lth.training.trained import Trained


class Base(Model):
    """The network that is transformed, where that is not theta_0."""

    ticket: TicketName
    """One of `tickets`: a dense one, or one that a file holds and that is dense (`method: given`)."""
    weights: Literal["trained", "initial"] = "trained"
    """Those after its training, or those that its training begins with."""


class Dual(Options):
    """Random sparse networks made trainable by moving what masked weights have learnt into the others (RST)."""

    transform: RecipeName
    """One of `recipes`: the training under the penalty, in each cycle, before the masked weights are removed."""
    penalty: Penalty = Penalty()
    """On the masked weights, from 0 in each cycle."""
    cycles: Annotated[int, Field(ge=1, le=50)] = 1
    """1 is RST; n is RST Iter-n: cycle c masks 1 - density^(c/n), those masked before and random others."""
    remove: Literal["end", "cycle", "start"] = "end"
    """When masked weights are removed for good: after the last cycle; after each one, so that later ones do not train
    them (the paper's code can); or before the transformation, which is a control: a random sparse network, trained as
    long by the same recipes."""
    choice: Literal["random", "smallest"] = "random"
    """Which weights are masked: random ones (the paper), or those smallest in the base (its code)."""
    base: Base | None = None
    """The network that is transformed; without it theta_0 (as the commands of the paper's code have it, whose
    "pretraining" saves the untrained network)."""
    tune_between: RecipeName | None = None
    """One of `recipes`: fine-tune the masked network after each cycle but the last. What is masked is removed then."""

    later_keys: ClassVar = ("base", "tune_between", "remove")

    def faults(self) -> Iterator[Fault]:
        """Between cycles there is something only if there are several, and no penalty on weights that are gone."""
        if self.remove == "start" and self.penalty != Penalty():
            yield ("penalty",), "has no effect with `remove: start`, which leaves no masked weights; take it out"
        if self.tune_between is not None and self.cycles == 1:
            yield ("tune_between",), "has no effect with one cycle; raise `cycles`, or take it out"

    def check(self, context: Context) -> Iterator[Fault]:
        """Lambda gets to its limit within the transformation; densities are given, not rounds."""
        if context.by_rounds:
            message = "`method: dual` masks to each density in cycles of its own, not in rounds; give `densities`"
            yield ("rounds",), f"{message} instead"
        if context.recipes[self.transform].patience:
            message = f"is trained to its end, found `patience` in recipe '{self.transform}'; give it one without"
            yield ("transform",), message
        if self.tune_between is not None and context.recipes[self.transform].freeze is not None:
            message = "weights that were removed are zero in the next cycle, where `freeze` zeroes their gradients"
            yield ("transform",), f"{message}, found it in recipe '{self.transform}'; use a recipe without it"
        if self.remove == "start":
            return  # there is no penalty on weights that are gone
        penalty = self.penalty
        needed = (rises_of(penalty) - 1) * penalty.every + 1
        for dataset in context.trained_on:
            steps, _ = context.length(self.transform, dataset)
            if needed > steps:
                message = f"takes {needed} steps to its limit, and recipe '{self.transform}' has {steps} on '{dataset}'"
                yield ("penalty",), f"{message}; raise `rise`, or lower `limit` or `every`"

    @property
    def extra_trainings(self) -> dict[str, int]:
        """The transformation, once a cycle, and the fine-tuning between them."""
        trainings = {self.transform: self.cycles}
        if self.tune_between is not None:
            trainings[self.tune_between] = trainings.get(self.tune_between, 0) + self.cycles - 1
        return trainings

    @property
    def moves_pruned(self) -> bool:
        """If there is a penalty."""
        return self.remove != "start" and self.penalty.limit > 0

    @property
    def starts_from_trained(self) -> bool:
        """If its base is trained."""
        return self.base is not None and self.base.weights == "trained"

    @property
    def base_ticket(self) -> str | None:
        """The ticket whose weights are transformed."""
        return self.base.ticket if self.base else None

    def variant(self) -> str:
        """RST or RST Iter-n, whether the penalty is left out, the base, and whether it is fine-tuned between cycles."""
        name = "RST" if self.cycles == 1 else f"RST Iter-{self.cycles}"
        way = "" if self.penalty.limit else " without penalty"
        parts = [
            f"{name}{' masked from the start' if self.remove == 'start' else way}",
            f"{self.base.weights} base" if self.base else "",
            "tuned between" if self.tune_between else "",
        ]
        return ", ".join(filter(None, parts))

    def summary(self, rounds: str, scope: str) -> str:  # noqa: ARG002
        """How many cycles."""
        cycles = f"in {self.cycles} cycle{'s' if self.cycles > 1 else ''}"
        cycles += ", fine-tuned between them" if self.tune_between else ""
        cycles += f", from the {self.base.weights} weights of '{self.base.ticket}'" if self.base else ""
        if self.remove == "start":
            return f"masked, then trained sparse {cycles}, {rounds}"
        if not self.penalty.limit:
            return f"trained dense without penalty {cycles}, then masked, {rounds}"
        return f"masked weights moved out by a growing penalty {cycles}, {rounds}"

    def initial_weights(self, ticket: str) -> str:
        """Those that the transformation leaves."""
        return f"weights of its own ('{ticket}' has `method: dual`)"


def find(round_: Round, options: Dual) -> Found:
    """The masks, over the weights that the transformation left."""
    from lth.pruning.masks import apply_masks
    from lth.pruning.scores.iterate import density_after_step

    dense = _base(round_, options)
    order, costs = _order(round_, options, dense), []
    weights, masks = dense.weights, dict(dense.masks)
    trainable = dict(dense.masks)
    for cycle in range(1, options.cycles + 1):
        moment = partial(density_after_step, step=cycle, steps=options.cycles)
        masks = dict(round_.allocate(order, dense.masks, moment))
        if options.remove == "start":
            weights, trainable = apply_masks(weights, masks), masks
        trained = _transformed(round_, options, weights, masks, trainable, cycle)
        costs.append((f"transform {cycle}", trained.meter))
        weights = trained.weights
        if options.remove == "cycle" or options.tune_between:
            weights = apply_masks(weights, masks)
        if options.remove == "cycle":
            trainable = masks
        if options.tune_between and cycle < options.cycles:
            tuned = _tuned(round_, weights, masks, cycle)
            costs.append((f"tune {cycle}", tuned.meter))
            weights = tuned.weights
    return Found(ticket=dense.derive(masks, weights), costs=tuple(costs))


def _base(round_: Round, options: Dual) -> Ticket:
    """The dense network that is transformed."""
    if options.base is None:
        return round_.dense
    weights = round_.trained.last if options.base.weights == "trained" else round_.parent.weights
    return round_.dense.derive(round_.dense.masks, weights)


def _tuned(round_: Round, weights: dict[str, Tensor], masks: Masks, cycle: int) -> Trained:
    """Train what the masks of a cycle leave."""
    from lth.networks.build import holding
    from lth.training.train import train

    return train(
        holding(round_.spec.network, weights),
        masks,
        round_.examples,
        round_.spec.recipes["tune_between"],
        seed=round_.further("tune", cycle),
        device=round_.device,
        log=lambda line: round_.log(f"fine-tuning after cycle {cycle}  {line}"),
        scratch=round_.scratch,
        more=True,
        capture=round_.capture,
    )


def _transformed(
    round_: Round, options: Dual, weights: dict[str, Tensor], masks: Masks, trainable: Masks, cycle: int
) -> Trained:
    """Train all weights, or those that are left, with the penalty on those outside the masks."""
    from lth.networks.build import holding
    from lth.training.train import train

    trained = train(
        holding(round_.spec.network, weights),
        trainable,
        round_.examples,
        round_.spec.recipes["transform"],
        seed=round_.further("transform", cycle),
        device=round_.device,
        log=lambda line: round_.log(f"transform, cycle {cycle}/{options.cycles}  {line}"),
        hook=PenaltyHook(options.penalty, masks) if options.remove != "start" else None,
        scratch=round_.scratch,
        more=True,
        capture=round_.capture,
    )
    kept, masked = _root_mean_squares(trained.weights, masks)
    round_.log(f"transform, cycle {cycle}: root mean square of kept weights {kept:.3g}, of masked ones {masked:.3g}")
    return trained


def _order(round_: Round, options: Dual, dense: Ticket) -> dict[str, Tensor]:
    """Scores by which weights are masked, the least first: the same in all cycles, so that masks are nested."""
    from lth.pruning.scores.chance import draws

    if options.choice == "smallest":
        return {name: dense.weights[name].abs() for name in dense.masks}
    return draws(dense.masks, round_.random_scores())


def _root_mean_squares(weights: dict[str, Tensor], masks: Masks) -> tuple[float, float]:
    """Of the weights inside and outside the masks."""
    import torch

    from lth.pruning.masks import root_mean_square

    inside = torch.cat([weights[name][mask] for name, mask in masks.items()])
    outside = torch.cat([weights[name][~mask] for name, mask in masks.items()])
    return root_mean_square(inside), root_mean_square(outside)
