"""Weights and masks in the files of other programs: plain torch checkpoints, safetensors, numpy archives.

Nothing is unpickled but tensors. What is known of others' formats:

- `torch.nn.utils.prune` keeps `NAME_orig` and `NAME_mask` in the place of a pruned parameter;
- open_lth writes a level's `mask.pth` (tensors of 0 and 1 by parameter name) beside `model_ep0_it0.pth`;
- jaxpruner holds masks in a tree of Flax parameters, whose kernels are transposed: [in, out] of linear layers,
  [height, width, in, out] of convolutions.
"""

import pickle
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load as load_safetensors
from torch import Tensor

from lth.errors import UserError, reason
from lth.printable import printable

WRAPPERS = ("state_dict", "model_state_dict", "model", "params", "net")
"""Keys under which checkpoints keep the weights."""
_LARGEST = 64 * 2**30
"""Bytes."""
_SHOWN = 200
"""Characters of names that a sentence repeats."""


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by name: .pt, .pth, .bin, .tar, .ckpt (torch), .safetensors or .npz.

    Nested dictionaries are joined with dots; what all names begin with (`module.`) is left out.

    Raises:
        UserError: no such file, damaged, or not of these formats.
    """
    shown = printable(path)
    if not path.is_file():
        raise UserError(f"{shown}: no such file")
    try:
        found = _read(path)
    except pickle.UnpicklingError:
        raise UserError(
            f"{shown}: is no checkpoint, or holds Python objects besides tensors, which are not loaded since they may "
            f"run code; save a state_dict (torch.save(model.state_dict(), PATH))"
        ) from None
    except Exception as error:  # a file that is no checkpoint fails in any way
        raise UserError(f"{shown}: cannot be read as a checkpoint: {reason(error)}") from None
    for wrapper in WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(wrapper), Mapping):
            found = found[wrapper]
    tensors = dict(_flat("", found))
    if not tensors:
        raise UserError(f"{shown}: holds no tensors by name; a state_dict is needed")
    while all(name.startswith("module.") for name in tensors):
        tensors = {name.removeprefix("module."): tensor for name, tensor in tensors.items()}
    return tensors


def _read(path: Path) -> Any:
    if path.suffix == ".safetensors":
        return dict(sorted(load_safetensors(path.read_bytes()).items()))  # they come in another order each time
    if path.suffix in (".npz", ".npy"):
        with np.load(path, allow_pickle=False) as archive:
            return {name.replace("/", "."): np.array(archive[name]) for name in archive.files}
    return torch.load(path, map_location="cpu", weights_only=True)


def _flat(prefix: str, found: Any) -> Iterator[tuple[str, Tensor]]:
    if isinstance(found, Mapping):
        for key, value in found.items():
            yield from _flat(f"{prefix}.{key}" if prefix else str(key), value)
    elif isinstance(found, Tensor):
        yield prefix, found.detach()
    elif isinstance(found, np.ndarray) and found.dtype.kind in "fiub":
        yield prefix, torch.from_numpy(np.ascontiguousarray(found))


def without_reparametrisation(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Parameters, and the masks that `torch.nn.utils.prune` keeps beside the matrices among them, by parameter name.

    Masks of biases and norms are applied: tickets have masks of layers only.
    """
    weights, masks = dict(tensors), {}
    for name in tensors:
        if name.endswith("_orig") and (mask := f"{name.removesuffix('_orig')}_mask") in tensors:
            plain = name.removesuffix("_orig")
            weight, kept = weights.pop(name), weights.pop(mask) != 0
            weights[plain] = weight if weight.ndim > 1 else torch.where(kept, weight, 0)
            if weight.ndim > 1:
                masks[plain] = kept
    return weights, masks


def fitted_masks(
    found: Mapping[str, Tensor], shapes: Mapping[str, torch.Size], path: Path | None = None
) -> dict[str, Tensor]:
    """Masks for the layers of a network, as bool, by name or else by order.

    Where no layer has a mask of its name, they are taken in their order, and from the layout of Flax if they fit the
    layers in no other, or are all called `kernel`. A file in .safetensors keeps no order.

    Args:
        found: masks of 0 and 1 by name.
        shapes: of the prunable parameters, in network order.
        path: their file, for error messages.

    Raises:
        UserError: masks of other shapes or numbers, of other values than 0 and 1, or some by name and one that prunes
            what is no layer.
    """
    where = f"{printable(path)}: " if path else "masks: "
    for name, mask in found.items():
        if mask.dtype != torch.bool and not bool(((mask == 0) | (mask == 1)).all()):
            raise UserError(f"{where}'{printable(name)}' has other values than 0 and 1, so it is no mask")
    named = {name: found[name] for name in shapes if name in found}
    if named:
        _check_used(found, shapes, where)
    else:
        if path and path.suffix == ".safetensors":
            words = f"none of its masks has the name of a layer, such as '{next(iter(shapes), '')}'"
            raise UserError(f"{where}{words}, and files in .safetensors keep no order to take them in; rename them")
        kernels = {name: mask for name, mask in found.items() if mask.ndim > 1}
        if len(kernels) != len(shapes):
            raise UserError(f"{where}has masks of {len(kernels)} layers, where the network has {len(shapes)}")
        named = _in_order(kernels, shapes)
    masks = {}
    for name, shape in shapes.items():
        mask = named.get(name, torch.ones(shape, dtype=torch.bool))  # a layer without a mask is not pruned
        if mask.shape != shape:
            raise UserError(f"{where}the mask of '{name}' is {list(mask.shape)}, where the layer has {list(shape)}")
        masks[name] = mask != 0
    return masks


def _check_used(found: Mapping[str, Tensor], shapes: Mapping[str, torch.Size], where: str) -> None:
    """That what has masks and is no layer is not pruned, biases aside: its name may be misspelt; raises UserError."""
    for name, mask in found.items():
        if name not in shapes and mask.ndim > 1 and not bool((mask != 0).all()):
            layers = printable(", ".join(shapes), _SHOWN)
            raise UserError(f"{where}'{printable(name, _SHOWN)}' is no layer of the network; it has {layers}")


def _in_order(kernels: Mapping[str, Tensor], shapes: Mapping[str, torch.Size]) -> dict[str, Tensor]:
    """Masks by the layers in whose order they are: `Conv_10` after `Conv_2`, which trees of JAX sort by letters."""
    names = [*kernels]
    if names == sorted(names):
        names.sort(key=lambda name: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)])
    masks = [kernels[name] for name in names]
    turned = _from_flax(masks)
    fit, fit_turned = ([mask.shape for mask in those] == [*shapes.values()] for those in (masks, turned))
    if fit_turned and (not fit or all(name.endswith("kernel") for name in names)):
        masks = turned
    return dict(zip(shapes, masks, strict=True))


def _from_flax(kernels: Sequence[Tensor]) -> list[Tensor]:
    """Kernels of Flax in torch's layout: (rows, columns, in, out) as (out, in, rows, columns), (in, out) as (out, in).

    The first dense layer after convolutions reads images of (rows, columns, channels), which torch has as (channels,
    rows, columns).
    """
    turned, channels = list[Tensor](), 0
    for kernel in kernels:
        if kernel.ndim == 4:
            turned.append(kernel.permute(3, 2, 0, 1).contiguous())
            channels = len(turned[-1])
        else:
            dense = kernel.T if kernel.ndim == 2 else kernel
            if channels and dense.ndim == 2 and dense.shape[1] % channels == 0:
                dense = dense.unflatten(1, (-1, channels)).transpose(1, 2).flatten(1)
            turned.append(dense.contiguous())
            channels = 0
    return turned
