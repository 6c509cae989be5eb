"""What pruning costs beside training: the time of each score with its masking, as a share of the shortest round.

`python benchmarks/scoring.py [--quick]`; what is compared, and what the numbers mean, stands in benchmarks/README.md.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.machine import report, table
from lth.artifacts.tickets import Ticket
from lth.catalog.scores import SCORES
from lth.config.data import Network
from lth.config.layers import Scope
from lth.config.study import Compute
from lth.networks.build import build, load_weights
from lth.pruning.allocation import Target, allocate
from lth.pruning.scores.evidence import Evidence
from lth.seeds import generator
from lth.training.device import prepare_device

DENSITY = Fraction(4, 5)
"""Of a first round, which ranks all weights; later ones rank fewer."""
SCOPES: tuple[Scope, ...] = ("layerwise", "global")
TARGETS = [Target(scope=scope, density=DENSITY) for scope in SCOPES]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A network, and the shortest round that a study would train it for: one epoch."""

    network: Network
    batch: int
    images: int


CASES = (
    Case(network=Network(architecture="lenet_300_100"), batch=60, images=55_000),
    Case(network=Network(architecture="resnet18", channels=3, size=32), batch=128, images=45_000),
)


def drawn(case: Case, count: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Random images and labels, the classes in turn."""
    shape = (count, case.network.channels, case.network.size, case.network.size)
    labels = torch.arange(count) % case.network.classes
    return torch.randn(shape, generator=generator(0, "benchmark images")).to(device), labels.to(device)


def evidence(case: Case, ticket: Ticket, device: torch.device) -> Evidence:
    """Of the initial weights; they stand for trained ones, too."""
    network = build(case.network)
    load_weights(network, ticket.weights)
    weights = {name: weight.to(device) for name, weight in ticket.weights.items()}
    return Evidence(
        network=network.to(device),
        masks={name: mask.to(device) for name, mask in ticket.masks.items()},
        weights=weights,
        best={name: 0.9 * weight for name, weight in weights.items()},
        shape=(case.network.channels, case.network.size, case.network.size),
        stream=generator(0, "benchmark"),
        sample=lambda each: drawn(case, each * case.network.classes, device),
    )


def step(network: nn.Module, case: Case, device: torch.device) -> Callable[[], object]:
    """A training step: forward, backward, fused Adam."""
    inputs, labels = drawn(case, case.batch, device)
    optimiser = torch.optim.Adam(network.parameters(), fused=True)

    def take() -> None:
        optimiser.zero_grad(set_to_none=True)
        functional.cross_entropy(network.train()(inputs), labels).backward()
        optimiser.step()

    return take


def seconds(action: Callable[[], object], times: int) -> float:
    """Median of several timings, after one that does not count.

    On a CPU of processor time, which a busy neighbour does not take; a GPU is waited for.
    """
    clock = time.perf_counter if torch.cuda.is_available() else time.process_time
    found = []
    for _ in range(times + 1):
        started = clock()
        action()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        found.append(clock() - started)
    return median(found[1:])


def rows(case: Case, times: int, device: torch.device) -> list[list[str]]:
    """A table row for each score: its time, that of masking layerwise and globally, and their share."""
    what = evidence(case, Ticket.dense(case.network, 0), device)
    epoch = seconds(step(build_again(case, what), case, device), times) * case.images / case.batch
    found = []
    for name, score in SCORES.items():
        scored = replace(what, per_class=score.per_class)
        scores = score.load()(scored)
        parts = [
            seconds(lambda score=score, scored=scored: score.load()(scored), times),
            *(
                seconds(
                    lambda s=scores, scope=scope: allocate(s, what.masks, Target(scope=scope, density=DENSITY)), times
                )
                for scope in SCOPES
            ),
        ]
        share = (parts[0] + max(parts[1:])) * score.iterations / epoch
        cells = [f"{1000 * part:.3g}" for part in parts]
        found.append([case.network.architecture, name, *cells, str(score.iterations), f"{100 * share:.2g}"])
    return found


def build_again(case: Case, what: Evidence) -> nn.Module:
    """Another network of the same weights, to train."""
    network = build(case.network).to(next(iter(what.weights.values())).device)
    load_weights(network, what.weights)
    return network


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all networks and print the table."""
    parser = argparse.ArgumentParser(description="Time of scoring and masking beside training.")
    parser.add_argument("--times", type=int, default=5, help="timings of each (5)")
    parser.add_argument("--network", choices=[c.network.architecture for c in CASES], nargs="+", help="only these")
    parser.add_argument("--quick", action="store_true", help="the smallest network, once: only shows that it runs")
    parser.add_argument("--out", type=Path, help="write the table to this file, too")
    chosen = parser.parse_args(arguments)
    device = prepare_device(Compute())
    names = chosen.network or [c.network.architecture for c in (CASES[:1] if chosen.quick else CASES)]
    lines: list[list[str]] = []
    for case in CASES:
        if case.network.architecture in names:
            lines += rows(case, 1 if chosen.quick else chosen.times, device)
    header = ["network", "score", "score (ms)", "mask, layerwise (ms)", "mask, global (ms)", "steps", "of an epoch (%)"]
    about = (
        f"On {device.type}, medians (of processor time on a CPU). The share counts all steps of a score, and the "
        "slower way to mask."
    )
    report("Scoring", [about, table(header, lines)], chosen.out)


if __name__ == "__main__":
    main()
