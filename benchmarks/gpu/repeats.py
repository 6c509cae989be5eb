"""Trainings that are repeated, or stopped and resumed, on a device: to the last bit, and byte for byte on disk."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks.gpu.checks import Check
from benchmarks.gpu.small import RULES, Setting, begun, pictures, same_bits, stepped, weights_after
from lth.config.study import Compute
from lth.methods.round import RoundFiles, run_round
from lth.plan.jobs import RoundJob
from lth.running.jobs import Job
from lth.running.scratch import Scratch
from lth.running.stopping import Stopped
from lth.training import train
from lth.training.resume import restore, snapshot
from lth.training.trained import Trained

OUTPUTS = ("ticket", "trained", "history", "confusion", "layers", "cost", "measured")


def repeated(**changes: Any) -> Check:
    """Twice the same training."""

    def check(device: torch.device) -> str:
        first, again = (weights_after(Setting(**changes), device, 15) for _ in range(2))
        assert same_bits(first, again), "two runs of one training differ"
        return "the same bits"

    return check


def resumed(before: Any, after: Any, **changes: Any) -> Check:
    """A training that goes on from its state; `before` and `after` say whether steps are captured."""

    def check(device: torch.device) -> str:
        whole = stepped(begun(Setting(capture=after, **changes), device), 0, 15).weights()
        state = snapshot(stepped(begun(Setting(capture=before, **changes), device), 0, 7), Trained(), 7)
        on = begun(Setting(capture=after, **changes), device)
        restore(on, Trained(), *state)
        found = stepped(on, 7, 15).weights()
        if same_bits(found, whole):
            return "the same bits"
        assert before != after, "a training that was stopped ends otherwise"  # one way it has to be exact
        distance = max(float((found[n].double() - whole[n].double()).norm()) for n in whole)
        assert distance < 1e-2, f"differs by {distance:.2g}"
        return f"the same within rounding ({distance:.1g}): a recorded step rounds otherwise"

    return check


def files(method: str, **options: Any) -> Check:
    """A round of the workflow, stopped again and again: what it writes, byte for byte."""

    def check(device: torch.device) -> str:
        setting = Setting(rule="adam")
        spec = RoundJob.model_validate(
            {
                **{"study": "s", "ticket": "t", "seed": 3, "round": 1, "method": method, "dataset": "small"},
                **{"network": setting.network, "recipe": setting.recipe, "prunes": False, "density": "1/4"},
                "options": options,
            }
        )
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder, "images")
            pictures(setting.channels, setting.size).save(data)
            whole = _written(spec, Path(folder, "whole"), data, device, None)
            stops = 0
            while True:
                try:
                    found = _stopped_after(6, lambda: _written(spec, Path(folder, "again"), data, device, folder))
                    break
                except Stopped:
                    stops += 1
            assert stops > 0, "it was never stopped"
            assert found == whole, f"files differ: {[name for name in whole if whole[name] != found[name]]}"
        return f"stopped {stops} times; the same bytes"

    return check


def _written(spec: RoundJob, out: Path, data: Path, device: torch.device, scratch: str | None) -> dict[str, bytes]:
    out.mkdir(exist_ok=True)
    where = RoundFiles(data=data, **{name: out / name for name in OUTPUTS})
    compute = Compute(device="cuda" if device.type == "cuda" else "cpu", capture="always")
    if scratch is None:
        run_round(spec, where, compute, Job("round", lambda _: None))
    else:
        kept = Scratch(Path(scratch, "scratch"), "key")
        with kept.held(lambda _: None):
            run_round(spec, where, compute, Job("round", lambda _: None), kept)
    return {name: (out / name).read_bytes() for name in OUTPUTS if name != "measured"}


def _stopped_after(steps: int, run: Callable[[], dict[str, bytes]]) -> dict[str, bytes]:
    """Run as if the process had been told to stop after so many looks at whether it was."""
    looks, before = iter(range(steps)), train.requested  # type: ignore[attr-defined]

    def requested() -> bool:
        return next(looks, None) is None

    train.requested = requested  # type: ignore[attr-defined]
    try:
        return run()
    finally:
        train.requested = before  # type: ignore[attr-defined]


REPEATS: dict[str, Check] = {
    **{f"twice, {name}": repeated(rule=name) for name in RULES},
    **{f"twice, {name}": repeated(architecture=name) for name in ("conv4", "resnet20", "vgg_like")},
    "twice, captured": repeated(capture="always"),
    "twice, bf16 captured": repeated(precision="bf16", capture="always"),
    "twice, dropout captured": repeated(architecture="conv2", dropout=0.4, capture="always"),
    "resumed, eager": resumed("never", "never", rule="adam"),
    "resumed, captured": resumed("always", "always", rule="adam"),
    "resumed, eager then captured": resumed("never", "always"),
    "resumed, captured then eager": resumed("always", "never"),
    "files of a progressive round": files("progressive", until_epoch=2),
    "files of a RigL round": files("dynamic", update_interval=4),
}
