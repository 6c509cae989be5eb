"""What `lth check` says a study takes: time side by side, bytes on disk, and what its seeds can show."""

from pathlib import Path

import pytest
import torch
from study_text import SOUND, changed, study_of

from lth.artifacts.tickets import Ticket
from lth.artifacts.trained_weights import TrainedWeights
from lth.checks.read import load_study
from lth.cli import main, takes
from lth.config.data import Dataset, Network
from lth.config.training import Optimiser, Recipe
from lth.plan.disk import ticket_bytes, trained_bytes
from lth.plan.forecast import PlannedJob, duration, job_counts, makespan, planned_jobs
from lth.plan.paths import Paths
from lth.plan.plan import Plan
from lth.training.pace import Pace, Timed, at_density, random_training, weight_counts

ROOT = Path(__file__).parents[2]


def job(name: str, *after: str) -> PlannedJob:
    return PlannedJob("round", name, name, (name,), "", after)


def test_jobs_side_by_side_wait_for_each_other() -> None:
    """A chain of two and three others, a second each, but the last, which takes three."""
    jobs = [job("a"), job("b", "a", "done before"), job("c"), job("d"), job("e")]
    seconds = {"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0, "e": 3.0}

    def taken(one: PlannedJob) -> float:
        return seconds[one.key]

    assert makespan(jobs, taken, 1) == 7
    assert makespan(jobs, taken, 2) == 5  # a b d . . and c e e e, since e is the last in line
    assert makespan(jobs, taken, 99) == 3
    assert makespan([], taken, 2) == 0


@pytest.mark.parametrize("study", ["config.yaml", "config/quick.yaml", "config/methods.yaml", "config/dual-quick.yaml"])
def test_planned_jobs_are_those_that_are_counted_and_in_order(study: str) -> None:
    plan = Plan(load_study(ROOT / study))
    jobs = planned_jobs(Paths(plan))
    counts = job_counts(plan)
    for kind, name in (
        ("data", "data sets"),
        ("round", "rounds"),
        ("control", "controls"),
        ("evaluation", "evaluations"),
    ):
        assert sum(one.kind == kind for one in jobs) == counts[name]
    seen: set[str] = set()
    for one in jobs:
        assert seen.issuperset(one.after), one.title
        seen.add(one.key)
    assert len(seen) == len(jobs)
    assert {*Paths(plan).artifacts()} <= {
        path
        for one in jobs
        for path in (*one.outputs, one.outputs[0].replace("ticket.safetensors", "trained.safetensors"))
    }


@pytest.mark.parametrize("density", [1.0, 0.5, 0.1, 0.02])
@pytest.mark.parametrize("architecture", ["lenet_300_100", "lenet5_classic", "resnet20"])
def test_files_of_tickets_have_the_size_that_is_foreseen(tmp_path: Path, architecture: str, density: float) -> None:
    network = Network(architecture=architecture)
    dense, counts = Ticket.dense(network, 0), weight_counts(network)
    stream = torch.Generator().manual_seed(0)
    masks = {name: torch.rand(mask.shape, generator=stream) < density for name, mask in dense.masks.items()}
    for mask in masks.values():
        mask.view(-1)[0] = True
    ticket, path = dense.derive(masks, dense.weights), tmp_path / "ticket.safetensors"
    ticket.save(path)
    assert ticket_bytes(counts, density) == pytest.approx(path.stat().st_size, rel=0.06, abs=3000)
    TrainedWeights(last=ticket.weights).save(tmp_path / "trained.safetensors", path)
    found = (tmp_path / "trained.safetensors").stat().st_size
    assert trained_bytes(counts, density) == pytest.approx(found, rel=0.06, abs=3000)


def test_paces_between_measured_densities_lie_on_a_line() -> None:
    measured = [Pace(1.0, False, 10.0, 1.0, 1.0), Pace(0.5, True, 6.0, 1.0, 1.0), Pace(0.1, True, 2.0, 1.0, 1.0)]
    found = [at_density(measured, density) for density in (1.0, 0.5, 0.3, 0.1, 0.01)]
    assert found == pytest.approx([10, 6, 4, 2, 2])


def test_durations_are_as_exact_as_an_estimate() -> None:
    told = [duration(seconds) for seconds in (0, 89, 600, 5400, 3600 * 30.2, 86400 * 9)]
    assert told == ["0 s", "89 s", "10 min", "1.5 h", "30.2 h", "9 days"]


@pytest.mark.parametrize(
    ("seeds", "words"),
    [
        ("[0]", "seeds: 1 gives no interval and no test"),
        ("[0, 1, 2]", "seeds: 3 can give p = 0.25 at least, which decides no comparison at alpha 0.05"),
        ("[0, 1, 2, 3, 4, 5]", "families of up to 1 comparison can be decided"),
        ("[0, 1, 2, 3, 4, 5, 6, 7]", "families of up to 6 comparisons can be decided"),
    ],
)
def test_what_seeds_can_show(tmp_path: Path, capsys: pytest.CaptureFixture[str], seeds: str, words: str) -> None:
    (tmp_path / "study.yaml").write_text(changed(("seeds: [0, 1, 2]", f"seeds: {seeds}")))
    assert main(["check", str(tmp_path / "study.yaml"), "--fast"]) == 0
    *_, memory, shown = capsys.readouterr().out.splitlines()
    assert words in shown
    assert memory.startswith("memory: at most about 1.")


def test_a_study_is_measured_in_a_moment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lth.training.pace.SECONDS", 0.05)
    path = tmp_path / "study.yaml"
    path.write_text(SOUND)
    assert study_of(tmp_path, SOUND).study
    assert main(["check", str(path), "--cores", "1"]) == 0
    told = capsys.readouterr().out
    assert "time: about " in told
    assert "one job at a time" in told
    assert "measured, a step of lenet: " in told
    assert "disk: about " in told
    assert main(["check", str(path), "--cores", "0"]) == 1
    assert capsys.readouterr().err == "--cores: found 0; a number from 1 is needed\n"


@pytest.mark.parametrize(
    ("processor", "says"),
    [
        ("vendor_id\t: GenuineIntel\nflags\t\t: fpu avx512f avx512_vnni\n", True),
        ("flags\t\t: fpu avx512f avx512_bf16\n", False),
        ("flags\t\t: fpu amx_bf16 amx_tile\n", False),
        ("Features\t: fp asimd\n", False),  # an ARM processor
        (None, False),
    ],
)
def test_bf16_is_emulated_on_a_processor_without_its_instructions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processor: str | None, says: bool
) -> None:
    monkeypatch.setattr(takes, "PROCESSOR", tmp_path / "cpuinfo")
    if processor:
        (tmp_path / "cpuinfo").write_text(processor)
    on_cpu = study_of(tmp_path, SOUND.replace("datasets:", "compute: {device: cpu}\ndatasets:", 1))
    assert takes._emulates_bf16(on_cpu) == says


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_emulated_bf16_is_said_to_be_slow(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    monkeypatch.setattr(takes, "_emulates_bf16", lambda _: True)
    monkeypatch.setattr("lth.training.pace.paces", lambda timed, *_: [Pace(1, False, 1e-3, 1e-6, 1)] * len(timed))
    monkeypatch.setattr("lth.training.pace.start_seconds", lambda: 2.0)
    study = tmp_path / "study.yaml"
    study.write_text(changed(("    epochs: 2\n", f"    epochs: 2\n    precision: {precision}\n")))
    assert main(["check", str(study), "--cores", "1"]) == 0
    said = "bf16 (in find): this processor has no instructions for it" in capsys.readouterr().out
    assert said == (precision == "bf16")


def test_masks_that_are_timed_spread_over_layers_as_those_of_the_scope() -> None:
    """SNIP over all layers keeps most of the first convolution, where uniform masks keep a fiftieth."""
    network = Network(architecture="lenet5_caffe")
    recipe = Recipe(optimiser=Optimiser(learning_rate=1e-3), batch_size=10, epochs=1)
    common = network, recipe, Dataset(source="digits", validation=97, size=28), 0.02
    shares = {}
    for timed in (Timed(*common), Timed(*common, "erk"), Timed(*common, "global", "snip"), Timed(*common, "global")):
        masks = random_training(timed, torch.device("cpu"), "never").masking.masks
        kept = sum(int(mask.count_nonzero()) for mask in masks.values())
        assert kept == pytest.approx(0.02 * sum(mask.numel() for mask in masks.values()), abs=2 * len(masks))
        shares[timed.scope, timed.score] = {name: float(mask.float().mean()) for name, mask in masks.items()}
    assert [*shares["layerwise", "magnitude"].values()] == pytest.approx([0.02] * 4, abs=0.0021)  # and its first weight
    assert shares["erk", "magnitude"]["0.weight"] == pytest.approx(0.278, abs=0.01)  # by hand: 31 / 500 * 8610 / 1921
    assert shares["global", "snip"]["0.weight"] > 0.4
    assert shares["global", "snip"]["5.weight"] < 0.02
    assert shares["global", "magnitude"]["0.weight"] > 0.1  # drawn twice as large as the others


def test_trainings_are_timed_by_the_scope_of_the_ticket_that_they_come_from(tmp_path: Path) -> None:
    plan = Plan(load_study(ROOT / "config/snip.yaml"))
    found = {one for job in planned_jobs(Paths(plan)) for one in takes.trainings_of(plan, job)}
    assert {(one.density, one.scope, one.score) for one in found} == {
        (1.0, "layerwise", "magnitude"),
        (0.02, "global", "snip"),  # of the shuffled masks as well
        (0.01, "global", "snip"),
    }
    groups = takes.timed_groups(plan.study, found)
    assert {(timed.density, timed.score) for group, timed in groups if "global" in group[3]} == {
        (1.0, "snip"),
        (0.02, "snip"),
        (0.01, "snip"),
    }


def test_images_that_are_timed_lie_in_memory_as_those_of_a_training() -> None:
    """Expanded ones were copied whole at each call of the sparse kernels: 55 ms a step instead of 1."""
    network = Network(architecture="lenet_300_100")
    recipe = Recipe(optimiser=Optimiser(learning_rate=1e-3), batch_size=10, epochs=1)
    timed = Timed(network, recipe, Dataset(source="digits", validation=97), 0.1)
    loop = random_training(timed, torch.device("cpu"), "never")
    assert loop.feed.splits["train"].images.is_contiguous()


def test_what_cannot_be_measured_is_said_and_no_fault_of_the_study(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    monkeypatch.setattr("lth.training.pace.start_seconds", lambda: 2.0)
    (tmp_path / "study.yaml").write_text(f"compute: {{device: cuda}}\n{SOUND}")
    assert main(["check", str(tmp_path / "study.yaml"), "--cores", "1"]) == 0
    assert "time and disk: not measured: compute.device: cuda is asked for" in capsys.readouterr().out


def test_texts_are_not_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(ROOT / "config/text-demo.yaml")]) == 0
    assert "time and disk: not measured, since tiny reads texts and starts from a model" in capsys.readouterr().out
