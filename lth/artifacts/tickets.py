"""Tickets: masks, the initial weights they belong to, and where they came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import nan
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from lth.artifacts.kept import BITS, GAPS, coded, decoded, kept_values, whole
from lth.artifacts.repair import advice
from lth.artifacts.tensors import check_tensor, read_tensors, write_tensors
from lth.catalog.architectures import ARCHITECTURES, OwnArchitecture
from lth.config.data import Network
from lth.errors import UserError
from lth.networks.build import holding, initial_weights, layout, prunable_names
from lth.paths import expanded
from lth.printable import printable
from lth.pruning import masks as algebra
from lth.pruning.paths import on_path

_WEIGHTS, _VALUES = "weights/", "values/"
"""What the names of tensors begin with: a whole parameter or buffer; the kept weights of a layer, in index order."""
INTEGER = (torch.int64, torch.int32, torch.bool)
"""Types of buffers that count or index: of batch norms, of the tables of positions."""
_SHOWN = 120
"""Characters of a file's own words that a sentence repeats."""
RECORD = "record"
"""The entry of the provenance that says what training this very ticket gave, with the checksums of its tables."""


@dataclass(frozen=True, repr=False)
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

    def __repr__(self) -> str:
        told = self.provenance
        words = [f"{key} {told[key]}" for key in ("method", "control", "dataset", "seed", "round") if key in told]
        counts = f"{algebra.kept(self.masks)} of {algebra.total(self.masks)} weights in {len(self.masks)} layers"
        return f"<Ticket: density {100 * self.density:.2f} % ({counts}); {', '.join(words)}>"

    def derive(self, masks: Mapping[str, Tensor], weights: Mapping[str, Tensor], **provenance: Any) -> "Ticket":
        """A ticket made from this one: other masks or weights, provenance updated, and without its record."""
        inherited = {key: value for key, value in self.provenance.items() if key != RECORD}
        return Ticket(dict(masks), algebra.apply_masks(weights, masks), {**inherited, **provenance})

    def layers(self) -> list[tuple[str, int, int, int]]:
        """(layer, kept, total, outputs) for each prunable parameter, in network order."""
        return [(name, int(mask.count_nonzero()), mask.numel(), len(mask)) for name, mask in self.masks.items()]

    def module(self) -> nn.Module:
        """The ticket's network as a plain `nn.Module` on the CPU, holding its weights; pruned ones are zero.

        Raises:
            UserError: its provenance names no network, or one that this process does not know.
        """
        return holding(self.network, self.weights)

    @property
    def network(self) -> Network:
        """The description of the network that it was found in.

        Raises:
            UserError: its provenance names no network, or one that this process does not know.
        """
        told = self.provenance.get("network")
        try:
            return Network.model_validate(told)
        except ValidationError:
            name = told.get("architecture") if isinstance(told, Mapping) else None
        if isinstance(name, str) and name.startswith("in_memory:"):
            words = f"'{printable(name, _SHOWN)}' was only in the memory of the process that found it"
            raise UserError(f"the ticket's network: {words}; give it: `lth.load(path, model=...)`")
        raise UserError("the ticket's provenance names no network that is known")

    def of_network(self, network: Network, path: Path) -> "Ticket":
        """The ticket itself.

        Args:
            network: whose ticket it must be, by the names and shapes of its parameters and prunable layers.
            path: its file, for error messages.

        Raises:
            UserError: it is one of another network.
        """
        _check_network(path, self.masks, self.weights, network)
        return self

    @property
    def density(self) -> float:
        """Share of prunable weights kept."""
        return algebra.kept(self.masks) / algebra.total(self.masks)

    def on_path(self) -> dict[str, Tensor] | None:
        """The kept weights that a path joins to an input and to an output, as masks (`lth.pruning.paths`).

        Their share is the ticket's effective density (Vysogorets & Kempe 2023). None for networks with attention,
        embeddings, or norms other than batch norm.

        Raises:
            UserError: its provenance names no network, or one that this process does not know.
        """
        if all(mask.all() for mask in self.masks.values()):
            return dict(self.masks)
        network = self.network
        if ARCHITECTURES[network.architecture].text:
            return None
        return on_path(self.module(), self.masks, (network.channels, network.size, network.size))

    def sizes(self) -> dict[str, float]:
        """Root mean square of each layer's kept weights, which training starts from; NaN where none is kept."""
        kept = {name: self.weights[name][mask] for name, mask in self.masks.items()}
        return {name: algebra.root_mean_square(values) if len(values) else nan for name, values in kept.items()}

    def save(self, path: str | Path) -> None:
        """Write the artifact: masks in the shorter coding (`lth.artifacts.kept`), of prunable layers the kept weights.

        Layer order is kept in the metadata, since safetensors sorts; so are shapes, which a row of values does not say.
        """
        tensors = {_WEIGHTS + name: weight for name, weight in self.weights.items() if name not in self.masks}
        for name, mask in self.masks.items():
            coding, code = coded(mask)
            tensors |= {coding + name: code, _VALUES + name: kept_values(self.weights[name], mask)}
        told = {
            "kept": algebra.kept(self.masks),
            "total": algebra.total(self.masks),
            "layers": list(self.masks),
            "shapes": {name: list(mask.shape) for name, mask in self.masks.items()},
        }
        write_tensors(expanded(path), "ticket", tensors, {**self.provenance, **told})

    @classmethod
    def load(cls, path: str | Path, network: Network | None = None, **expected: Any) -> "Ticket":
        """Read a ticket and check that it is whole, and that it is the one that is meant.

        Args:
            path: the file.
            network: the network that it must belong to; any, if none is given.
            **expected: what its provenance must say (`seed=3`); None for what it must not mention.

        Raises:
            UserError: damaged, not a ticket, a mask that is not one of its layer's shape, more or fewer values than it
                keeps, weights of another type or not finite, names or shapes that are not the network's, made for
                another network, or another ticket than expected.
        """
        path = expanded(path)
        tensors, metadata = read_tensors(path, "ticket")
        shown = printable(path)
        if network is not None and metadata.get("network") != network.model_dump():
            raise UserError(
                f"{shown}: belongs to {_describe(metadata.get('network'))}, not to {_describe(network.model_dump())}"
            )
        for key, value in expected.items():
            found = metadata.get(key)
            if found != value:
                words = f"its {key} is {printable(found, _SHOWN)}, where {value} is needed"
                raise UserError(f"{shown}: {words}", advice(path))
        weights = _weights(path, tensors)
        masks = {}
        for layer, shape in _layers(path, tensors, metadata).items():
            masks[layer] = _mask(path, layer, tensors, shape)
            weights[layer] = whole(_values(path, layer, tensors, masks[layer]), masks[layer])
        _check_counts(path, masks, metadata)
        if network is not None:
            _check_network(path, masks, weights, network)
        return cls(masks, weights, metadata)


def _weights(path: Path, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What a ticket holds whole: float32 and finite, but for buffers that count or index."""
    for name in tensors:
        if not name.startswith((BITS, GAPS, _VALUES, _WEIGHTS)):
            raise UserError(f"{printable(path)}: has a tensor '{printable(name, _SHOWN)}', which is no ticket's")
    weights = {name: tensor for name, tensor in tensors.items() if name.startswith(_WEIGHTS)}
    for name, tensor in weights.items():
        if tensor.dtype not in INTEGER:
            check_tensor(path, name, tensor, torch.float32, *tensor.shape)
    return {name.removeprefix(_WEIGHTS): tensor for name, tensor in weights.items()}


def _layers(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> dict[str, list[int]]:
    """The shape of each layer that the metadata lists, if these are those that have masks and values and no more."""
    masked = sorted(name.partition("/")[2] for name in tensors if name.startswith((BITS, GAPS)))
    valued = sorted(name.removeprefix(_VALUES) for name in tensors if name.startswith(_VALUES))
    layers, shapes, shown = metadata.get("layers"), metadata.get("shapes"), printable(path)
    if not isinstance(layers, list) or not all(isinstance(name, str) for name in layers) or sorted(layers) != masked:
        raise UserError(
            f"{shown}: its masks are for {printable(masked)}, but its metadata lists the layers {printable(layers)}"
        )
    if not layers:
        raise UserError(f"{shown}: has no masks", advice(path))
    if not isinstance(shapes, dict):
        words = "says no shapes of its layers, as tickets from before 0.1.0, which hold all weights"
        raise UserError(f"{shown}: {words}; delete the results of that study and rerun", advice(path))
    if whole_too := [name for name in layers if _WEIGHTS + name in tensors]:
        raise UserError(f"{shown}: {printable(whole_too[0], _SHOWN)} is masked and has other weights beside its values")
    if masked != valued:
        first = min({*masked} ^ {*valued})
        words = "a mask but no values" if first in masked else "values but no mask"
        raise UserError(f"{shown}: {printable(first, _SHOWN)} has {words}")
    return {name: _shape(path, name, shapes.get(name)) for name in layers}


def _shape(path: Path, layer: str, shape: Any) -> list[int]:
    shown = f"{printable(path)}: {printable(layer, _SHOWN)}"
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise UserError(f"{shown} has the shape {printable(shape, _SHOWN)} in its metadata, where sizes are needed")
    if not shape:
        raise UserError(f"{shown} is a single number")
    if 0 in shape:
        raise UserError(f"{shown} has no values")
    return shape


def _mask(path: Path, layer: str, tensors: Mapping[str, Tensor], shape: list[int]) -> Tensor:
    coding = BITS if BITS + layer in tensors else GAPS
    return decoded(path, layer, coding, tensors[coding + layer], shape)


def _values(path: Path, layer: str, tensors: Mapping[str, Tensor], mask: Tensor) -> Tensor:
    values, kept = tensors[_VALUES + layer], int(mask.count_nonzero())
    if values.ndim == 1 and len(values) != kept:
        words = f"has {len(values)} values of {printable(layer, _SHOWN)}, where its mask keeps {kept}"
        raise UserError(f"{printable(path)}: {words}")
    return check_tensor(path, _VALUES + layer, values, torch.float32, kept)


def _check_counts(path: Path, masks: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
    for key, count in {"kept": algebra.kept(masks), "total": algebra.total(masks)}.items():
        if metadata.get(key, count) != count:
            found = printable(metadata[key], _SHOWN)
            raise UserError(f"{printable(path)}: says {key} is {found}, where its masks have {count}", advice(path))


def _check_network(path: Path, masks: Mapping[str, Tensor], weights: Mapping[str, Tensor], network: Network) -> None:
    """Names and shapes are the network's, and the masks are those of its prunable layers."""
    shapes, prunable = network_shapes(network)
    shown = printable(path)
    if missing := [name for name in shapes if name not in weights]:
        lacking = f"{len(missing)} of the {len(shapes)} parameters of {_describe(network.model_dump())}"
        raise UserError(f"{shown}: lacks {lacking}, first '{missing[0]}'", advice(path))
    if extra := [name for name in weights if name not in shapes]:
        raise UserError(f"{shown}: has a parameter '{printable(extra[0], _SHOWN)}', which its network has not")
    for name, shape in shapes.items():
        if weights[name].shape != shape:
            raise UserError(
                f"{shown}: {name} has shape {list(weights[name].shape)}, where its network has {list(shape)}"
            )
    if other := sorted({*masks} ^ {*prunable}):
        raise UserError(f"{shown}: the masks are not those of its network's prunable layers, first '{other[0]}'")


def network_shapes(network: Network) -> tuple[dict[str, torch.Size], tuple[str, ...]]:
    """The shape of every parameter and buffer, and the prunable ones, in network order."""
    own = isinstance(ARCHITECTURES[network.architecture], OwnArchitecture)
    return _shapes(network) if own else _known_shapes(network)  # the user's module may be reloaded


@lru_cache(maxsize=4)
def _known_shapes(network: Network) -> tuple[dict[str, torch.Size], tuple[str, ...]]:
    return _shapes(network)


def _shapes(network: Network) -> tuple[dict[str, torch.Size], tuple[str, ...]]:
    built = layout(network)
    return {name: tensor.shape for name, tensor in built.state_dict().items()}, tuple(prunable_names(built))


def _describe(network: Any) -> str:
    try:
        known = Network.model_validate(network)
    except ValidationError:
        return "an unknown network"
    if known.model:
        words = f"{known.architecture} ({known.model} to {known.classes})"
    else:
        size = f"{known.channels}x{known.size}x{known.size}"
        words = f"{known.architecture} ({size} to {known.classes}, {known.initialisation})"
    return f"network {printable(words)}"
