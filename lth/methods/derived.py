"""A control that is trained like the ticket: its masks, round by round, with one thing changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from lth.catalog.controls import ARM_KINDS, DerivedKind
from lth.config.base import Fault, RoundCount, TicketName
from lth.config.noise import Noise
from lth.config.options import THETA_0, Context, Options
from lth.methods.found import Found

if TYPE_CHECKING:
    from lth.methods.round import Round


class Derived(Options):
    """Another ticket's masks, round by round, with one thing changed."""

    of: TicketName
    """The ticket whose rounds are followed."""
    kind: DerivedKind = "reinitialised"
    """Which control; they are described under `controls` of an evaluation. `reinitialised`: newly drawn weights under
    the masks."""
    of_round: RoundCount | None = None
    """Only that round of `of`, instead of all its pruned ones or every so-many-th."""
    draw: Annotated[int, Field(ge=0, le=1000)] = 0
    """Which of several independent draws of weights or masks a seed gets."""
    noise: Noise | None = None
    """For `noisy`: how much is added; without it a tenth of the root mean square of a layer's kept weights."""

    later_keys: ClassVar = ("noise", "of_round")

    def faults(self) -> Iterator[Fault]:
        """Noise only for `noisy`."""
        if self.noise is not None and self.kind != "noisy":
            yield ("noise",), f"only `kind: noisy` has it, and `kind` is '{self.kind}'; take it out"

    def rounds_of(self) -> Mapping[str, int]:
        """The round that is followed, where it is named."""
        return {self.of: self.of_round} if self.of_round else {}

    def check(self, context: Context) -> Iterator[Fault]:
        """Other masks are over theta_0: of a ticket over other weights two things would have changed."""
        if ARM_KINDS[self.kind].weights == "theta_0" and (weights := context.weights_of(self.of)) != THETA_0:
            message = f"a {self.kind} mask is over theta_0, and '{self.of}' starts from {weights}"
            yield ("of",), f"{message}, so that two things would differ; derive a ticket over theta_0"

    @property
    def trains_as_parent(self) -> bool:
        """Always: one thing is changed, and that is not how long it is trained."""
        return True

    def variant(self) -> str:
        """The kind, how much noise and which draw if a study says it, and of which ticket."""
        size = f" {self.noise.words()}" if self.noise else ""
        draw = f" (draw {self.draw})" if self.draw else ""
        return f"{self.kind}{size}{draw}, of {self.of}"

    def summary(self, rounds: str, scope: str) -> str:  # noqa: ARG002
        """The kind, and of which ticket."""
        return f"{ARM_KINDS[self.kind].about.format(of=self.of)}, round by round"

    def initial_weights(self, ticket: str) -> str | None:  # noqa: ARG002
        """New ones, or theta_0, perhaps of another scale."""
        if ARM_KINDS[self.kind].weights == "theta_0":
            return None
        if self.kind == "reinitialised":
            return f"newly drawn weights (draw {self.draw})"
        return self.variant()  # whose round is named where it is asked for


def find(round_: Round, options: Derived) -> Found:
    """The control of the parent's round."""
    from lth.methods.controls import control

    spec = round_.spec
    made = control(round_.parent, options.kind, spec.network, spec.seed, options.of, options.draw, options.noise)
    return Found(ticket=made, data_order=round_.further(*spec.further) if spec.further else None)
