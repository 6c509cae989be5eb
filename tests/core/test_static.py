"""Steps from fixed memory, which a GPU records and repeats, are ordinary steps, to the last bit."""

import ast
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from small import CPU, NETWORK, sparse_ticket, tiny_images
from torch import Tensor

from benchmarks.gpu.small import EVERYTHING
from lth import methods
from lth.artifacts.tickets import Ticket
from lth.config.data import Network
from lth.config.training import Augmentation, Capture, Freeze, LearningRateSchedule, Optimiser, Recipe
from lth.pruning.masks import shuffled
from lth.seeds import generator
from lth.training import static
from lth.training.hooks import Hook
from lth.training.loop import Loop
from lth.training.resume import restore, snapshot
from lth.training.static import StaticStep
from lth.training.train import train
from lth.training.trained import Trained

MOMENTUM = Optimiser(name="sgd", learning_rate=0.05, momentum=0.9, weight_decay=1e-3)
BILINEAR = EVERYTHING.model_copy(update={"interpolation": "bilinear"})
WAYS: dict[str, dict[str, Any]] = {
    "sgd": {"optimiser": Optimiser(name="sgd", learning_rate=0.05)},
    "momentum, cosine": {"schedule": LearningRateSchedule(name="cosine", warmup_epochs=0.5)},
    "nesterov, everything": {
        "optimiser": MOMENTUM.model_copy(update={"nesterov": True}),
        "augment": BILINEAR,
        "label_smoothing": 0.1,
    },
    "adam, steps": {
        "optimiser": Optimiser(name="adam", learning_rate=3e-3, weight_decay=1e-2),
        "schedule": LearningRateSchedule(name="step", milestones=(1.0,)),
    },
    "adamw, clipped": {
        "optimiser": Optimiser(name="adamw", learning_rate=3e-3, weight_decay=0.1, decay_exclude=("bias",)),
        "clip_grad_norm": 0.5,
        "schedule": LearningRateSchedule(name="linear", warmup_epochs=0.5),
    },
    "frozen, shifted": {"freeze": Freeze(rule="below"), "augment": Augmentation(shift=0.1)},
    "bf16, flipped": {"precision": "bf16", "augment": Augmentation(flip=True)},
    "restarts": {"schedule": LearningRateSchedule(name="cosine_restarts", period_epochs=1)},
}


def recipe_of(way: str) -> Recipe:
    """Two epochs of five steps, the last of each with six images instead of sixteen."""
    return Recipe(**{"optimiser": MOMENTUM, "batch_size": 16, "epochs": 2, **WAYS[way]})


def trained(ticket: Ticket, recipe: Recipe, capture: Capture, **given: Any) -> Trained:
    return train(ticket.module(), ticket.masks, tiny_images(), recipe, seed=1, device=CPU, capture=capture, **given)


def assert_same(found: Trained, expected: Trained) -> None:
    assert found.history == expected.history
    assert vars(found.meter) == vars(expected.meter)
    assert all(torch.equal(found.weights[name], weight) for name, weight in expected.weights.items())
    assert all(torch.equal(found.masks[name], mask) for name, mask in expected.masks.items())


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The steps that were made from fixed memory."""
    steps: list[int] = []
    original = StaticStep.make

    def spy(self: StaticStep, drawn: Any, step: int) -> None:
        original(self, drawn, step)
        steps.append(step)

    monkeypatch.setattr(StaticStep, "make", spy)
    return steps


@pytest.mark.parametrize("way", WAYS)
def test_the_same_to_the_last_bit(way: str, made: list[int]) -> None:
    expected = trained(sparse_ticket(), recipe_of(way), "never")
    assert made == []
    assert_same(trained(sparse_ticket(), recipe_of(way), "always"), expected)
    assert made == [0, 1, 2, 3, 5, 6, 7, 8]  # the smaller last batches are made as they come


@pytest.mark.parametrize("change", [{"architecture": "conv2", "dropout": 0.4}, {"architecture": "resnet20"}])
def test_with_dropout_and_batch_norm(change: dict[str, Any], made: list[int]) -> None:
    ticket, short = Ticket.dense(NETWORK.model_copy(update=change), 0), {"epochs": None, "iterations": 3}
    recipe = recipe_of("sgd").model_copy(update={"batch_size": 6, "evaluate_every": 3, **short})
    assert_same(trained(ticket, recipe, "always"), trained(ticket, recipe, "never"))
    assert len(made) == 3


def test_of_the_last_layer_alone(made: list[int]) -> None:
    expected = trained(sparse_ticket(), recipe_of("sgd"), "never", trains="head")
    assert_same(trained(sparse_ticket(), recipe_of("sgd"), "always", trains="head"), expected)
    assert len(made) == 8


class Changes(Hook):
    """Dense until step 3, then masks, others at 6, and one step without an update."""

    def __init__(self, then: dict[int, dict[str, Tensor]]) -> None:
        self.then = then

    def next_action(self, loop: Loop, step: int) -> int:
        return min((action for action in (*self.then, 7) if action >= step), default=loop.steps)

    def before_step(self, loop: Loop, step: int) -> None:
        if step in self.then:
            loop.change_masks(self.then[step])

    def after_backward(self, loop: Loop, step: int) -> bool:
        return step != 7


def test_masks_that_change_are_those_of_the_next_step(made: list[int]) -> None:
    """Where the same layers have pruned weights before and after, the memory that a recorded step reads is kept."""
    dense, first = Ticket.dense(NETWORK, 0), sparse_ticket().masks
    then = {3: dict(first), 6: shuffled(first, generator(0, "other"))}
    recipe = recipe_of("momentum, cosine")
    layouts: list[int] = []
    original = StaticStep.__init__

    def counted(self: StaticStep, loop: Loop, drawn: Any) -> None:
        original(self, loop, drawn)
        layouts.append(self.layout)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StaticStep, "__init__", counted)
        found = trained(dense, recipe, "always", hook=Changes(then))
    assert made == [0, 1, 2, 5, 8]  # the hook acts in 3, 6 and 7; 4 and 9 have fewer images
    assert layouts == [1, 2]
    assert_same(found, trained(dense, recipe, "never", hook=Changes(then)))
    assert torch.equal(found.masks["0.weight"], then[6]["0.weight"])


@pytest.mark.parametrize(("before", "after"), [("never", "always"), ("always", "never")])
@pytest.mark.parametrize("way", ["adam, steps"])
def test_a_training_goes_on_the_other_way(way: str, before: Capture, after: Capture) -> None:
    def begun(capture: Capture) -> Loop:
        ticket, images = sparse_ticket(), tiny_images()
        return Loop.start(ticket.module(), ticket.masks, images, recipe_of(way), 1, CPU, capture=capture)

    def stepped(loop: Loop, first: int, last: int) -> Loop:
        for step in range(first, last):
            loop.advance(step, step + 1, Hook())
        return loop

    whole = snapshot(stepped(begun("never"), 0, 10), Trained(), 10)
    state = snapshot(stepped(begun(before), 0, 7), Trained(), 7)
    on = begun(after)
    stepped(on, 0, 2)  # of another training, whose memory must not be taken for that of the restored one
    restore(on, Trained(), *state)
    tensors, told = snapshot(stepped(on, 7, 10), Trained(), 10)
    assert told == whole[1]
    assert tensors.keys() == whole[0].keys()
    assert all(torch.equal(tensor, whole[0][name]) for name, tensor in tensors.items())


class Gpu:
    """Stands for torch's streams and graphs: what is recorded is not made then, but when the graph is replayed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, refuses: str = "") -> None:
        self.told: list[str] = []
        self.recording: Gpu | None = None
        self.refuses, self.run = refuses, StaticStep.run
        self.recorded: StaticStep | None = None
        built = StaticStep.__init__

        def on_gpu(step: StaticStep, loop: Loop, drawn: Any) -> None:
            built(step, loop, drawn)
            step.on_gpu, step._stream = True, self  # type: ignore[assignment]

        monkeypatch.setattr(StaticStep, "__init__", on_gpu)
        monkeypatch.setattr(StaticStep, "run", lambda step: self.runs(step))  # noqa: PLW0108  (a method of steps)
        monkeypatch.setattr(static.torch.cuda, "CUDAGraph", lambda: self)
        monkeypatch.setattr(static.torch.cuda, "current_stream", lambda _: self)
        monkeypatch.setattr(static.torch.cuda, "stream", lambda _: nullcontext())
        monkeypatch.setattr(static.torch.cuda, "graph", self.graph)

    def wait_stream(self, _: object) -> None:
        self.told.append("wait")

    @contextmanager
    def graph(self, graph: object, stream: object) -> Iterator[None]:
        assert graph is stream is self
        self.told.append("record")
        self.recording = self
        try:
            yield
        finally:
            self.recording = None

    def runs(self, step: StaticStep) -> None:
        if self.recording is None:
            self.told.append("run")
            self.run(step)
        elif self.refuses:
            raise RuntimeError(self.refuses)
        self.recorded = step

    def replay(self) -> None:
        assert self.recorded is not None
        self.told.append("replay")
        self.run(self.recorded)


def test_a_gpu_warms_up_with_steps_of_the_training_and_records_once(
    monkeypatch: pytest.MonkeyPatch, made: list[int]
) -> None:
    expected = trained(sparse_ticket(), recipe_of("adam, steps"), "never")
    gpu = Gpu(monkeypatch)
    assert_same(trained(sparse_ticket(), recipe_of("adam, steps"), "always"), expected)
    assert gpu.told == ["wait", "run", "wait"] * static.WARM_UP + ["record"] + ["replay"] * (8 - static.WARM_UP)
    assert len(made) == 8


def test_what_cannot_be_recorded_goes_on_step_by_step_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = trained(sparse_ticket(), recipe_of("adam, steps"), "never")
    gpu, lines = Gpu(monkeypatch, "operation not permitted when stream is capturing\nand a trace"), list[str]()
    assert_same(trained(sparse_ticket(), recipe_of("adam, steps"), "always", log=lines.append), expected)
    assert gpu.told == ["wait", "run", "wait"] * static.WARM_UP + ["record"]
    (line,) = (line for line in lines if "recorded" in line)
    assert line == (
        "steps are started kernel by kernel, since none can be recorded as a whole: "
        "operation not permitted when stream is capturing"
    )


@pytest.mark.parametrize(
    ("capture", "architecture", "expected"),
    [
        ("auto", "lenet_300_100", ""),
        ("auto", "lenet5", ""),
        ("auto", "resnet18", "its steps are long enough"),
        ("always", "resnet18", ""),
        ("never", "lenet_300_100", "compute.capture is never"),
    ],
)
def test_which_trainings_a_gpu_records(
    capture: Capture, architecture: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    channels, size = (3, 32) if architecture == "resnet18" else (1, 28)
    ticket = Ticket.dense(Network(architecture=architecture, channels=channels, size=size), 0)
    images, pixels = tiny_images(), torch.zeros(70, channels, size, size, dtype=torch.uint8)
    images.splits["train"] = replace(images.splits["train"], images=pixels)
    recipe = Recipe(optimiser=MOMENTUM, batch_size=128, epochs=1, kernels="dense")
    loop = Loop.start(ticket.module(), ticket.masks, images, recipe, 0, CPU, capture=capture)
    assert loop.static.why_not == (expected if capture != "auto" else "it is not on a GPU")
    monkeypatch.setattr(loop.feed, "device", torch.device("cuda", 0))
    assert static.why_not(loop, capture) == expected


def test_every_training_of_a_job_is_told_what_the_study_says_of_capturing() -> None:
    """One that is not would be captured whatever `compute.capture` says."""
    found = []
    for file in sorted(Path(methods.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "train":
                found.append((file.name, "capture" in [keyword.arg for keyword in node.keywords]))
    assert {name for name, _ in found} >= {"dual.py", "evaluate.py", "round.py"}
    assert [name for name, told in found if not told] == []
