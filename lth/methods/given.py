"""A ticket from a file: found elsewhere, and trained, continued or compared here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from lth.artifacts.records import RecordError, layer_counts
from lth.config.base import Fault, Folder
from lth.config.options import Context, Options
from lth.errors import UserError
from lth.methods.found import Found
from lth.printable import printable

if TYPE_CHECKING:
    from lth.config.data import Network
    from lth.methods.round import Round

_SHOWN = 60
"""Characters of a name that a sentence repeats."""


class GivenTicketOptions(Options):
    """A ticket that a file holds: one round, which is number 1 and prunes nothing."""

    file: Folder
    """The ticket's file (`ticket.safetensors`), by its path from the folder that the study is run in. `{seed}` in it
    stands for the seed, where each seed has its own; otherwise all seeds train one ticket. A checkpoint of another
    program is made a ticket first: `lth import`."""

    def input_file(self, seed: int) -> str | None:
        """The file of a seed."""
        return str(Path(self.file.replace("{seed}", str(seed))).expanduser())

    def initial_density(self, seed: int, whole: Collection[str] = ()) -> Fraction:
        """The share of weights that the file keeps; 1 if it cannot be read, which the check reports."""
        try:
            counts = self._counts(seed, whole)
        except RecordError:
            return Fraction(1)
        total = sum(total for _, total in counts.values())
        return Fraction(sum(kept for kept, _ in counts.values()), total) if total else Fraction(1)

    def layers(self, seed: int) -> tuple[str, ...]:
        """The layers of the file; none if it cannot be read, which the check reports."""
        try:
            return tuple(self._counts(seed))
        except RecordError:
            return ()

    def is_uniform(self, seed: int, whole: Collection[str] = ()) -> bool:
        """Whether each layer keeps the same share, to within one weight, as layerwise pruning leaves them."""
        share = self.initial_density(seed, whole)
        return all(abs(kept - share * total) <= 1 for kept, total in self._counts(seed, whole).values())

    def _counts(self, seed: int, whole: Collection[str] = ()) -> dict[str, tuple[int, int]]:
        counts = layer_counts(Path(self.input_file(seed) or ""))
        return {layer: count for layer, count in counts.items() if layer not in whole}

    def check(self, context: Context) -> Iterator[Fault]:
        """The files are there, are tickets, and keep the same share for all seeds."""
        shares, layers = set(), _layers(context.network)
        for seed in context.seeds:
            try:
                counts = self._counts(seed)
            except RecordError as error:
                yield ("file",), f"'{self.input_file(seed)}' {error}; a ticket's file is needed"
                return
            sizes = {layer: total for layer, (_, total) in counts.items()}
            if layers is not None and sizes != layers:
                shown = " and ".join(_shown(one) for one in (sizes, layers))
                words = f"is no ticket of this network: the weights of their layers are {shown}"
                yield ("file",), f"'{self.input_file(seed)}' {words}; give the network that it was found in"
                return
            shares.add(self.initial_density(seed))
        if len(shares) > 1:
            found = ", ".join(f"{float(share):.4g}" for share in sorted(shares))
            yield ("file",), f"the seeds' tickets keep different shares of their weights, {found}; they must keep one"

    def variant(self) -> str:
        """Where it comes from."""
        return "from a file"

    def summary(self, rounds: str, scope: str) -> str:  # noqa: ARG002
        """The file."""
        return f"the ticket of {self.file}"

    def initial_weights(self, ticket: str) -> str | None:
        """Those of the file."""
        return f"weights from a file ('{ticket}')"


def _layers(network: Network) -> dict[str, int] | None:
    """How many weights each prunable layer has; None if the network cannot be built, which is reported itself."""
    from lth.artifacts.tickets import network_shapes

    try:
        shapes, prunable = network_shapes(network)
    except UserError:
        return None
    return {name: shapes[name].numel() for name in prunable}


def _shown(layers: Mapping[str, int]) -> str:
    first = ", ".join(f"{printable(name, _SHOWN)} {total}" for name, total in list(layers.items())[:3])
    return f"{first}, ..." if len(layers) > 3 else first


def find(round_: Round, options: GivenTicketOptions) -> Found:  # noqa: ARG001
    """The file's masks over the file's weights.

    Raises:
        UserError: it is no ticket, or one of another network.
    """
    from lth.artifacts.tickets import Ticket
    from lth.files import checksum

    path, spec = round_.files.given, round_.spec
    assert path is not None
    ticket = Ticket.load(path).of_network(spec.network, path)
    told = {"network": spec.network.model_dump(), "seed": spec.seed, "parent": None, "given": checksum(path)}
    return Found(ticket=Ticket(ticket.masks, ticket.weights, told))
