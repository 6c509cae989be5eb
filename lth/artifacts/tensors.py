"""Tensors on disk: safetensors files with one metadata key, written atomically and checked when read.

A file holds named tensors and one metadata entry, `lth`: JSON with sorted keys (with several entries the bytes of
equal content would differ from run to run). Its `kind` says what the file is, its `content` a checksum of tensors and
metadata; everything is read through `read_tensors`, which turns damage into one sentence.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save
from torch import Tensor

from lth.artifacts.repair import advice
from lth.errors import UserError, reason
from lth.files import write_bytes
from lth.printable import printable
from lth.reading import check_regular

Kind = Literal["dataset", "texts", "model", "ticket", "weights", "state"]

METADATA_KEY = "lth"
_SHOWN = 120
"""Characters of a file's own words that a sentence repeats."""

NEEDED: dict[Kind, dict[str, type | tuple[type, ...]]] = {
    "dataset": {"name": str, "classes": list},
    "texts": {"name": str, "classes": list, "tokenizer": str, "vocabulary": int},
    "model": {"name": str, "config": dict},
    "ticket": {},  # checked with its tensors
    "weights": {"ticket": str},
    "state": {"identity": dict, "seconds": (int, float)},
}
"""What the metadata of each kind must say; a checksum that is right proves nothing about it."""


def write_tensors(path: Path, kind: Kind, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
    """Write named tensors with their metadata; equal content gives equal bytes."""
    stored = {name: tensor.detach().cpu().contiguous() for name, tensor in sorted(tensors.items())}
    told = {**metadata, "kind": kind}
    described = json.dumps({**told, "content": _content(stored, told)}, sort_keys=True, allow_nan=False)
    write_bytes(path, save(stored, {METADATA_KEY: described}))


def read_tensors(path: Path, kind: Kind) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and metadata of an artifact.

    They are copies: what is done to the file afterwards changes nothing of what was checked. (`safe_open` maps the file
    into memory, where its tensors would follow it, and a file cut short would end the process.)

    Raises:
        UserError: missing, truncated, not safetensors, not ours, of another kind, or altered since it was written.
    """
    read_metadata(path, kind)  # what is no such artifact is refused before it is read into memory
    with _damage_as_sentence(path):
        content = path.read_bytes()
        tensors = dict(sorted(load(content).items()))
        length = int.from_bytes(content[:8], "little")
        stored = json.loads(content[8 : 8 + length]).get("__metadata__")
        metadata = _described(path, kind, stored)
        if metadata.pop("content", None) != _content(tensors, metadata):
            raise UserError(f"{printable(path)}: was altered after it was written", advice(path))
    _check_metadata(path, kind, metadata)
    return tensors, metadata


def read_metadata(path: Path, kind: Kind | None = None) -> dict[str, Any]:
    """Only the metadata of an artifact, of any kind if none is given, without a look at its checksum.

    Raises as `read_tensors` does.
    """
    with _damage_as_sentence(path), safe_open(path, framework="pt") as file:
        found = file.metadata()
    return _described(path, kind, found)


def is_ours(path: Path) -> bool:
    """Whether a file is an artifact of this project, by its header; false where it cannot be read."""
    try:
        with safe_open(path, framework="pt") as file:
            return METADATA_KEY in (file.metadata() or {})
    except (SafetensorError, OSError):
        return False


def _content(tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> str:
    """SHA-256 over the metadata, and the names, types, shapes and bytes of all tensors, by name."""
    digest = sha256(json.dumps(metadata, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
        digest.update(tensor.contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


@contextmanager
def _damage_as_sentence(path: Path) -> Iterator[None]:
    shown = printable(path)
    try:
        check_regular(path, "an artifact")
    except OSError:
        raise UserError(f"{shown}: no such file; run the workflow to make it") from None
    try:
        yield
    except (SafetensorError, OSError, MemoryError, RecursionError, RuntimeError, ValueError) as error:
        words = printable(reason(error), _SHOWN)
        raise UserError(f"{shown}: damaged or not a safetensors file ({words})", advice(path)) from None


def _described(path: Path, kind: Kind | None, stored: Mapping[str, str] | None) -> dict[str, Any]:
    """The metadata of some artifact of ours, of the kind that is wanted."""
    try:
        metadata = json.loads((stored or {})[METADATA_KEY])
        found = metadata["kind"]
    except (KeyError, TypeError, ValueError, RecursionError):
        metadata, found = None, None
    if not isinstance(metadata, dict) or found not in get_args(Kind):
        raise UserError(
            f"{printable(path)}: not an artifact of this project (its metadata has no valid entry '{METADATA_KEY}')"
        )
    if kind is not None and found != kind:
        raise UserError(f"{printable(path)}: holds a {found}, where a {kind} is needed")
    return metadata


def _check_metadata(path: Path, kind: Kind, metadata: Mapping[str, Any]) -> None:
    for key, types in NEEDED[kind].items():
        if not isinstance(metadata.get(key), types):
            raise UserError(f"{printable(path)}: has no valid '{key}' in its metadata", advice(path))


def is_finite(tensor: Tensor) -> bool:
    """Whether all values are finite: `isfinite` takes 13 times as long, in every job that reads a ticket."""
    if not tensor.numel():
        return True
    least, largest = tensor.aminmax()  # of which NaN is both
    return bool(least.isfinite() and largest.isfinite())


def check_tensor(path: Path, name: str, tensor: Tensor | None, dtype: torch.dtype, *shape: int | None) -> Tensor:
    """A tensor of an artifact, if it is there and is what it should be.

    Args:
        path: the artifact, for the sentence.
        name: the tensor's in the artifact, for the sentence.
        tensor: None where the artifact has none of that name.
        dtype: its type.
        shape: its shape; None for any number from 1.

    Raises:
        UserError: it is missing, of another type or shape, or holds values that are not finite.
    """
    if tensor is None:
        raise UserError(f"{printable(path)}: lacks the tensor '{name}'", advice(path))
    shown = f"{printable(path)}: {printable(name, _SHOWN)}"
    if tensor.dtype != dtype:
        raise UserError(f"{shown} is {type_name(tensor)}, where {type_name(torch.empty(0, dtype=dtype))} is needed")
    sizes = zip(tensor.shape, shape, strict=False)
    if tensor.ndim != len(shape) or any(found != size if size is not None else found < 1 for found, size in sizes):
        wanted = ", ".join("n" if size is None else str(size) for size in shape)
        raise UserError(f"{shown} has shape {list(tensor.shape)}, where [{wanted}] is needed")
    if tensor.is_floating_point() and not is_finite(tensor):
        raise UserError(f"{shown} holds values that are not finite")
    return tensor


def check_range(path: Path, name: str, tensor: Tensor, least: int, most: int) -> Tensor:
    """An integer tensor of an artifact, if its values are in a range; raises UserError if not."""
    if int(tensor.min()) < least or int(tensor.max()) > most:
        raise UserError(f"{printable(path)}: {name} holds values outside {least} to {most}")
    return tensor


def type_name(tensor: Tensor) -> str:
    """A tensor's type without torch's name: `float32`."""
    return str(tensor.dtype).removeprefix("torch.")
