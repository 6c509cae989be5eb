"""Tickets: masks, the initial weights they belong to, and where they came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lth import masks as algebra
from lth.artifacts import read_tensors, write_tensors
from lth.config.models import Network
from lth.errors import UserError
from lth.files import checksum
from lth.networks.build import holding, initial_weights, layout, prunable_names
from lth.repair import advice

MASK, WEIGHTS = "mask/", "weights/"
RECORD = "record"
"""The entry of the provenance that says what training this very ticket gave, with the checksums of its tables."""


@dataclass(frozen=True)
class Ticket:
    """A mask over a known initialisation."""

    masks: dict[str, Tensor]
    """bool, by prunable parameter."""
    weights: dict[str, Tensor]
    """The initial weights, by parameter or buffer; pruned ones are exactly zero."""
    provenance: dict[str, Any]
    """Network, ticket, method, data set, round, seed, counts, and the parent's checksum."""

    @classmethod
    def dense(cls, network: Network, seed: int) -> "Ticket":
        """Nothing pruned yet: theta_0 of a seed."""
        weights = initial_weights(network, seed)
        masks = {name: torch.ones_like(weights[name], dtype=torch.bool) for name in prunable_names(layout(network))}
        return cls(masks, weights, {"network": network.model_dump(), "seed": seed, "parent": None})

    def derive(self, masks: Mapping[str, Tensor], weights: Mapping[str, Tensor], **provenance: Any) -> "Ticket":
        """A ticket made from this one: other masks or weights, provenance updated, and without its record."""
        inherited = {key: value for key, value in self.provenance.items() if key != RECORD}
        return Ticket(dict(masks), algebra.apply(weights, masks), {**inherited, **provenance})

    def layers(self) -> list[tuple[str, int, int, int]]:
        """(layer, kept, total, outputs) for each prunable parameter, in network order."""
        return [(name, int(mask.count_nonzero()), mask.numel(), len(mask)) for name, mask in self.masks.items()]

    def network(self) -> nn.Module:
        """The ticket's network, holding its weights; on the CPU."""
        return holding(Network.model_validate(self.provenance["network"]), self.weights)

    @property
    def density(self) -> float:
        """Share of prunable weights kept."""
        return algebra.kept(self.masks) / algebra.total(self.masks)

    def save(self, path: Path) -> None:
        """Write the artifact; layer order is kept in the metadata, since safetensors sorts."""
        tensors = {MASK + name: mask.to(torch.uint8) for name, mask in self.masks.items()}
        tensors |= {WEIGHTS + name: weight for name, weight in algebra.apply(self.weights, self.masks).items()}
        counts = {"kept": algebra.kept(self.masks), "total": algebra.total(self.masks), "layers": list(self.masks)}
        write_tensors(path, "ticket", tensors, {**self.provenance, **counts})

    @classmethod
    def load(cls, path: Path, network: Network | None = None, **expected: Any) -> "Ticket":
        """Read a ticket and check that it is whole, and that it is the one that is meant.

        Args:
            path: the file.
            network: the network that it must belong to; any, if none is given.
            **expected: what its provenance must say (`seed=3`); None for what it must not mention.

        Raises:
            UserError: damaged, not a ticket, mask values other than 0 and 1, a pruned weight that is not zero, weights
                that are not finite, made for another network, or another ticket than expected.
        """
        tensors, metadata = read_tensors(path, "ticket")
        if network is not None and metadata.get("network") != network.model_dump():
            raise UserError(
                f"{path}: belongs to {_describe(metadata.get('network'))}, not to {_describe(network.model_dump())}"
            )
        for key, value in expected.items():
            found = metadata.get(key)
            if found != value:
                raise UserError(f"{path}: its {key} is {found}, where {value} is needed{advice(path)}")
        layers = metadata.get("layers")
        stored = [name.removeprefix(MASK) for name in tensors if name.startswith(MASK)]
        if not isinstance(layers, list) or sorted(map(str, layers)) != sorted(stored):
            raise UserError(f"{path}: its masks are for {sorted(stored)}, but its metadata lists the layers {layers}")
        weights = {name.removeprefix(WEIGHTS): t for name, t in tensors.items() if name.startswith(WEIGHTS)}
        masks = {layer: _checked_mask(path, layer, tensors[MASK + layer], weights) for layer in layers}
        return cls(masks, weights, metadata)


@dataclass(frozen=True, kw_only=True)
class TrainedWeights:
    """Weights that training a ticket gave, by parameter or buffer."""

    last: Mapping[str, Tensor]
    """After the last step."""
    best: Mapping[str, Tensor] = field(default_factory=dict)
    """At the step of least validation loss, where a score needs them."""
    early: Mapping[str, Tensor] = field(default_factory=dict)
    """After the step that later rounds rewind to, if they do."""

    def save(self, path: Path, ticket: Path) -> None:
        """Write them, tied to the ticket by its checksum."""
        tensors = {
            f"{moment.name}/{name}": weight.clone()  # moments may share memory, which safetensors refuses
            for moment in fields(self)
            for name, weight in getattr(self, moment.name).items()
        }
        write_tensors(path, "weights", tensors, {"ticket": checksum(ticket)})

    @classmethod
    def load(cls, path: Path, ticket: Path) -> "TrainedWeights":
        """Read them; raises UserError if they do not come from training this very ticket."""
        tensors, metadata = read_tensors(path, "weights")
        if metadata.get("ticket") != checksum(ticket):
            raise UserError(f"{path}: was not trained from {ticket} as it is now{advice(path)}")
        moments: dict[str, dict[str, Tensor]] = {moment.name: {} for moment in fields(cls)}
        for name, tensor in tensors.items():
            moment, _, weight = name.partition("/")
            moments[moment][weight] = tensor
        return cls(**moments)


def _checked_mask(path: Path, layer: str, mask: Tensor, weights: Mapping[str, Tensor]) -> Tensor:
    weight = weights.get(layer)
    if weight is None or weight.shape != mask.shape:
        found = "missing" if weight is None else f"of shape {list(weight.shape)}"
        raise UserError(f"{path}: mask of {layer} has shape {list(mask.shape)}, its weight is {found}")
    if mask.dtype != torch.uint8 or int(mask.max()) > 1:
        raise UserError(f"{path}: mask of {layer} holds values other than 0 and 1")
    if not weight.isfinite().all():
        raise UserError(f"{path}: weight of {layer} holds values that are not finite")
    kept = mask.bool()
    if weight[~kept].count_nonzero():
        raise UserError(f"{path}: {layer} has pruned weights that are not zero")
    return kept


def _describe(network: Any) -> str:
    if not isinstance(network, dict):
        return "an unknown network"
    if network.get("model"):
        return "network {architecture} ({model} to {classes})".format_map(network)
    return "network {architecture} ({channels}x{size}x{size} to {classes}, {initialisation})".format_map(network)
