"""The full-scale studies have the constants of their sources, as docs/sources.md and the papers give them."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from lth.checks.read import load_study
from lth.config.study import Study
from lth.plan.plan import Plan

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Published:
    """How a ticket is trained and pruned; densities by round are of the layers that a kind names, or of all."""

    ticket: str
    rule: tuple[str, float, float, float]
    """Optimiser, learning rate, momentum, weight decay."""
    batch: int
    length: tuple[str, int]
    """Epochs or iterations of a round."""
    densities: dict[tuple[int, str], float]
    """By round and kind of layer."""


def decay(rounds: int, rate: float) -> float:
    return (1 - rate) ** rounds


SGD, ADAM, ADAMW = (
    ("sgd", 0.1, 0.9, 5e-4),
    lambda rate: ("adam", rate, None, 0.0),
    ("adamw", 2e-5, None, 0.01),
)
LENET = {(1, "linear"): 0.8, (1, "output"): 0.9, (20, "linear"): decay(20, 0.2), (20, "output"): decay(20, 0.1)}


def conv(rate: float) -> dict[tuple[int, str], float]:
    """A round takes this share of convolutions, 20 % of linear layers and 10 % of the output layer."""
    return {(2, "convolution"): decay(2, rate), (2, "linear"): decay(2, 0.2), (2, "output"): decay(2, 0.1)}


BERT = {(1, "linear"): 0.9, (6, "linear"): 0.4}
STUDIES = {
    "lenet300": [Published("imp", ADAM(1.2e-3), 60, ("iterations", 50_000), LENET)],
    "conv": [
        Published("conv2", ADAM(2e-4), 60, ("iterations", 20_000), conv(0.1)),
        Published("conv2_dropout", ADAM(3e-4), 60, ("iterations", 20_000), conv(0.1)),
        Published("conv4", ADAM(3e-4), 60, ("iterations", 25_000), conv(0.1)),
        Published("conv4_dropout", ADAM(2e-4), 60, ("iterations", 25_000), conv(0.1)),
        Published("conv6", ADAM(3e-4), 60, ("iterations", 30_000), conv(0.15)),
        Published("conv6_dropout", ADAM(2e-4), 60, ("iterations", 30_000), conv(0.15)),
    ],
    "progressive": [
        Published("progressive_79", SGD, 128, ("epochs", 160), {(1, "linear"): 0.211}),
        Published("progressive_98", ("sgd", 0.05, 0.9, 5e-4), 128, ("epochs", 200), {(1, "linear"): 0.02}),
    ],
    "progressive-cifar": [
        Published("resnet18_progressive", SGD, 128, ("epochs", 200), {(1, "convolution"): 0.3, (7, "linear"): 0.05}),
        Published("vgg_like_progressive", SGD, 128, ("epochs", 350), {(1, "convolution"): 0.03}),
        Published("vgg19_progressive", SGD, 128, ("epochs", 400), {(1, "convolution"): 0.02}),
    ],
    "stability": [
        Published(
            "stability", ADAM(3e-4), 60, ("epochs", 25), {(1, "convolution"): 0.9, (15, "linear"): decay(15, 0.1)}
        ),
        Published("magnitude", ADAM(3e-4), 60, ("epochs", 25), {(14, "convolution"): decay(14, 0.1)}),
    ],
    "dual": [
        Published("rst", SGD, 128, ("epochs", 200), {(1, "convolution"): 0.1}),
        Published("rst_iter5", SGD, 128, ("epochs", 200), {(1, "convolution"): 0.1}),
        Published("lth", SGD, 128, ("epochs", 200), {(1, "convolution"): 0.63, (5, "convolution"): 0.1}),
    ],
    "text": [
        Published("sst2", ADAMW, 32, ("epochs", 3), BERT),
        Published("qqp", ADAMW, 32, ("epochs", 3), {**BERT, (7, "linear"): 0.3, (9, "linear"): 0.1}),
        Published("ensemble", ADAMW, 32, ("epochs", 3), {(6, "linear"): 0.4}),
    ],
}
CASES = [(study, told) for study, rows in STUDIES.items() for told in rows]


@cache
def study_named(name: str) -> Study:
    """A study of `config`."""
    return load_study(ROOT / "config" / f"{name}.yaml")


@pytest.mark.parametrize(("study", "told"), CASES, ids=[f"{study}-{told.ticket}" for study, told in CASES])
def test_a_ticket_is_trained_and_pruned_as_published(study: str, told: Published) -> None:
    plan = Plan(study_named(study))
    last = plan.last_round(told.ticket)
    recipe = plan.recipe(told.ticket, last)
    rule = recipe.optimiser
    momentum = rule.momentum if rule.name == "sgd" else None
    assert (rule.name, rule.learning_rate, momentum, rule.weight_decay) == told.rule
    assert (recipe.batch_size, getattr(recipe, told.length[0])) == (told.batch, told.length[1])
    found = {place: float(plan.density(told.ticket, place[0], place[1])) for place in told.densities}
    assert found == pytest.approx(told.densities, rel=1e-9)


def test_the_first_training_of_stability_is_an_epoch_longer() -> None:
    plan = Plan(study_named("stability"))
    assert [plan.recipe("stability", round_).epochs for round_ in (0, 1, 15)] == [26, 25, 25]


@pytest.mark.parametrize(("ticket", "until"), [("resnet18", 200), ("vgg_like", 150), ("vgg19", 300)])
def test_sparsity_rises_for_as_long_as_published(ticket: str, until: int) -> None:
    options = study_named("progressive-cifar").tickets[f"{ticket}_progressive"].options
    assert (options.until_epoch, options.order) == (until, "prune_train")


def test_few_shot_arms_are_those_of_the_source_on_both_tasks() -> None:
    """Dense, the task's own ticket, the other task's and the ensemble, head only and whole, on 128 examples."""
    study = study_named("text")
    few = {name: spec for name, spec in study.evaluations.items() if spec.examples}
    assert {name: (spec.dataset, spec.trains) for name, spec in few.items()} == {
        "few_sst2": ("sst2", "all"),
        "few_qqp": ("qqp", "all"),
        "few_sst2_head": ("sst2", "head"),
        "few_qqp_head": ("qqp", "head"),
    }
    for spec in few.values():
        assert {"sst2", "qqp", "ensemble"} <= {*spec.tickets}
        assert "dense" in spec.controls
        assert (spec.examples, study.recipes[spec.recipe].epochs) == (128, 3)
    assert study.seeds == (42, 123, 999)
    ensemble = Plan(study)
    assert ensemble.parents("ensemble", 6) == [("sst2", 6), ("qqp", 7)]
    assert ensemble.density("qqp", 7) == Fraction(3, 10)
