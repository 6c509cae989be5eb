"""The plain loop and the project's compute the same thing, so the benchmarks compare like with like; and they run."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

sys.path.append(str(Path(__file__).parent / "workflow"))
import warm
from torch.utils.data import DataLoader

from benchmarks import precision
from benchmarks.plain_loop import Pictures, to_input, train_epoch
from benchmarks.training import Times, interleave, run_epoch, sparse_ticket
from lth.analysis.stats import Interval
from lth.catalog.scores import SCORES
from lth.config.data import Dataset, Network
from lth.config.training import Optimiser, Recipe
from lth.data.batches import epoch_order
from lth.data.images import Images
from lth.data.prepare import prepare
from lth.networks.build import build, load_weights
from lth.training.loop import Loop

ROOT = Path(__file__).resolve().parents[1]
CPU = torch.device("cpu")
SEED, BATCH, RATE = 3, 20, 0.05


@pytest.fixture(scope="module")
def images() -> Images:
    return prepare("tiny", Dataset(source="digits", validation=10, train=110, test=10), None)


def pictures(images: Images) -> Pictures:
    split = images.splits["train"]
    transform = to_input(float(images.mean) / 255, float(images.std) / 255)
    return Pictures(split.images[:, 0].numpy(), split.labels.numpy(), transform)


def test_the_plain_loop_feeds_the_numbers_that_the_projects_loop_feeds(images: Images) -> None:
    plain = torch.stack([image for image, _ in pictures(images)])  # type: ignore[attr-defined]
    ours = images.feed(CPU).inputs(torch.arange(len(images.splits["train"])))
    torch.testing.assert_close(plain, ours, rtol=0, atol=2e-6)


@pytest.mark.parametrize("architecture", ["lenet_300_100", "lenet5_classic"])
def test_both_loops_compute_the_same(architecture: str, images: Images) -> None:
    network = Network(architecture=architecture)
    ticket = sparse_ticket(network, 0.2)
    plain, ours = build(network), build(network)
    load_weights(plain, ticket.weights)
    load_weights(ours, ticket.weights)
    recipe = Recipe(optimiser=Optimiser(name="sgd", learning_rate=RATE), batch_size=BATCH, epochs=1)
    found = run_epoch(Loop.start(ours, ticket.masks, images, recipe, SEED, CPU), 0)

    order = epoch_order(len(images.splits["train"]), SEED, 1).tolist()
    batches = DataLoader(pictures(images), batch_size=BATCH, sampler=order)
    masks = {name: mask.float() for name, mask in ticket.masks.items()}
    expected = train_epoch(plain, batches, torch.optim.SGD(plain.parameters(), lr=RATE), masks)

    assert found == pytest.approx(expected, rel=1e-5)
    for name, weight in plain.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], weight, rtol=1e-4, atol=1e-6)
        assert not torch.equal(weight, ticket.weights[name])
        if name in ticket.masks:
            assert not weight[~ticket.masks[name]].any()


def test_masks_of_the_benchmark_keep_exactly_the_density() -> None:
    for _, kept, total, _ in sparse_ticket(Network(architecture="lenet5_classic"), 0.2).layers():
        assert kept == round(0.2 * total)


def test_rounds_interleave_the_loops_and_start_with_another_one_each() -> None:
    seen: list[str] = []
    loops = {name: (lambda _, name=name: seen.append(name)) for name in ("a", "b", "c")}
    times = interleave(loops, 2)
    assert "".join(seen) == "abc" + "bca" + "cab"
    assert {name: (len(t.wall), len(t.cpu)) for name, t in times.items()} == dict.fromkeys("abc", (2, 2))
    assert isinstance(times["a"], Times)


def run_of(seed: int, computed_in: str, accuracy: float) -> precision.Run:
    return precision.Run("lenet5", "fashion_mnist", 6000, 2, 10.0, seed, computed_in, accuracy, accuracy, 12.5)


def test_precision_runs_are_kept_and_only_complete_pairs_compared(tmp_path: Path) -> None:
    runs = [run_of(0, "fp32", 80.5), run_of(0, "bf16", 80.25), run_of(1, "fp32", 81.0)]
    for run in runs:
        precision.append(tmp_path / "runs.csv", run)
    assert precision.read(tmp_path / "runs.csv") == runs
    (seeds,) = precision.pairs(runs).values()
    assert list(seeds) == [0]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(-0.2, 0.5, "holds"), (-0.6, 0.1, "undecided"), (-2.0, -0.6, "differs"), (-0.7, 0.7, "undecided")],
)
def test_precision_holds_only_if_the_whole_interval_lies_within_the_margin(
    low: float, high: float, expected: str
) -> None:
    assert precision.conclusion(Interval(mean=(low + high) / 2, low=low, high=high, n=8)) == expected
    assert precision.conclusion(Interval(mean=(low + high) / 2, low=low, high=high, n=7)) == "too few pairs"


def script(name: str, folder: Path, *arguments: str, python: str = "") -> str:
    """What a benchmark prints, run on embedded data alone; warm, unless another Python is given."""
    call = [python or warm.python(), str(ROOT / "benchmarks" / name), "--quick", *arguments]
    done = subprocess.run(
        call, cwd=folder, env=os.environ | {"LTH_DATA": str(folder)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_benchmark_of_linear_layers_runs(tmp_path: Path) -> None:
    pytest.importorskip("numba", reason="sparse kernels need numba")
    assert script("linear.py", tmp_path).count("| 384->") == 8


def test_the_training_benchmark_runs(tmp_path: Path) -> None:
    printed = script("training.py", tmp_path, "--network", "lenet_300_100", "lenet5_classic", "--out", "found.md")
    assert (tmp_path / "found.md").read_text() == printed.rstrip("\n") + "\n"
    assert printed.count("| lenet5_classic |") == 2
    assert "`python benchmarks/training.py --quick --network lenet_300_100" in printed
    assert str(tmp_path) not in printed


def test_the_benchmark_of_a_study_times_its_trainings_with_both_kernels(tmp_path: Path) -> None:
    printed = script("study.py", tmp_path, str(ROOT / "config/demo.yaml"))
    rows = [line for line in printed.splitlines() if line.startswith(("| lenet", "| all"))]
    assert len(rows) == 3
    assert rows[-1].count(" h |") == 2


def test_the_augmentation_benchmark_runs(tmp_path: Path) -> None:
    printed = script("augmentation.py", tmp_path)
    assert printed.count("| lth |") == printed.count("| torchvision, image by image |") == 2
    assert "| LeNet-300-100 | training step |" in printed


def test_the_benchmark_of_compiled_augmentation_runs(tmp_path: Path) -> None:
    pytest.importorskip("numba", reason="augmentation is compiled by numba")
    printed = script("compiled_augmentation.py", tmp_path)
    for network in ("lenet_300_100", "lenet5_classic", "resnet20"):
        assert f"| {network} |" in printed


def test_the_benchmark_of_pruning_while_training_runs(tmp_path: Path) -> None:
    printed = script("in_training.py", tmp_path)
    for method in ("dense", "progressive", "set", "rigl"):
        assert f"| resnet20 | {method} |" in printed


def test_the_benchmark_of_texts_runs(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="the text extra is not installed")
    printed = script("text.py", tmp_path)
    assert all(f"| {name} |" in printed for name in ("plain loop, fp32", "lth, fp32", "lth, bf16"))


def test_the_scoring_benchmark_runs(tmp_path: Path) -> None:
    printed = script("scoring.py", tmp_path)
    for name in SCORES:
        assert f"| lenet_300_100 | {name} |" in printed


def test_the_benchmark_of_saving_runs(tmp_path: Path) -> None:
    assert "| lenet_300_100 | 3.5 |" in script("saving.py", tmp_path)


@pytest.mark.parametrize(("network", "percent"), [("lenet_300_100", 10), ("bert", 40)])
def test_the_precision_benchmark_goes_on_where_it_stopped(
    network: str, percent: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if network == "bert":
        pytest.importorskip("transformers", reason="the text extra is not installed")
    kept = tmp_path / "runs.csv"
    monkeypatch.setenv("LTH_DATA", str(tmp_path))
    arguments = ["--quick", "--network", network, "--csv", str(kept)]
    precision.main(arguments)
    first = precision.read(kept)
    kept.write_text("".join(kept.read_text().splitlines(keepends=True)[:-1]))
    capsys.readouterr()
    precision.main(arguments)
    assert [replace(run, seconds=0) for run in precision.read(kept)] == [replace(run, seconds=0) for run in first]
    assert capsys.readouterr().out.count(f"{network} {percent} % seed") == 1


@pytest.mark.workflow
def test_the_start_up_benchmark_runs(tmp_path: Path) -> None:
    printed = script("startup.py", tmp_path, python=sys.executable)  # it looks at what a job imports
    assert "unneeded imports: none" in printed
    assert re.search(r"config/demo.yaml, 8 seeds, \d\d+ jobs", printed)
    assert "peak memory" in printed
