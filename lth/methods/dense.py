"""The dense network, trained and never pruned: what sparse ones are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lth.config.options import Options
from lth.methods.found import Found

if TYPE_CHECKING:
    from lth.methods.round import Round


class Dense(Options):
    """No options."""

    def summary(self, rounds: str, scope: str) -> str:  # noqa: ARG002
        """Nothing is pruned."""
        return "dense, never pruned"


def find(round_: Round, options: Dense) -> Found:  # noqa: ARG001
    """theta_0, unpruned."""
    return Found(ticket=round_.dense)
