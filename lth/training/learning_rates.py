"""The learning rate over training: a pure function of the step, so that training can go on anywhere."""

from math import cos, pi

from lth.config.training import LearningRateSchedule

LEARNING_RATE_SCHEDULES = {
    "constant": "the same rate throughout",
    "step": "multiplied by `factor` at each of the `milestones`",
    "linear": "falls evenly to `final`",
    "cosine": "falls to `final` along half a cosine (Loshchilov & Hutter 2017)",
    "cosine_restarts": "does so again and again, every `period_epochs` (times `period_growth`)",
    "one_cycle": "rises from `initial` over the warm-up, falls to `final` (Smith & Topin 2018)",
}
"""What each schedule does after the warm-up, a line each."""


def rate_factor(schedule: LearningRateSchedule, step: int, steps: int, epoch_steps: int) -> float:
    """The share of the highest learning rate that a step is taken with.

    Args:
        schedule: its shape; epochs may be parts of one.
        step: steps taken before it, from 0 to `steps` - 1.
        steps: of the whole training.
        epoch_steps: of an epoch.

    Returns:
        From 0 to 1. Cosine and linear schedules set out from the end of the warm-up; the step after the last one would
        be taken with `final`. One cycle is torch's: its last step is taken with `final`.
    """
    warmup = schedule.warmup_epochs * epoch_steps
    if schedule.name == "one_cycle":
        return _one_cycle(schedule, step, steps, warmup)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    if schedule.name == "constant":
        return 1.0
    if schedule.name == "step":
        passed = sum(step >= epoch * epoch_steps - _NEARLY for epoch in schedule.milestones)
        return float(schedule.factor**passed)
    done = _progress(schedule, step - warmup, max(steps - warmup, 1), epoch_steps)
    height = 1 - done if schedule.name == "linear" else (1 + cos(pi * done)) / 2
    return schedule.final + (1 - schedule.final) * height


_NEARLY = 1e-6
"""Steps: epochs are floats, and 1.1 epochs of 100 steps are 110.00000000000001 of them, which step 110 has reached."""
_INITIAL = 0.04
"""The share of the highest rate that one cycle begins at: torch's `div_factor` is 25."""


def _one_cycle(schedule: LearningRateSchedule, step: int, steps: int, warmup: float) -> float:
    """Up to the last step of the warm-up, down to the last of all, each along half a cosine."""
    top, last = warmup - 1, steps - 1
    if step <= top:
        low = schedule.initial or _INITIAL
        return low + (1 - low) * (1 - cos(pi * step / top)) / 2 if top else 1.0
    return schedule.final + (1 - schedule.final) * (1 + cos(pi * (step - top) / (last - top))) / 2


def _progress(schedule: LearningRateSchedule, step: float, steps: float, epoch_steps: int) -> float:
    """How much of a fall is over, from 0 to 1: of the only one, or of the cycle that the step lies in."""
    if schedule.name != "cosine_restarts":
        return step / steps
    assert schedule.period_epochs is not None
    period = schedule.period_epochs * epoch_steps
    if schedule.period_growth == 1:  # at once: a short period comes again many times
        step -= (step + _NEARLY) // period * period
    while step >= period - _NEARLY:
        step, period = step - period, period * schedule.period_growth
    return max(step, 0.0) / period
