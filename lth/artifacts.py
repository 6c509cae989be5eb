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
from typing import Any, Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save
from torch import Tensor

from lth.errors import UserError
from lth.files import write_bytes
from lth.repair import advice

Kind = Literal["dataset", "texts", "model", "ticket", "weights", "state"]

METADATA_KEY = "lth"


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
    with _damage_told(path):
        content = path.read_bytes()
        tensors = dict(sorted(load(content).items()))
    length = int.from_bytes(content[:8], "little")
    metadata = _described(path, kind, json.loads(content[8 : 8 + length]).get("__metadata__"))
    if metadata.pop("content", None) != _content(tensors, metadata):
        raise UserError(f"{path}: was altered after it was written{advice(path)}")
    return tensors, metadata


def read_metadata(path: Path, kind: Kind | None = None) -> dict[str, Any]:
    """Only the metadata of an artifact, of any kind if none is given; raises as `read_tensors` does."""
    with _damage_told(path), safe_open(path, framework="pt") as file:
        found = file.metadata()
    return _described(path, kind, found)


def _content(tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> str:
    """SHA-256 over the metadata, and the names, types, shapes and bytes of all tensors, by name."""
    digest = sha256(json.dumps(metadata, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
        digest.update(tensor.contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    if path.is_dir():
        raise UserError(f"{path}: is a folder, where an artifact is needed")
    if not path.is_file():
        raise UserError(f"{path}: no such file; run the workflow to make it")
    try:
        yield
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: damaged or not a safetensors file ({error}){advice(path)}") from None


def _described(path: Path, kind: Kind | None, stored: Mapping[str, str] | None) -> dict[str, Any]:
    try:
        metadata = json.loads((stored or {})[METADATA_KEY])
        found = metadata["kind"]
    except (KeyError, TypeError, ValueError):
        raise UserError(
            f"{path}: not an artifact of this project (its metadata has no valid entry '{METADATA_KEY}')"
        ) from None
    if kind is not None and found != kind:
        raise UserError(f"{path}: holds a {found}, where a {kind} is needed")
    return dict(metadata)
