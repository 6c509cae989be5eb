"""Several draws of training examples within a seed: means by hand, also where some of them stop early."""

from math import nan

import pandas as pd
import pytest

from lth.analysis.tables.draws import mean_over_draws, of_all_draws, seeds_of_draws

RUN = ["arm", "seed"]


def test_a_curve_of_a_seed_goes_as_far_as_all_its_draws() -> None:
    """Three of four draws stop after epoch 1 at 50 %; the mean of epoch 2 would be the fourth's 90 %."""
    history = pd.DataFrame(
        {"arm": "a", "seed": seed, "draw": draw, "split": "test", "step": step, "epoch": float(step)}
        | {"accuracy_percent": 50.0 if step < 2 else 90.0}
        for seed in (0, 1)
        for draw in range(4)
        for step in range(3 if draw == 3 or seed == 1 else 2)
    )
    found = mean_over_draws(of_all_draws(history, RUN), [*RUN, "split", "step"])
    told = [(row["seed"], row["step"], row["accuracy_percent"]) for row in found.to_dict("records")]
    assert told == [(0, 0, 50), (0, 1, 50), (1, 0, 50), (1, 1, 50), (1, 2, 90)]
    without = history.drop(columns="draw")
    assert of_all_draws(without, RUN) is without


@pytest.mark.parametrize(
    ("epochs", "expected"), [((2.0, 4.0, 6.0, nan), 5.0), ((2.0, nan, nan, nan), nan), ((3.0, 1.0, 2.0, 8.0), 2.5)]
)
def test_the_epoch_that_reached_an_accuracy_is_the_median_over_draws(
    epochs: tuple[float, ...], expected: float
) -> None:
    runs = pd.DataFrame(
        {"arm": "a", "seed": 0, "draw": draw, "test_accuracy_percent": 80.0 + draw, "reach_epoch": epoch}
        for draw, epoch in enumerate(epochs)
    )
    (row,) = seeds_of_draws(runs, RUN).to_dict("records")
    assert row["reach_epoch"] == pytest.approx(expected, nan_ok=True)
    assert row["test_accuracy_percent"] == 81.5
    assert row["draws"] == 4
