"""Within an epoch no step reads a value back from the device, which a GPU would have to be waited for."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from small import CPU, NETWORK, sparse_ticket, tiny_images
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.gpu.small import EVERYTHING
from lth.artifacts.tickets import Ticket
from lth.config.training import Capture, Freeze, LearningRateSchedule, Optimiser, Recipe
from lth.data.feed import ImageFeed
from lth.methods.penalty import Penalty, PenaltyHook
from lth.networks.cost import Meter
from lth.pruning.masking import Masking
from lth.training import loop as loops
from lth.training.hooks import Hook
from lth.training.loop import Loop

RULES = {
    "sgd": Optimiser(name="sgd", learning_rate=0.05),
    "momentum": Optimiser(name="sgd", learning_rate=0.05, momentum=0.9, nesterov=True, weight_decay=1e-3),
    "adam": Optimiser(name="adam", learning_rate=3e-3, weight_decay=1e-2),
    "adamw": Optimiser(name="adamw", learning_rate=3e-3, weight_decay=1e-2),
}
READS = {"_local_scalar_dense", "nonzero", "masked_select", "_unique2", "unique_dim", "equal", "repeat_interleave"}
"""Operations whose result, or its shape, the host has to know."""


class NoReading(TorchDispatchMode):
    """Refuses operations that a GPU would be waited for."""

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = function.overloadpacket.__name__
        indices = args[1] if name in ("index", "index_put", "index_put_") else ()
        if name in READS or any(index is not None and index.dtype is torch.bool for index in indices):
            raise AssertionError(f"a step reads a value back: {name}")
        return function(*args, **(kwargs or {}))


def recipe_of(rule: str) -> Recipe:
    return Recipe(
        optimiser=RULES[rule],
        schedule=LearningRateSchedule(name="cosine"),
        batch_size=16,
        epochs=2,
        label_smoothing=0.1,
        clip_grad_norm=1.0,
        freeze=Freeze(rule="magnitude"),
        augment=EVERYTHING,
        kernels="dense",
    )


def test_the_mode_refuses_what_it_is_for() -> None:
    ones = torch.ones(3)
    for read in (lambda: float(ones.sum()), lambda: bool(ones.any()), lambda: ones[ones > 0], ones.nonzero):
        with pytest.raises(AssertionError, match="reads a value back"), NoReading():
            read()
    with pytest.raises(AssertionError, match="reads a value back: index_put_"), NoReading():
        ones[ones > 0] = 0


@pytest.mark.parametrize("capture", ["never", "always"])
@pytest.mark.parametrize("rule", RULES)
def test_steps_on_the_processor(rule: str, capture: Capture) -> None:
    ticket = sparse_ticket()
    hook = PenaltyHook(Penalty(rise=0.1, every=1), ticket.masks) if capture == "never" else Hook()
    loop = Loop.start(ticket.module(), ticket.masks, tiny_images(), recipe_of(rule), 0, CPU, capture=capture)
    loop.advance(0, 1, hook)
    with NoReading():
        for step in range(1, 5):
            loop.advance(step, step + 1, hook)
    assert (loop.static.step is None) == (capture == "never")


def test_scoring_reads_once_a_split_and_not_once_a_batch() -> None:
    ticket, images = sparse_ticket(), tiny_images((30, 300, 30))
    loop = Loop.start(ticket.module(), ticket.masks, images, recipe_of("sgd"), 0, CPU)
    with torch.inference_mode(), NoReading():
        for inputs, labels in loop.feed.scoring_batches("validation"):
            loop._score_batch(inputs, labels)


def everywhere(self: Masking, masks: Any) -> None:
    """Put masks to work without asking which of them prune anything."""
    self.masks = dict(masks)
    self._sparse = list(self.parameters.values())
    self._factors = [mask.float() for mask in masks.values()]


@pytest.mark.parametrize(("architecture", "capture"), [("lenet5_classic", "never"), ("resnet20", "always")])
def test_steps_on_a_device_that_has_no_values(
    architecture: str, capture: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On torch's meta device nothing can be read back, and tensors of the CPU cannot take part. Setting out is allowed
    to read; the optimisers, whose kernels the device has not, are seen to by the test above."""
    monkeypatch.setattr(Masking, "_install", everywhere)
    monkeypatch.setattr(Meter, "use", lambda *_: None)
    monkeypatch.setattr(ImageFeed, "weight_uses", lambda *_: {})
    monkeypatch.setattr(loops, "torch", SimpleNamespace(**vars(torch) | {"autocast": lambda *_, **__: nullcontext()}))
    ticket, device = Ticket.dense(NETWORK.model_copy(update={"architecture": architecture}), 0), torch.device("meta")
    loop = Loop.start(ticket.module(), ticket.masks, tiny_images(), recipe_of("adam"), 0, device, capture=capture)
    updates: list[int] = []
    monkeypatch.setattr(loop.optimiser, "step", lambda: updates.append(1))
    for step in range(5):
        loop.advance(step, step + 1, Hook())
    assert len(updates) == 5
    assert {parameter.device for parameter in loop.network.parameters()} == {device}
