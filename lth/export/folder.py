"""Exports as folders: written whole or not at all, and checked when read.

Each has `export.json`, a sealed record: which ticket, which weights, the network's steps, sizes, and the SHA-256 of
every other file. Reading an export runs no code from it.
"""

import io
import os
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, get_args

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from lth.artifacts.records import RecordError, checksums, json_text, read_json, seal
from lth.artifacts.tickets import Ticket
from lth.artifacts.trained_weights import TrainedWeights
from lth.errors import UserError, reason
from lth.export.beside import Beside, TrainedOn, beside
from lth.export.card import model_card, name_of
from lth.export.compact import Sizes, compacted
from lth.export.csr import csr_tensors, from_csr
from lth.export.graph import Graph, graph_from, state_of
from lth.export.onnx_file import check_onnx, onnx_bytes
from lth.export.options import Format, Moment
from lth.export.source import model_source
from lth.export.trace import graph_of
from lth.files import check_new, checksum, whole_folder
from lth.networks.build import holding
from lth.printable import printable
from lth.pruning.masks import apply_masks
from lth.reading import check_regular

RECORD_FILE = "export.json"
_WEIGHTS: dict[str, str] = {
    "torch": "state_dict.pt",
    "huggingface": "model.safetensors",
    "csr": "csr.safetensors",
    "onnx": "model.onnx",
}
_TOLD = ("study", "ticket", "method", "dataset", "seed", "round", "network")
"""What a record says of any ticket's provenance; None where it does not say so itself."""
_TOLD_OF_SOME = ("control", "given", "given_weights")
"""What it says of controls, and of tickets that were files of other programs."""


@dataclass(frozen=True)
class Exported:
    """An export that was read."""

    told: dict[str, Any]
    """Its record."""
    graph: Graph | None
    """The network with its weights; None of ONNX, whose file only its runtime reads."""
    onnx: bytes = b""


def network_graph(path: Path, weights: Moment) -> tuple[Ticket, Graph]:
    """A ticket, and the graph of its network with the initial or trained weights.

    Raises:
        UserError: the ticket or the weights are missing or damaged, or its network cannot be exported.
    """
    ticket = Ticket.load(path)
    held: Mapping[str, Tensor] = ticket.weights
    if weights == "trained":
        trained = path.with_name("trained.safetensors")
        if not trained.exists():
            words = (
                "no such file; a study keeps trained weights of last rounds, and others where `keep_weights` says so"
            )
            raise UserError(
                f"{printable(trained)}: {words}: name it as a target of snakemake, or export `--weights initial`"
            )
        held = apply_masks(TrainedWeights.load(trained, path).last, ticket.masks)
    try:
        network = ticket.network
    except UserError as error:
        raise UserError(f"{printable(path)}: {error}") from None
    if network.model:
        raise UserError(
            f"{printable(path)}: its network reads texts ({network.architecture}); only images are exported"
        )
    built = holding(network, held)
    return ticket, graph_of(built, (network.channels, network.size, network.size), network.architecture)


def export(
    path: Path, to: Path, format_: Format, *, compact: bool, weights: Moment, trained: TrainedOn | None = None
) -> Iterator[str]:
    """Write a ticket for other programs; lines that say what was written, and what is smaller.

    Args:
        path: of the ticket.
        to: the new folder.
        format_: of the files.
        compact: without what computes nothing.
        weights: initial or trained ones.
        trained: what the trained weights are from; without it, from the training in which the ticket was found.

    Raises:
        UserError: no such format, the folder exists, the ticket is damaged, or a package is missing.
    """
    if format_ not in (formats := get_args(Format)):
        allowed = f"{', '.join(formats[:-1])} or {formats[-1]}"
        raise UserError(f"format: must be {allowed}, found {printable(repr(format_))}")
    check_new(to)
    ticket, dense = network_graph(path, weights)
    graph = compacted(dense) if compact else dense
    before, after = Sizes.of(dense), Sizes.of(graph)
    told = {
        "format": format_,
        "weights": weights,
        "compact": compact,
        "ticket_sha256": checksum(path),
        **{key: ticket.provenance.get(key) for key in _TOLD},
        **{key: ticket.provenance[key] for key in _TOLD_OF_SOME if ticket.provenance.get(key) is not None},
        "density": ticket.density,
        "trained_on": _trained_on(ticket, trained) if weights == "trained" else None,
        "shape": list(graph.shape),
        "steps": graph.described(),
        "sizes": {"dense": asdict(before), "exported": asdict(after)},
    }
    found = beside(path, ticket)
    if trained:
        known = {key: getattr(trained, key) for key in ("classes", "mean", "std", "own_accuracy")}
        found = replace(found, **known)
    files = _files(format_, graph, told, found, model_card(told, ticket.density, before, after, found))
    _write(to, files, told)
    yield f"{printable(to)}: {format_}, {weights} weights, density {100 * ticket.density:.2f} %"
    for name, was, now in (
        ("parameters", before.parameters, after.parameters),
        ("FLOPs per image", before.flops, after.flops),
        ("bytes of tensors", before.bytes, after.bytes),
    ):
        yield f"  {name}: {was:,} dense, {now:,} exported ({100 * now / was:.1f} %)"
    yield from (f"  {file.name}: {file.stat().st_size:,} bytes" for file in sorted(to.iterdir()))


def _trained_on(ticket: Ticket, trained: TrainedOn | None) -> Any:
    return trained.dataset if trained else ticket.provenance.get("dataset")


def read_export(folder: Path) -> Exported:
    """An export, if it is whole and unaltered.

    Raises:
        UserError: it is not; the sentence names the file.
    """
    told, format_, listed = _record(folder / RECORD_FILE)
    for name, sha in listed.items():
        file = folder / Path(str(name)).name
        try:
            check_regular(file)
        except OSError:
            raise UserError(f"{printable(file)}: no such file; export the ticket again") from None
        if checksum(file) != sha:
            raise UserError(f"{printable(file)}: was altered after it was exported; export the ticket again")
    weights = folder / _WEIGHTS[format_]
    content = weights.read_bytes()
    if format_ == "onnx":
        return Exported(told, None, content)
    try:
        return Exported(told, graph_from(told["steps"], _tensors(format_, content), told["shape"]))
    except (ValueError, KeyError, SafetensorError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise UserError(f"{printable(weights)}: does not fit its record ({reason(error)}); export it again") from None


def _record(path: Path) -> tuple[dict[str, Any], str, dict[str, Any]]:
    """A record, its format, and its files with their checksums."""
    try:
        told = read_json(path)
    except RecordError as error:
        raise UserError(f"{printable(path)}: {error}; export the ticket again") from None
    format_, listed = told.get("format"), told.get("files")
    if format_ not in get_args(Format) or not isinstance(listed, dict) or _WEIGHTS[str(format_)] not in listed:
        raise UserError(f"{printable(path)}: is not the record of an export; export the ticket again")
    return told, str(format_), listed


def _tensors(format_: str, content: bytes) -> dict[str, Tensor]:
    if format_ == "torch":
        held = torch.load(io.BytesIO(content), weights_only=True)
        if not isinstance(held, dict) or not all(isinstance(tensor, Tensor) for tensor in held.values()):
            raise ValueError("no state_dict")
    else:
        held = load(content)
    known = from_csr(held) if format_ == "csr" else held
    return {name: tensor for name, tensor in known.items() if not name.endswith(".num_batches_tracked")}


def _files(format_: Format, graph: Graph, told: dict[str, Any], found: Beside, card: str) -> dict[str, bytes]:
    """The content of each file but the record."""
    name = _WEIGHTS[format_]
    place = f" (ticket {told['ticket']} of study {told['study']})" if told["ticket"] and told["study"] else ""
    about = f"{name_of(told)}: {told['network']['architecture']}{place}."
    tensors = {key: tensor.contiguous() for key, tensor in state_of(graph).items()}
    if format_ == "onnx":
        content = onnx_bytes(graph)
        told["largest_difference"] = check_onnx(content, graph)
        return {name: content}
    if format_ == "csr":
        return {name: save(csr_tensors(graph))}
    source = model_source(graph, about, name).encode()
    if format_ == "torch":
        buffer = io.BytesIO()
        torch.save(tensors, buffer)
        return {name: buffer.getvalue(), "model.py": source}
    config = {
        "model_type": "lottery-ticket",
        "architectures": [told["network"]["architecture"]],
        "input_shape": told["shape"],
        "num_labels": told["network"]["classes"],
        "density": told["density"],
        "weights": told["weights"],
        "compacted": told["compact"],
        "dataset": told["dataset"],
        "trained_on": told["trained_on"],
        "ticket_sha256": told["ticket_sha256"],
        **({"control": told["control"]} if "control" in told else {}),
    }
    if found.mean:
        config |= {"pixel_mean": found.mean, "pixel_std": found.std}
    if found.classes:
        config |= {"id2label": {str(number): label for number, label in enumerate(found.classes)}}
    return {
        name: save(tensors, {"format": "pt"}),
        "model.py": source,
        "config.json": json_text(config).encode(),
        "README.md": card.encode(),
    }


def _write(to: Path, files: Mapping[str, bytes], told: Mapping[str, Any]) -> None:
    with whole_folder(to) as partial:
        for name, content in files.items():
            _synced(partial / name, content)
        record = seal({**told, "files": checksums(*(partial / name for name in files))})
        _synced(partial / RECORD_FILE, json_text(record).encode())


def _synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
