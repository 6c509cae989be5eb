"""The learning rate over training, against torch's own schedulers and by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import lth
from lth.config.training import LearningRateSchedule
from lth.errors import UserError
from lth.training.learning_rates import LEARNING_RATE_SCHEDULES, rate_factor

EPOCH = 10


def torchs(make, steps: int) -> list[float]:
    """The factors of one of torch's schedulers, step by step."""
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = make(optimiser)
    found = []
    for _ in range(steps):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return found


def ours(schedule: LearningRateSchedule, steps: int) -> list[float]:
    return [rate_factor(schedule, step, steps, EPOCH) for step in range(steps)]


def test_step_falls_at_its_milestones_as_torchs_does() -> None:
    expected = torchs(lambda o: torch.optim.lr_scheduler.MultiStepLR(o, [20, 35], gamma=0.1), 50)
    assert ours(LearningRateSchedule(name="step", milestones=(2, 3.5)), 50) == pytest.approx(expected)


def test_cosine_is_torchs() -> None:
    expected = torchs(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 50, eta_min=0.1), 50)
    assert ours(LearningRateSchedule(name="cosine", final=0.1), 50) == pytest.approx(expected)


@pytest.mark.parametrize(("warmup", "initial", "final"), [(1.5, None, 4e-6), (2.0, 0.2, 0.0), (0.2, 0.5, 0.1)])
def test_one_cycle_is_torchs(warmup: float, initial: float | None, final: float) -> None:
    low = initial or 0.04
    shape = {
        "pct_start": warmup * EPOCH / 50,
        "div_factor": 1 / low,
        "final_div_factor": low / final if final else 1e30,
    }
    expected = torchs(
        lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 1.0, total_steps=50, cycle_momentum=False, **shape), 50
    )
    schedule = LearningRateSchedule(name="one_cycle", warmup_epochs=warmup, initial=initial, final=final)
    assert ours(schedule, 50) == pytest.approx(expected)


def test_cosine_with_restarts_is_torchs() -> None:
    expected = torchs(lambda o: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 10, T_mult=2), 70)
    assert ours(LearningRateSchedule(name="cosine_restarts", period_epochs=1, period_growth=2), 70) == pytest.approx(
        expected
    )


def test_a_milestone_that_no_float_holds_exactly_comes_at_its_step() -> None:
    schedule = LearningRateSchedule(name="step", milestones=(1.1,))  # of 100 steps: 110.00000000000001
    assert [rate_factor(schedule, step, 200, 100) for step in (109, 110)] == [1.0, 0.1]


@pytest.mark.parametrize("growth", [1, 2])
def test_a_restart_that_no_float_holds_exactly_comes_at_its_step(growth: float) -> None:
    schedule = LearningRateSchedule(name="cosine_restarts", period_epochs=1.1, period_growth=growth)
    assert rate_factor(schedule, 110, 500, 100) == 1.0
    assert rate_factor(schedule, 109, 500, 100) < 0.001
    warm = schedule.model_copy(update={"warmup_epochs": 1.1})
    assert [rate_factor(warm, step, 500, 100) for step in (110, 220)] == pytest.approx([1.0, 1.0])


def test_a_period_that_is_too_short_to_be_counted_is_refused() -> None:
    with pytest.raises(UserError, match=r"schedule.period_epochs: must be a number at least 0\.001, found 1e-18"):
        lth.recipe(epochs=1, schedule={"name": "cosine_restarts", "period_epochs": 1e-18})
    short = LearningRateSchedule(name="cosine_restarts", period_epochs=0.001)
    assert rate_factor(short, 1_000_000, 2_000_000, 100) == pytest.approx(1.0)


def test_linear_and_warm_up_by_hand() -> None:
    falling = ours(LearningRateSchedule(name="linear", warmup_epochs=0.4), 12)
    assert falling == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8])
    assert set(ours(LearningRateSchedule(), 30)) == {1.0}


@given(
    st.sampled_from(sorted(LEARNING_RATE_SCHEDULES)),
    st.floats(0, 0.9),
    st.integers(1, 200),
    st.floats(0, 3),
)
def test_factors_lie_between_0_and_1(name: str, final: float, steps: int, warmup: float) -> None:
    own = {"final": final, "milestones": (1, 2), "period_epochs": 0.7}
    having = {key: value for key, value in own.items() if name in LearningRateSchedule.only[key]}
    cycle = name == "one_cycle"  # which needs a warm-up, and reaches `final` with its last step
    schedule = LearningRateSchedule(name=name, warmup_epochs=max(warmup, 0.1) if cycle else warmup, **having)
    assert all(0 < factor <= 1 for factor in ours(schedule, steps)[: -1 if cycle else None])
    assert 0 <= ours(schedule, steps)[-1] <= 1
