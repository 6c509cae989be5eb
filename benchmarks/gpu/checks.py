"""The core on a device, against the CPU: functions that the command and the test suite both call.

A check takes a device, says what it found, and raises AssertionError where it is wrong. On the CPU they compare it
with itself, which rehearses them.
"""

import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import torch

from benchmarks.gpu.small import (
    CPU,
    EVERYTHING,
    RULES,
    Setting,
    begun,
    difference,
    half_ticket,
    pictures,
    same_bits,
    stepped,
    weights_after,
)
from lth.catalog.scores import SCORES
from lth.config.training import Augmentation
from lth.data.feed import Drawn
from lth.networks.build import build, load_weights
from lth.pruning.allocation import Target, allocate
from lth.pruning.scores.evidence import Evidence
from lth.seeds import generator
from lth.training.hooks import Hook
from lth.training.loop import Loop

Check = Callable[[torch.device], str]
FP32, STEPS = 1e-4, 7
"""How far fp32 may be off after a few steps, relative to a tensor's norm: another order of sums, blown up by training.
Adam divides by the root of gradients that may be all rounding, hence the larger bound."""
ADAM = 2e-2
NETWORKS = ("lenet_300_100", "lenet5_classic", "conv4", "resnet20", "vgg_like")


def augmented_images(device: torch.device) -> str:
    """Moved pixels are the same bytes, changes of colour the same values but for rounding."""
    found = []
    for name, augment in (
        ("crop, flip", Augmentation(crop_padding=2, flip=True)),
        ("rotation, shift", Augmentation(rotation_degrees=15, shift=0.1)),
        ("everything", EVERYTHING),
    ):
        here, there = (pictures(3, 32).feed(where, augment) for where in (CPU, device))
        batches = (map(feed.made, feed.draws(16, 0, 0, 5)) for feed in (here, there))
        pairs = zip(*batches, strict=True)
        differing, pixels = 0, 0
        for (expected, labels), (images, others) in pairs:
            assert torch.equal(labels, others.cpu()), "labels are in another order"
            differing += int(((images.cpu() - expected).abs() > 1e-3).sum())  # 1e-3 deviations: a sixteenth of a byte
            pixels += expected.numel()
        share = differing / pixels
        # a rotated position that lies on the border of two pixels may fall into either
        assert share <= (0 if name == "crop, flip" else 1e-3), f"{name}: {share:.2%} of the pixels differ"
        found.append(f"{name}: {share:.2g} of pixels differ")
    return "; ".join(found)


def masks_of_scores(device: torch.device) -> str:
    """The same scores, half of them tied, give the same masks."""
    ticket, draw = half_ticket(Setting().network), generator(0, "scores")
    scores = {n: torch.randint(0, 50, m.shape, generator=draw).float() for n, m in ticket.masks.items()}
    for scope in ("layerwise", "global", "erk"):
        target = Target(scope=scope, density=Fraction(3, 10))
        expected = allocate(scores, ticket.masks, target)
        moved = allocate(
            {n: s.to(device) for n, s in scores.items()}, {n: m.to(device) for n, m in ticket.masks.items()}, target
        )
        assert all(torch.equal(moved[name].cpu(), mask) for name, mask in expected.items()), f"{scope}: masks differ"
    return "masks are the same, ties included, in every scope"


def saliency_scores(device: torch.device) -> str:
    """Each score that looks at images or gradients, of the same weights."""
    setting = Setting(augment=None)
    ticket, found = half_ticket(setting.network), []
    for name in ("magnitude", "snip", "grasp", "synflow"):
        scores = []
        for where in (CPU, device):
            module = build(setting.network)
            load_weights(module, ticket.weights)
            feed = pictures(setting.channels, setting.size).feed(where)
            evidence = Evidence(
                network=module.to(where),
                masks={n: m.to(where) for n, m in ticket.masks.items()},
                weights={n: w.to(where) for n, w in ticket.weights.items()},
                shape=(setting.channels, setting.size, setting.size),
                stream=generator(0, "check"),
                sample=lambda count, feed=feed: feed.sample(count, generator(0, "sample")),  # type: ignore[misc]
                per_class=5,
            )
            scores.append({n: s.detach().cpu() for n, s in SCORES[name].load()(evidence).items()})
        distance = difference(scores[1], scores[0])
        assert distance < 5e-3, f"{name}: differs by {distance:.2g}"
        found.append(f"{name} {distance:.1g}")
    return "relative difference: " + ", ".join(found)


def one_step(architecture: str) -> Check:
    """Weights and statistics after a step in fp32."""

    def check(device: torch.device) -> str:
        setting = Setting(architecture=architecture, rule="sgd", augment=None)
        distance = difference(weights_after(setting, device, 1), weights_after(setting, CPU, 1))
        assert distance < FP32, f"differs by {distance:.2g}"
        return f"relative difference after a step {distance:.1g}"

    return check


def rule(name: str) -> Check:
    """Weights after some steps, and no pruned one moved."""

    def check(device: torch.device) -> str:
        setting = Setting(rule=name, augment=None)
        loop = stepped(begun(setting, device), 0, STEPS)
        loop.masking.verify()
        distance, bound = difference(loop.weights(), weights_after(setting, CPU, STEPS)), FP32
        bound = ADAM if name.startswith("adam") else 10 * FP32
        assert distance < bound, f"differs by {distance:.2g}"
        return f"pruned weights are zero; relative difference after {STEPS} steps {distance:.1g}"

    return check


def bfloat16(device: torch.device) -> str:
    """Weights, sums and optimiser stay fp32, and the loss is that of fp32 within bf16's rounding."""
    losses = []
    for precision in ("fp32", "bf16"):
        loop = stepped(begun(Setting(precision=precision, augment=None), device), 0, STEPS)
        assert {tensor.dtype for tensor in loop.network.parameters()} == {torch.float32}
        moments = [s for state in loop.optimiser.state.values() for s in state.values() if torch.is_tensor(s)]
        assert {tensor.dtype for tensor in moments} == {torch.float32}
        losses.append(loop.seen()[0])
    assert abs(losses[0] - losses[1]) < 0.05, f"losses {losses[0]:.4f} and {losses[1]:.4f}"
    return f"weights and moments are fp32; training loss {losses[0]:.4f} in fp32, {losses[1]:.4f} in bf16"


def scoring(device: torch.device) -> str:
    """Loss and accuracy of a split."""
    (loss, accuracy, _), (found, other, _) = (begun(Setting(), where).score("validation") for where in (CPU, device))
    assert abs(loss - found) < 1e-4, f"losses {loss:.6f} and {found:.6f}"
    assert accuracy == other, f"accuracies {accuracy} and {other}"
    return f"loss {found:.6f}, on the CPU {loss:.6f}"


def channels_last(device: torch.device) -> str:
    """Convolutions see channels last: weights, images, and what comes out."""
    loop = begun(Setting(architecture="resnet20"), device)
    inputs, _ = loop.batch_of(0)
    convolution = next(m for m in loop.network.modules() if isinstance(m, torch.nn.Conv2d))
    for tensor in (inputs, convolution(inputs), *(p for p in loop.network.parameters() if p.ndim == 4)):
        assert tensor.is_contiguous(memory_format=torch.channels_last), f"{tuple(tensor.shape)} has channels first"
    return "weights, images and activations"


def no_waiting(device: torch.device) -> str:
    """Torch's own guard against reading from the device, around the steps of an epoch, eager and captured."""
    if device.type != "cuda":
        return "no GPU to be waited for (tests/core/test_no_waiting.py looks at the operations)"
    for capture in ("never", "always"):
        setting = Setting(rule="adam", capture=capture)
        loop = stepped(begun(setting, device), 0, 10)  # records where it does; the second epoch's draws are there
        loop.batch_of(10)
        torch.cuda.synchronize(device)
        try:
            torch.cuda.set_sync_debug_mode("error")
            stepped(loop, 11, 14)
        finally:
            torch.cuda.set_sync_debug_mode("default")
    return "no step waits, eager or captured"


def waits_counted(device: torch.device) -> str:
    """Calls that wait for the device, as the profiler sees them, in three steps of a training."""
    if device.type != "cuda":
        return "no GPU to be waited for"
    from torch.profiler import ProfilerActivity, profile

    counts = {}
    for capture in ("never", "always"):
        loop = stepped(begun(Setting(rule="adam", capture=capture), device), 0, 10)
        loop.batch_of(10)
        torch.cuda.synchronize(device)
        with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
            stepped(loop, 11, 14)
        events = [event.key for event in seen.key_averages() for _ in range(event.count)]
        # the profiler itself waits once, when it ends
        waits = sum(name in ("cudaStreamSynchronize", "cudaEventSynchronize", "cudaMemcpy") for name in events)
        launches = sum("Launch" in name for name in events)
        counts[capture] = waits
        counts[f"{capture} launches"] = launches
    assert counts["never"] == counts["always"] == 0, f"{counts}"
    started = f"{counts['never launches']} eager, {counts['always launches']} captured"
    return f"0; kernels and graphs started in 3 steps: {started}"


def captured(rule_: str = "adam", **changes: Any) -> Check:
    """A captured training is the eager one within rounding, and was captured."""

    def check(device: torch.device) -> str:
        eager = Setting(rule=rule_, **changes)
        loop = stepped(begun(Setting(**{**vars(eager), "capture": "always"}), device), 0, 15)
        if device.type == "cuda":
            assert loop.static.step is not None, f"not captured: {loop.static.why_not}"
            assert loop.static.step.graph is not None, "no step was recorded"
        found, expected = loop.weights(), weights_after(eager, device, 15)
        distance = difference(found, expected)
        assert distance < (ADAM if rule_.startswith("adam") else 10 * FP32), f"differs by {distance:.2g}"
        return "the same bits" if same_bits(found, expected) else f"relative difference {distance:.1g}"

    return check


class _Changes(Hook):
    """Other masks before step 9: of a recorded step, in the memory that it reads."""

    def next_action(self, loop: Loop, step: int) -> int:  # noqa: ARG002
        return 9 if step <= 9 else 15

    def before_step(self, loop: Loop, step: int) -> None:
        if step == 9:
            loop.change_masks({name: mask.flip(0) for name, mask in loop.masking.masks.items()})


def captured_masks(device: torch.device) -> str:
    """Masks that change between two captured steps act in the next one."""
    found = []
    for capture in ("never", "always"):
        loop = stepped(begun(Setting(capture=capture), device), 0, 15, _Changes())
        loop.masking.verify()
        found.append(loop.weights())
    distance = difference(found[1], found[0])
    assert distance < 10 * FP32, f"differs by {distance:.2g}"
    return "the same bits" if same_bits(*found) else f"relative difference {distance:.1g}"


def copied_aside(device: torch.device) -> str:
    """What is sent to the device while it computes arrives whole."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        feed = pictures(3, 32, 2000).feed(device, EVERYTHING)
        expected = pictures(3, 32, 2000).feed(CPU, EVERYTHING)
        for here, there in zip(expected.draws(64, 0, 0, 96), feed.draws(64, 0, 0, 96), strict=True):
            assert isinstance(there, Drawn)
            assert torch.equal(here.rows, there.rows.cpu()), "another order"
    return "three epochs of draws"


CHECKS: dict[str, Check] = {
    "augmentation": augmented_images,
    "masks of scores": masks_of_scores,
    "saliency scores": saliency_scores,
    **{f"a step of {name}": one_step(name) for name in NETWORKS},
    **{f"training with {name}": rule(name) for name in RULES},
    "bf16": bfloat16,
    "scoring": scoring,
    "channels last": channels_last,
    "draws sent aside": copied_aside,
    "waiting, guarded": no_waiting,
    "waiting, counted": waits_counted,
    **{f"captured, {name}": captured(name) for name in RULES},
    "captured, bf16": captured(precision="bf16"),
    "captured, dropout": captured("momentum", architecture="conv2", dropout=0.4),
    "captured, batch norm": captured("momentum", architecture="resnet20"),
    "captured, masks that change": captured_masks,
}
