"""Tickets from files: our own, and checkpoints of other programs."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lth.artifacts.foreign import fitted_masks, read_checkpoint, without_reparametrisation
from lth.artifacts.tensors import is_finite, is_ours
from lth.artifacts.tickets import INTEGER, Ticket
from lth.config.data import Network
from lth.errors import UserError
from lth.files import checksum
from lth.library.arithmetic import one_at_a_time
from lth.library.networks import AnyModel, architecture_name, described
from lth.library.zoo import PREFIX, zoo_file
from lth.networks.build import layout, prunable_names
from lth.networks.trial import check_names
from lth.paths import expanded
from lth.printable import printable

AnyMask = Tensor | NDArray[Any]
"""A mask of 0 and 1."""


@one_at_a_time
def load(
    path: str | Path | Mapping[str, Tensor],
    model: AnyModel | None = None,
    *,
    masks: str | Path | Mapping[str, AnyMask] | None = None,
    weights: str | Path | None = None,
    shape: tuple[int, int, int] = (1, 28, 28),
) -> Ticket:
    """A ticket from its file, or one made from a checkpoint of another program.

    A checkpoint is a state_dict (.pt, .pth, .safetensors, .npz): its own weights become the initial weights, unless
    `weights` names others, and its masks are, in this order, `masks`, those that `torch.nn.utils.prune` has put into
    it, or the weights that are not zero. Masks of open_lth (`mask.pth`) and jaxpruner (an .npz of its tree) can be
    given.

    Args:
        path: of the ticket (`ticket.safetensors`) or the checkpoint; or a state_dict in memory; or `zoo:NAME`
            (`zoo:NAME@SEED`), a ticket in the folders or URLs of shared tickets that the variable LTH_ZOO names.
        model: the network. A ticket needs it only if it was found in a network that only that process knew.
        masks: a file with masks of 0 and 1, or the masks (tensors or arrays), by parameter name; if no name is that of
            a layer, in the order of the layers, which files in .safetensors do not keep.
        weights: another checkpoint, with the weights that training begins with: the initial ones.
        shape: channels, height and width in pixels of the images that the network of a checkpoint takes.

    Raises:
        UserError: no file, damaged, neither a ticket nor a checkpoint, or of another network than the model; a mask for
            what is no layer, weights that are complex or not finite in float32, or another shape than of images.
    """
    if isinstance(path, Mapping):
        with TemporaryDirectory(prefix="lth-") as temporary:
            file = Path(temporary) / "state_dict.pt"
            torch.save(dict(path), file)
            return load(file, model, masks=masks, weights=weights, shape=shape)
    named = str(path).startswith(PREFIX)
    file = zoo_file(str(path)) if named else expanded(path)
    if file.is_file() and not is_ours(file):
        if model is None:
            raise UserError(f"{printable(file)}: is no ticket; to make one of a checkpoint, give its network (`model`)")
        return _of_checkpoint(file, model, masks, weights, shape)
    if masks is not None or weights is not None:
        raise UserError(f"{printable(file)}: is a ticket and has masks and weights of its own; leave the others out")
    ticket = Ticket.load(file)
    if model is None:
        return ticket
    told = ticket.provenance.get("network")
    if not isinstance(told, dict):
        raise UserError(f"{printable(file)}: its provenance names no network")
    network = Network.model_validate({**told, "architecture": architecture_name(model)})
    _check_shapes(file, ticket.weights, layout(network), "the ticket")
    return Ticket(ticket.masks, ticket.weights, {**ticket.provenance, "network": network.model_dump()})


def _of_checkpoint(
    file: Path,
    model: AnyModel,
    masks: str | Path | Mapping[str, AnyMask] | None,
    weights: str | Path | None,
    shape: tuple[int, int, int],
) -> Ticket:
    found, own = without_reparametrisation(read_checkpoint(file))
    network, built = _network_of(file, model, shape, found)
    _check_shapes(file, found, built, "the checkpoint")
    shapes = {name: found[name].shape for name in prunable_names(built)}
    if isinstance(masks, Mapping):
        chosen = fitted_masks({str(name): _as_tensor(str(name), mask) for name, mask in masks.items()}, shapes)
    elif masks is not None:
        chosen = fitted_masks(read_checkpoint(expanded(masks)), shapes, Path(masks))
    elif own:
        chosen = fitted_masks(own, shapes, file)
    else:
        chosen = {name: found[name] != 0 for name in shapes}
    told: dict[str, Any] = {"network": network.model_dump(), "parent": None, "given": checksum(file), "method": "given"}
    if weights is not None:
        file = expanded(weights)
        found, _ = without_reparametrisation(read_checkpoint(file))
        _check_shapes(file, found, built, "the checkpoint")
        told["given_weights"] = checksum(file)
    kept = {
        name: torch.where(chosen[name], w, 0.0) if name in chosen else w for name, w in _in_float32(file, found).items()
    }
    return Ticket(chosen, kept, told)


def _as_tensor(name: str, mask: Any) -> Tensor:
    try:
        return torch.as_tensor(mask)
    except (TypeError, ValueError, RuntimeError):
        what = f"'{printable(name)}' is a {type(mask).__name__}"
        raise UserError(f"masks: {what}, where an array of 0 and 1 is needed") from None


def _in_float32(file: Path, found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies of weights as tickets hold them; buffers that count or index stay integers."""
    weights = {}
    for name, tensor in found.items():
        where = f"{printable(file)}: '{printable(name)}'"
        if tensor.is_complex():
            raise UserError(f"{where} has complex values, where real ones are needed")
        weights[name] = tensor if tensor.dtype in INTEGER else tensor.float().clone()
        if not is_finite(weights[name]):
            raise UserError(f"{where} has values that are not finite in float32")
    return weights


def _network_of(
    file: Path, model: AnyModel, shape: tuple[int, int, int], weights: Mapping[str, Tensor]
) -> tuple[Network, nn.Module]:
    """The description of a checkpoint's network, and the network itself; its last layer says how many classes."""
    images = _image_shape(shape)
    matrices = [tensor for tensor in weights.values() if tensor.ndim > 1]
    if not matrices:
        raise UserError(f"{printable(file)}: holds no weights of layers")
    name = architecture_name(model)
    network, _ = described(name, images, max(2, len(matrices[-1])))  # a guess: files need not have the network's order
    built = layout(network)
    check_names(built, f"network '{printable(network.architecture)}'")
    if not (layers := prunable_names(built)):
        raise UserError("model: has no convolution or linear layer")
    output = weights.get(layers[-1])
    if output is None or output.ndim == 0 or len(output) == network.classes:
        return network, built
    network, _ = described(name, images, len(output))
    return network, layout(network)


def _image_shape(shape: Any) -> tuple[int, int]:
    """Channels, and pixels a side."""
    try:
        channels, height, width = shape
    except (TypeError, ValueError):
        raise UserError(f"shape: channels, height and width are needed, found {printable(shape)}") from None
    if height != width:
        raise UserError(f"shape: images are {height}x{width} pixels; square ones are needed")
    return channels, height


def _check_shapes(file: Path, found: Mapping[str, Tensor], built: nn.Module, what: str) -> None:
    shapes = {name: list(tensor.shape) for name, tensor in built.state_dict().items()}
    have = {name: list(tensor.shape) for name, tensor in found.items()}
    if other := next((name for name in [*shapes, *have] if shapes.get(name) != have.get(name)), None):
        ours, theirs = have.get(other, "missing"), shapes.get(other, "missing")
        raise UserError(
            f"{printable(file)}: does not fit the model: '{printable(other)}' is {ours} in {what} and {theirs} in the "
            f"model"
        )
