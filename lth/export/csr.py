"""Prunable layers as compressed sparse rows (CSR): the kept weights with their places, as other libraries take them."""

from collections.abc import Mapping

import torch
from torch import Tensor

from lth.export.graph import Graph

CSR_PARTS = ("values", "indices", "indptr", "shape")
"""Of a weight `w`, `w.values` float [n], `w.indices` int32 [n] (columns), `w.indptr` int64 [rows + 1] (where each row
begins), `w.shape` int64 [dimensions]. A row is an output; a convolution's columns go through input channels, then rows
and columns of the kernel, as `weight.flatten(1)` has them."""


def csr_tensors(graph: Graph) -> dict[str, Tensor]:
    """Every weight of a convolution or linear layer as four arrays (`CSR_PARTS`), all other tensors as they are."""
    sparse = {f"{step.name}.weight" for step in graph.steps if step.kind in ("conv", "linear")}
    found: dict[str, Tensor] = {}
    for name, tensor in graph.tensors().items():
        if name not in sparse:
            found[name] = tensor
            continue
        rows, columns = tensor.flatten(1).nonzero(as_tuple=True)
        counts = torch.bincount(rows, minlength=len(tensor))
        found[f"{name}.values"] = tensor.flatten(1)[rows, columns]
        found[f"{name}.indices"] = columns.to(torch.int32)
        found[f"{name}.indptr"] = torch.cat([torch.zeros(1, dtype=torch.int64), counts.cumsum(0)])
        found[f"{name}.shape"] = torch.tensor(tensor.shape)
    return found


def from_csr(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The `state_dict` that `csr_tensors` was made of.

    Raises:
        ValueError: arrays that do not fit each other; the text says which.
    """
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        weight, _, part = name.rpartition(".")
        if part not in CSR_PARTS:
            found[name] = tensor
        elif part == "values":
            try:
                found[weight] = _dense(*(tensors[f"{weight}.{key}"] for key in CSR_PARTS))
            except (KeyError, RuntimeError, IndexError, TypeError, ValueError):
                raise ValueError(f"the CSR arrays of '{weight}' do not fit each other") from None
    return found


def _dense(values: Tensor, indices: Tensor, indptr: Tensor, shape: Tensor) -> Tensor:
    rows, *rest = shape.tolist()
    columns = int(torch.tensor(rest).prod())
    counts = indptr.diff()
    if len(indptr) != rows + 1 or int(indptr[0]) or int(indptr[-1]) != len(values) or bool((counts < 0).any()):
        raise ValueError
    if rows * columns > 2**31 or bool((indices < 0).any()):
        raise ValueError
    weight = torch.zeros(rows, columns, dtype=values.dtype)
    weight[torch.arange(rows).repeat_interleave(counts), indices.long()] = values
    return weight.view(rows, *rest)
