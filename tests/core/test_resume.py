"""A training that was stopped, at a step, while it is scored, or while its state is written, ends as if it had not."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from math import inf
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from filelock import FileLock
from small import NETWORK, round_job, tiny_images

from lth.artifacts import tensors as artifacts
from lth.config.study import Compute
from lth.config.training import Augmentation, LearningRateSchedule, Optimiser, Recipe
from lth.data import feed
from lth.errors import UserError
from lth.methods.evaluate import EvaluationFiles, run_evaluation
from lth.methods.round import RoundFiles, run_round
from lth.plan.jobs import EvaluationJob, RoundJob
from lth.running import stopping
from lth.running.gpus import ASSIGNED
from lth.running.jobs import Job
from lth.running.scratch import Saved, Scratch
from lth.running.stopping import Stopped
from lth.training import loop, resume, train
from lth.training.device import in_fixed_order

SGD = Recipe(
    optimiser=Optimiser(name="sgd", learning_rate=0.05, momentum=0.9, weight_decay=1e-3),
    schedule=LearningRateSchedule(name="cosine"),
    augment=Augmentation(rotation_degrees=10, flip=True),
    batch_size=10,
    epochs=2,
)
ADAM = Recipe(optimiser=Optimiser(name="adam", learning_rate=3e-3), batch_size=20, iterations=11, evaluate_every=3)
CLIPPED = Recipe(
    optimiser=Optimiser(name="adamw", learning_rate=3e-3, weight_decay=0.1, decay_exclude=("bias", "norm")),
    schedule=LearningRateSchedule(name="linear", warmup_epochs=0.5),
    clip_grad_norm=0.5,
    batch_size=20,
    iterations=8,
    evaluate_every=4,
)
IMPATIENT = Recipe(optimiser=Optimiser(learning_rate=0.01), batch_size=20, iterations=40, evaluate_every=2, patience=1)
"""Ends after step 14."""
ROUGH = Recipe(optimiser=Optimiser(name="adam", learning_rate=0.1), batch_size=10, epochs=8)
"""Loses validation accuracy now and then."""
SPARSE = ADAM.model_copy(update={"kernels": "sparse", "evaluate_every": 4})
BF16 = ADAM.model_copy(update={"precision": "bf16"})
DROPOUT = NETWORK.model_copy(update={"architecture": "conv2", "dropout": 0.4})
RESNET = NETWORK.model_copy(update={"architecture": "resnet20"})
OUTPUTS = ("ticket", "trained", "history", "confusion", "layers", "cost", "measured")
TRANSFORM = {"transform": "x", "recipes": {"transform": ADAM}, "penalty": {"rise": 0.1, "every": 1}}

WAYS: dict[str, dict[str, Any]] = {
    "dense, Adam": {"recipe": ADAM},
    "dense, bf16": {"recipe": BF16},
    "dense, augmented by compiled code": {"recipe": SGD},
    "dropout": {"recipe": ADAM, "network": DROPOUT},
    "batch norm": {"recipe": ADAM.model_copy(update={"iterations": 8, "evaluate_every": 4}), "network": RESNET},
    "stability, an early step": {"recipe": SGD, "score": "stability", "rewind": "step", "rewind_step": 3},
    "from a step on": {"recipe": SGD, "first_step": 3},
    "early stopping": {"recipe": IMPATIENT},
    "early stopping, sparse": {"recipe": IMPATIENT.model_copy(update={"kernels": "sparse"})},
    "decay excluded, clipped": {"recipe": CLIPPED},
    "sparse, Adam": {"recipe": SPARSE},
    "sparse, augmented": {"recipe": SGD.model_copy(update={"kernels": "sparse"})},
    "sparse, batch norm": {"recipe": SPARSE.model_copy(update={"iterations": 8}), "network": RESNET},
    "sparse, dropout": {"recipe": SPARSE, "network": DROPOUT},
    "sparse, progressive": {"method": "progressive", "until_epoch": 1, "recipe": SPARSE},
    "sparse, rigl": {"method": "dynamic", "update_interval": 2, "recipe": SPARSE},
    "snip": {"method": "at_init", "score": "snip"},
    "progressive": {"method": "progressive", "until_epoch": 1},
    "progressive, waiting": {"method": "progressive", "until_epoch": 7, "wait_points": 0.5, "recipe": ROUGH},
    "set": {"method": "dynamic", "update_interval": 2, "grow": "random"},
    "rigl": {"method": "dynamic", "update_interval": 2},
    "rst": {"method": "dual", **TRANSFORM},
    "rst-iter": {"method": "dual", "cycles": 2, **TRANSFORM},
}


def round_of(way: dict[str, Any]) -> RoundJob:
    """A first round found in that way; one that prunes keeps a quarter."""
    sparse = "method" in way
    return round_job(**{"recipe": SGD, "round": int(sparse), "density": "1/4" if sparse else "1", **way})


@cache
def image_bytes(noise: float) -> bytes:
    """The tiny images as a file has them; hundreds of restarts read them."""
    with tempfile.TemporaryDirectory() as folder:
        tiny_images(noise=noise).save(Path(folder) / "images")
        return (Path(folder) / "images").read_bytes()


def write(folder: Path, spec: RoundJob, scratch: Scratch | None, noise: float = 40) -> list[str]:
    """Run the round; its log."""
    folder.mkdir(exist_ok=True)
    images = folder.parent / "images"
    if not images.exists() or images.read_bytes() != image_bytes(noise):
        images.write_bytes(image_bytes(noise))
    files = RoundFiles(data=images, **{name: folder / name for name in OUTPUTS})
    log: list[str] = []
    if scratch is None:
        run_round(spec, files, Compute(device="cpu"), Job("round", log.append))
        return log
    with scratch.held(log.append):
        run_round(spec, files, Compute(device="cpu"), Job("round", log.append), scratch)
    return log


def scratch_in(folder: Path, **changes: Any) -> Scratch:
    """A new process's scratch, in the same folder."""
    return Scratch(folder / "scratch", **{"key": "k", "inputs": (), **changes})


def artefacts(folder: Path) -> dict[str, bytes]:
    """All that is compared: what was measured never is."""
    return {name: (folder / name).read_bytes() for name in OUTPUTS if name != "measured"}


class Stops:
    """Says after so many questions that the process was told to stop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
        self.left = after
        for module in (train, loop):
            monkeypatch.setattr(module, "requested", self)

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


def finish(run: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, after: int) -> int:
    """Run until it is done, stopping it each time after so many questions; how often it was stopped."""
    for stops in range(200):
        Stops(monkeypatch, after)
        try:
            run()
        except Stopped:
            continue
        return stops
    raise AssertionError("it never ends")


@pytest.mark.parametrize("way", WAYS)
def test_a_stopped_round_ends_as_if_it_had_not_been_stopped(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = round_of(WAYS[way])
    if "compiled" in way:
        pytest.importorskip("numba")
        monkeypatch.setattr(feed, "WORTH_COMPILING", 0)
    write(tmp_path / "whole", spec, None)
    for after in (5, 8):  # within steps, and within scoring
        again = tmp_path / f"again{after}"
        stops = finish(lambda again=again: write(again, spec, scratch_in(tmp_path)), monkeypatch, after)  # type: ignore[misc]
        assert stops > ("sparse" not in way)  # whose steps are made many at once
        assert artefacts(again) == artefacts(tmp_path / "whole")
        assert sorted(path.name for path in (tmp_path / "scratch").iterdir()) == ["lock"]


def test_a_stopped_few_shot_evaluation_ends_as_if_it_had_not_been_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The finished draws are kept until the last one has been trained, whose own state nobody would read."""
    write(tmp_path / "ticket", round_of({"recipe": ADAM}), None)
    spec = EvaluationJob(
        **{"study": "s", "ticket": "t", "kind": "dense", "seed": 3, "round": 0, "network": NETWORK},
        **{"evaluation": "e", "arm": "dense", "dataset": "tiny", "recipe": ADAM, "examples": 30, "draws": 2},
    )

    def run(name: str, scratch: Scratch | None) -> dict[str, bytes]:
        found = {part: tmp_path / name / part for part in ("history", "confusion", "record")}
        files = EvaluationFiles(data=tmp_path / "images", ticket=tmp_path / "ticket/ticket", **found)
        job = Job("evaluation", lambda _: None)
        if scratch:
            with scratch.held(job.log):
                run_evaluation(spec, files, Compute(device="cpu"), job, scratch)
        else:
            run_evaluation(spec, files, Compute(device="cpu"), job)
        return {part: path.read_bytes() for part, path in found.items()}

    whole = run("whole", None)
    written: list[Path] = []
    writes = Saved.write
    with monkeypatch.context() as patched:
        patched.setattr(Saved, "write", lambda self, *state: (written.append(self.path), writes(self, *state)))
        run("once", scratch_in(tmp_path))
    assert [path.name for path in written] == ["training1.safetensors"]
    assert finish(lambda: run("again", scratch_in(tmp_path)), monkeypatch, 6) > 2
    assert {part: (tmp_path / "again" / part).read_bytes() for part in whole} == whole


def test_a_state_is_written_every_so_often_and_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a kill -9: nobody asked for it to stop, the last periodic state is what there is."""
    spec = round_of({"recipe": SGD})
    write(tmp_path / "whole", spec, None)
    steps: list[int] = []

    def dies(self: loop.Loop, *arguments: Any) -> None:
        steps.append(arguments[2])
        if len(steps) == 9:
            raise KeyboardInterrupt
        made(self, *arguments)

    made = loop.Loop.step
    monkeypatch.setattr(loop.Loop, "step", dies)
    monkeypatch.setattr("lth.running.scratch.SHARE", inf)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "again", spec, scratch_in(tmp_path, save_seconds=0.0))
    log = write(tmp_path / "again", spec, scratch_in(tmp_path))
    assert steps[9] == 8
    assert any("goes on from step 8/14" in line for line in log)
    assert artefacts(tmp_path / "again") == artefacts(tmp_path / "whole")


def test_what_is_done_and_taken_away_is_not_trained_again_where_finished_states_stay(tmp_path: Path) -> None:
    """As where a later round of the same cluster job fails: Snakemake takes the outputs of all its rounds away."""
    spec = round_of({"recipe": SGD})
    write(tmp_path / "whole", spec, None)
    for _ in range(2):
        log = write(tmp_path / "again", spec, scratch_in(tmp_path, keeps=True))
        assert artefacts(tmp_path / "again") == artefacts(tmp_path / "whole")
        shutil.rmtree(tmp_path / "again")
    assert any("was done before" in line for line in log)
    assert sorted(path.name for path in (tmp_path / "scratch").iterdir()) == ["lock", "training1.safetensors"]


def test_a_stop_while_a_state_is_written_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = round_of({"recipe": SGD})
    write(tmp_path / "whole", spec, None)
    whole, count = artifacts.write_bytes, 0

    def torn(path: Path, content: bytes) -> None:
        nonlocal count
        count += path.name.startswith("training")
        if path.name.startswith("training") and count == 4:
            path.with_name(f".{path.name}.1.part").write_bytes(content[: len(content) // 2])
            raise KeyboardInterrupt
        whole(path, content)

    monkeypatch.setattr(artifacts, "write_bytes", torn)
    monkeypatch.setattr("lth.running.scratch.SHARE", inf)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "again", spec, scratch_in(tmp_path, save_seconds=0.0))
    log = write(tmp_path / "again", spec, scratch_in(tmp_path))
    assert any("goes on from step 2/14" in line for line in log)
    assert artefacts(tmp_path / "again") == artefacts(tmp_path / "whole")


@pytest.mark.parametrize("changed", [{"key": "another"}, {"inputs": "images"}])
def test_a_state_of_other_settings_or_inputs_is_not_gone_on_from(
    changed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = round_of({"recipe": ADAM})
    Stops(monkeypatch, 5)
    with pytest.raises(Stopped):
        write(tmp_path / "round", spec, scratch_in(tmp_path))
    monkeypatch.undo()
    changed = {key: (tmp_path / value,) if key == "inputs" else value for key, value in changed.items()}
    log = write(tmp_path / "round", spec, scratch_in(tmp_path, **changed))
    assert any("begins anew: what was kept belongs to other" in line for line in log)


def changing(path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Write over a file, in place, while a training is at a step."""
    made, steps = loop.Loop.step, 0

    def step(self: loop.Loop, *arguments: Any) -> None:
        nonlocal steps
        steps += 1
        if steps == at:
            path.write_bytes(content)
        made(self, *arguments)

    monkeypatch.setattr(loop.Loop, "step", step)


@pytest.mark.parametrize("left", [0, 500, None], ids=["emptied", "cut short", "filled with zeros"])
def test_a_data_file_that_changes_while_it_is_open_changes_nothing(
    left: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = round_of({"recipe": ADAM})
    write(tmp_path / "whole", spec, None)
    images = tmp_path / "images"
    size = images.stat().st_size
    changing(images, images.read_bytes()[:left] if left is not None else bytes(size), monkeypatch, at=2)
    write(tmp_path / "again", spec, None)
    assert images.stat().st_size == (size if left is None else left)
    assert artefacts(tmp_path / "again") == artefacts(tmp_path / "whole")


def test_a_state_belongs_to_the_data_as_they_were_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trained on other images, which became these while it was at work: what was kept is of the others."""
    spec, images = round_of({"recipe": ADAM}), tmp_path / "images"
    write(tmp_path / "whole", spec, None)
    changing(images, images.read_bytes(), monkeypatch, at=2)
    Stops(monkeypatch, 8)
    with pytest.raises(Stopped):
        write(tmp_path / "again", spec, scratch_in(tmp_path, inputs=(images,)), noise=20)
    monkeypatch.undo()
    log = write(tmp_path / "again", spec, scratch_in(tmp_path, inputs=(images,)))
    assert any("begins anew: what was kept belongs to other" in line for line in log)
    assert artefacts(tmp_path / "again") == artefacts(tmp_path / "whole")


def test_a_damaged_state_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = round_of({"recipe": ADAM})
    Stops(monkeypatch, 5)
    with pytest.raises(Stopped):
        write(tmp_path / "round", spec, scratch_in(tmp_path))
    monkeypatch.undo()
    state = tmp_path / "scratch/training1.safetensors"
    state.write_bytes(state.read_bytes()[:-50])
    log = write(tmp_path / "round", spec, scratch_in(tmp_path))
    assert any("begins anew" in line and "damaged" in line for line in log)


@pytest.mark.parametrize("folder", ["/dev/null/scratch", "/proc/scratch"])
def test_scratch_that_cannot_be_made_is_a_sentence(folder: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"^{folder}: cannot be locked: .*; change `compute.scratch`, then rerun$"):
        write(tmp_path / "round", round_of({"recipe": ADAM}), Scratch(Path(folder), "k"))


@pytest.mark.parametrize(("job", "named"), [("17", ", the cluster's job 17,"), ("", "")])
def test_two_processes_never_write_one_state(
    job: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ASSIGNED:
        monkeypatch.delenv(name, raising=False)
    if job:
        monkeypatch.setenv(ASSIGNED[0], job)
    monkeypatch.setattr("lth.running.scratch.LOCK_SECONDS", 0.1)
    (tmp_path / "scratch").mkdir()
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom lth.running.scratch import Scratch\n"
        f"with Scratch(Path({str(tmp_path / 'scratch')!r}), 'k').held(print):\n"
        "    print('held', flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        words = rf"process {other.pid} on \S*?{named} \(since .*\) is at this very job; wait"
        with pytest.raises(UserError, match=words):
            write(tmp_path / "round", round_of({"recipe": ADAM}), scratch_in(tmp_path))
        other.kill()
    write(tmp_path / "round", round_of({"recipe": ADAM}), scratch_in(tmp_path))  # a lock ends with its process
    with FileLock(tmp_path / "scratch/lock", timeout=0):
        pass


@pytest.mark.parametrize("number", stopping.SIGNALS)
def test_a_signal_ends_a_job_within_five_seconds_with_a_code_of_its_own(number: int, tmp_path: Path) -> None:
    code = (
        "import time\nfrom lth.running.jobs import job\nfrom lth.running.stopping import Stopped, requested\n"
        f"with job('training', {str(tmp_path / 'log')!r}) as running:\n"
        "    print('ready', flush=True)\n"
        "    while not requested():\n        time.sleep(0.01)\n"
        "    raise Stopped('stopped before step 3/9')\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    started = time.monotonic()
    for _ in range(3):
        os.kill(process.pid, number)
    _, errors = process.communicate(timeout=10)
    assert time.monotonic() - started < 5
    assert process.returncode == stopping.EXIT_STOPPED
    assert errors == "training: stopped before step 3/9; run it again to go on\n"
    assert "run it again to go on" in (tmp_path / "log").read_text()


def test_what_does_not_listen_is_ended_after_the_grace(tmp_path: Path) -> None:
    code = (
        "import time\nfrom lth.running import stopping\nfrom lth.running.jobs import job\n"
        "stopping.GRACE_SECONDS = 0.3\n"
        f"with job('summary', {str(tmp_path / 'log')!r}):\n    print('ready', flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.wait(timeout=10) == stopping.EXIT_STOPPED


def test_a_job_without_its_snakemake_ends(tmp_path: Path) -> None:
    """Also where it was orphaned while Python still started, and has never seen another parent."""
    with subprocess.Popen([sys.executable, "-c", ""]) as starter:
        starter.wait()
    code = (
        "import sys, time\nfrom lth.running import stopping\nfrom lth.running.jobs import job\n"
        "stopping.GRACE_SECONDS = 0.3\n"
        f"with job('summary', {str(tmp_path / 'log')!r}):\n    time.sleep(float(sys.argv[1]))\n"
    )
    for process, seconds, status in ((starter.pid, 60, stopping.EXIT_STOPPED), (os.getpid(), 1.5, 0)):
        environment = {**os.environ, stopping.STARTED_BY: str(process)}
        done = subprocess.run([sys.executable, "-c", code, str(seconds)], env=environment, timeout=30, check=False)
        assert done.returncode == status


def test_a_slow_disk_is_written_to_less_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a study asks for, writing takes no more than its share of the time."""

    def slow(*_: object) -> None:
        time.sleep(0.2)

    monkeypatch.setattr("lth.running.scratch.write_tensors", slow)
    monkeypatch.setattr("lth.running.scratch.SHARE", 0.4)
    saved = scratch_in(tmp_path, save_seconds=0.0).training()
    assert saved.due()
    written = time.monotonic()
    saved.write({}, {"step": 1})
    assert not saved.due()
    while not saved.due():
        time.sleep(0.01)
    assert 0.2 + 0.2 / 0.4 <= time.monotonic() - written < 5


def test_the_state_of_an_optimiser_comes_back_on_the_device_of_its_parameters() -> None:
    """Also Adam's number of steps, which fused kernels on a GPU read there; here a device without memory stands for
    one."""
    parameter = torch.nn.Parameter(torch.empty(3, 2, device="meta"))
    training = SimpleNamespace(optimiser=torch.optim.SGD([parameter]))
    saved = {"0/step": torch.tensor(7.0), "0/exp_avg": torch.ones(3, 2)}
    resume._restore_optimiser(training, saved)  # type: ignore[arg-type]
    assert {key: tensor.device.type for key, tensor in training.optimiser.state[parameter].items()} == {
        "step": "meta",
        "exp_avg": "meta",
    }


def test_an_operation_without_a_fixed_order_is_a_sentence_and_other_errors_stay() -> None:
    words = "adaptive_avg_pool2d_backward_cuda does not have a deterministic implementation, but you set ..."
    with (
        pytest.raises(
            UserError, match="the network uses adaptive_avg_pool2d_backward_cuda, which torch computes on a G"
        ),
        in_fixed_order(),
    ):
        raise RuntimeError(words)
    with pytest.raises(RuntimeError, match="another"), in_fixed_order():
        raise RuntimeError("another")
