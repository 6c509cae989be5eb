"""How long networks take: engines on the same images, in turns, in one run, on one thread."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import torch
from torch import Tensor

from lth.errors import UserError
from lth.export.compact import compacted
from lth.export.folder import network_graph, read_export
from lth.export.graph import Graph, module_of
from lth.export.onnx_file import onnx_bytes, onnx_runner
from lth.machine import NO_NUMBA, has_numba
from lth.printable import aligned, printable

Runner = Callable[[Tensor], Tensor]
"""Images float [n, channels, height, width] to logits [n, classes]."""
BATCHES = (1, 64)
_ALIKE = 1e-4
"""Between the logits of two engines, against the largest of them if that is above 1."""


@dataclass(frozen=True)
class Engine:
    """One way to compute a network."""

    name: str
    make: Callable[[Graph], Runner]
    """Made once and not timed; raises UserError where a package is missing."""


def _torch(graph: Graph) -> Runner:
    """torch's dense kernels, of convolutions those for channels last, which are a little faster on CPUs."""
    convolutional = any(step.kind == "conv" for step in graph.steps)
    layout = torch.channels_last if convolutional else torch.contiguous_format
    network = module_of(graph).to(memory_format=layout)  # type: ignore[call-overload]

    def run(images: Tensor) -> Tensor:
        with torch.inference_mode():
            logits: Tensor = network(images.contiguous(memory_format=layout))
        return logits

    return run


def _sparse(graph: Graph) -> Runner:
    """The kernels that train tickets, which hold the kept weights only."""
    if not has_numba():
        raise UserError(NO_NUMBA)
    from lth.sparse.inference import runner
    from lth.sparse.operations import Unsupported

    try:
        return runner(module_of(graph), graph.shape)
    except Unsupported as problem:
        raise UserError(f"there is no kernel for {problem}") from None


ENGINES = (
    Engine("torch, dense", _torch),
    Engine("torch, compacted", lambda graph: _torch(compacted(graph))),
    Engine("ONNX Runtime, dense", lambda graph: onnx_runner(onnx_bytes(graph))),
    Engine("ONNX Runtime, compacted", lambda graph: onnx_runner(onnx_bytes(compacted(graph)))),
    Engine("sparse kernels", _sparse),
)
"""What is timed. The first is what the others are compared with."""


def speed(path: Path, rounds: int = 100) -> Iterator[str]:
    """Lines of a table: median and quartiles of the time of a batch, for each engine.

    Args:
        path: a ticket (its trained weights, where they are beside it), or a folder of an export.
        rounds: how often each engine is timed; they take turns.

    Raises:
        UserError: the ticket or export is damaged, or its format cannot be timed.
    """
    runners, shape, lines = _runners(path)
    yield from lines
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for batch in BATCHES:
            images = torch.randn(batch, *shape, generator=torch.Generator().manual_seed(0))
            _check_alike(runners, images)
            yield f"batch {batch}, {rounds} rounds, one thread"
            yield from aligned(
                [("  engine", "median ms", "quartiles ms", "against the first"), *_rows(runners, images, rounds)]
            )
    finally:
        torch.set_num_threads(threads)


def timed(runners: Mapping[str, Runner], images: Tensor, rounds: int) -> dict[str, list[float]]:
    """Seconds of each call: in every round each runner once unmeasured, to fill caches, and once measured."""
    seconds: dict[str, list[float]] = {name: [] for name in runners}
    names = [*runners]
    for number in range(rounds):
        for name in (*names[number % len(names) :], *names[: number % len(names)]):
            runners[name](images)
            begun = time.perf_counter()
            runners[name](images)
            seconds[name].append(time.perf_counter() - begun)
    return seconds


def _rows(runners: Mapping[str, Runner], images: Tensor, rounds: int) -> Iterator[tuple[str, str, str, str]]:
    seconds = timed(runners, images, rounds)
    first = next(iter(seconds.values()))
    for name, found in seconds.items():
        low, middle, high = (1000 * value for value in quantiles(found, n=4, method="inclusive"))
        faster = median(one / other for one, other in zip(first, found, strict=True))
        yield f"  {name}", f"{middle:.3f}", f"{low:.3f} to {high:.3f}", f"{faster:.2f}x"


def _runners(path: Path) -> tuple[dict[str, Runner], tuple[int, int, int], list[str]]:
    """Engines that can be had, the shape of an image, and lines on what is timed and what cannot be."""
    if path.is_dir():
        exported = read_export(path)
        graph, about = exported.graph, f"{printable(path)}: export ({exported.told['format']})"
        if graph is None:
            return {"ONNX Runtime, as exported": _read_onnx(path, exported.onnx)}, _shape(path, exported.told), [about]
    else:
        there = path.with_name("trained.safetensors").exists()
        ticket, graph = network_graph(path, "trained" if there else "initial")
        about = f"{printable(path)}: ticket, density {100 * ticket.density:.2f} %"
    found, lines = {}, [about]
    for engine in ENGINES:
        try:
            found[engine.name] = engine.make(graph)
        except UserError as error:
            lines.append(f"not timed: {engine.name}: {error}")
    small = compacted(graph)
    lines.append(f"parameters {graph.parameters():,} dense, {small.parameters():,} compacted")
    lines.append(f"FLOPs per image {graph.flops():,} dense, {small.flops():,} compacted")
    return found, graph.shape, lines


def _read_onnx(path: Path, content: bytes) -> Runner:
    try:
        return onnx_runner(content)
    except ValueError as error:
        raise UserError(f"{printable(path)}: ONNX Runtime cannot read its model ({error}); export it again") from None


def _shape(path: Path, told: Mapping[str, object]) -> tuple[int, int, int]:
    match told.get("shape"):
        case [int(channels), int(height), int(width)]:
            return channels, height, width
    raise UserError(f"{printable(path)}: its record names no input shape; export it again")


def _check_alike(runners: Mapping[str, Runner], images: Tensor) -> None:
    """Raises AssertionError where an engine computes something else than the first."""
    logits = {name: runner(images) for name, runner in runners.items()}
    expected = next(iter(logits.values()))
    for name, found in logits.items():
        worst = float((found - expected).abs().max())
        if not worst <= _ALIKE * max(1.0, float(expected.abs().max())):
            raise AssertionError(f"the logits of {name} differ from the first engine's by {worst:g}")
