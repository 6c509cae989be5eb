"""Trained weights: what training a ticket gave, tied to the ticket's file."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from torch import Tensor

from lth.artifacts.kept import kept_values, whole
from lth.artifacts.repair import advice
from lth.artifacts.tensors import read_tensors, type_name, write_tensors
from lth.artifacts.tickets import Ticket
from lth.errors import UserError
from lth.files import checksum
from lth.printable import printable

_SHOWN = 120
"""Characters of a file's own words that a sentence repeats."""


@dataclass(frozen=True, kw_only=True)
class TrainedWeights:
    """Weights that training a ticket gave, by parameter or buffer."""

    last: Mapping[str, Tensor]
    """After the last step."""
    best: Mapping[str, Tensor] = field(default_factory=dict)
    """At the step of least validation loss, where a score needs them."""
    early: Mapping[str, Tensor] = field(default_factory=dict)
    """After the step that later rounds rewind to, if they do."""

    def save(self, path: Path, ticket: Path, masks: Mapping[str, Tensor] | None = None) -> None:
        """Write them, tied to the ticket by its checksum; of a masked layer the kept weights, if all others are zero.

        Args:
            path: the file.
            ticket: the ticket's file.
            masks: what it holds, if that is known; it is read otherwise.
        """
        masks = Ticket.load(ticket).masks if masks is None else masks
        tensors = {
            f"{moment.name}/{name}": _stored(weight, masks.get(name))
            for moment in fields(self)
            for name, weight in getattr(self, moment.name).items()
        }
        write_tensors(path, "weights", tensors, {"ticket": checksum(ticket)})

    @classmethod
    def load(cls, path: Path, ticket: Path) -> "TrainedWeights":
        """Read them; raises UserError if they do not come from training this very ticket."""
        tensors, metadata = read_tensors(path, "weights")
        if metadata["ticket"] != checksum(ticket):
            shown = f"{printable(path)}: was not trained from {printable(ticket)} as it is now"
            raise UserError(f"{shown}", advice(path))
        started = Ticket.load(ticket)
        moments: dict[str, dict[str, Tensor]] = {moment.name: {} for moment in fields(cls)}
        for name, tensor in tensors.items():
            moment, _, weight = name.partition("/")
            if moment not in moments or weight not in started.weights:
                raise UserError(
                    f"{printable(path)}: has a tensor '{printable(name, _SHOWN)}', which no ticket is trained to"
                )
            moments[moment][weight] = _trained(path, name, tensor, started.weights[weight], started.masks.get(weight))
        return cls(**moments)


def _stored(weight: Tensor, mask: Tensor | None) -> Tensor:
    """What is written of a trained parameter: [kept] of a masked one whose other weights are zero, else all of it."""
    if mask is None or weight[~mask].count_nonzero():  # the early weights of a network that was denser then
        return weight.clone()  # moments may share memory, which safetensors refuses
    return kept_values(weight, mask)


def _trained(path: Path, name: str, tensor: Tensor, start: Tensor, mask: Tensor | None) -> Tensor:
    """A trained parameter, whole, if it is of its ticket's type and shape."""
    if tensor.dtype == start.dtype and tensor.shape == start.shape:
        return tensor
    shapes = f"{list(start.shape)}"
    if mask is not None:
        kept = int(mask.count_nonzero())
        if tensor.dtype == start.dtype and list(tensor.shape) == [kept]:
            return whole(tensor, mask)
        shapes += f" and keeps {kept}"
    found, needed = f"{type_name(tensor)} {list(tensor.shape)}", f"{type_name(start)} {shapes}"
    raise UserError(f"{printable(path)}: {name} is {found}, where its ticket has {needed}", advice(path))
