"""Linear layers of an encoder, forward and both products backward: sparse kernels against torch's dense ones.

`python benchmarks/linear.py [--quick]`; what is compared stands in benchmarks/README.md.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import torch
from torch import nn

from benchmarks.machine import report, table
from benchmarks.training import spread
from lth.compiling import compiled
from lth.config.study import Compute
from lth.sparse import linear
from lth.sparse.layout import lay_out
from lth.sparse.operations import Operations
from lth.sparse.table import Arrays
from lth.training.device import prepare_device

INPUTS, OUTPUTS, TOKENS = 384, (384, 1536), 32 * 128
DENSITIES = (0.5, 0.3, 0.1, 0.05)


@compiled
def _pass(a: Arrays, width: int, chunks: int) -> None:
    """The second of two layers, whose input needs a gradient."""
    op = a.operations[1]
    linear.linear(op, a, width, chunks)
    linear.linear_weights(op, a, width, chunks)
    linear.linear_inputs(op, a, width, chunks)


def sparse_pass(outputs: int, density: float, tokens: int) -> Callable[[], None]:
    """Forward and backward over kept weights; all tokens are lanes of chunks already."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, INPUTS, bias=False), nn.Linear(INPUTS, outputs, bias=False))
    masks = {"2.weight": torch.rand(outputs, INPUTS) < density}
    layout = lay_out(Operations.of(network, 1, 1, 4), masks, tokens)
    layout.fill(network.state_dict())
    for numbers in (layout.arrays.activations, layout.arrays.gradients):
        torch.from_numpy(numbers).normal_()
    return lambda: _pass(layout.arrays, layout.width, layout.chunks)


def dense_pass(outputs: int, tokens: int) -> Callable[[], None]:
    """The three products of torch."""
    weight, x, dy = torch.randn(outputs, INPUTS), torch.randn(tokens, INPUTS), torch.randn(tokens, outputs)
    y, dw, dx = torch.empty(tokens, outputs), torch.empty_like(weight), torch.empty_like(x)

    def products() -> None:
        for first, second, out in ((x, weight.T, y), (dy.T, x, dw), (dy, weight, dx)):
            torch.mm(first, second, out=out)

    return products


def seconds(work: Callable[[], None]) -> float:
    """Processor time of a call."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all sizes and densities and print the table."""
    parser = argparse.ArgumentParser(description="Linear layers of an encoder, by density.")
    parser.add_argument("--rounds", type=int, default=9, help="timings of each layer (9)")
    parser.add_argument("--quick", action="store_true", help="two rounds of few tokens: only shows that it runs")
    parser.add_argument("--out", type=Path, help="write the table to this file, too")
    chosen = parser.parse_args(arguments)
    prepare_device(Compute(device="cpu"))
    rounds, tokens = (2, 128) if chosen.quick else (chosen.rounds, TOKENS)
    lines = []
    for outputs in OUTPUTS:
        works = {0.0: dense_pass(outputs, tokens)} | {d: sparse_pass(outputs, d, tokens) for d in DENSITIES}
        for work in works.values():
            work()
        taken: dict[float, list[float]] = {density: [] for density in works}
        for _ in range(rounds):
            for density, work in works.items():
                taken[density].append(seconds(work))
        for density in DENSITIES:
            ratio = [dense / sparse for dense, sparse in zip(taken[0.0], taken[density], strict=True)]
            times = [f"{1000 * median(taken[which]):.1f}" for which in (0.0, density)]
            lines.append([f"{INPUTS}->{outputs}", f"{100 * density:g} %", *times, spread(ratio)])
    about = f"{tokens} tokens, one thread. Processor time: medians of {rounds} interleaved rounds, and of their ratios."
    header = ["layer", "density", "dense, ms", "sparse, ms", "dense / sparse"]
    report("Linear layers of an encoder", [about, table(header, lines)], chosen.out)


if __name__ == "__main__":
    main()
