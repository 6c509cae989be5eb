"""Freeze rules: exactly the gradients that published code zeroes, and what optimisers make of a gradient of zero."""

import pytest
import torch
from small import CPU, NETWORK, sparse_ticket, tiny_images
from torch import Tensor, nn

from lth.analysis.tables.recipes import recipe_summary
from lth.config.training import Freeze, Optimiser, Recipe
from lth.networks.build import build, holding
from lth.plan.jobs import RoundJob
from lth.pruning.masking import Masking
from lth.training.freeze import zero_gradients
from lth.training.optimisers import make_optimiser
from lth.training.train import train

SGD = Optimiser(name="sgd", learning_rate=0.5)
ADAM = Optimiser(name="adam", learning_rate=1.2e-3, weight_decay=1e-4)
VALUES = [-0.5, -1e-7, 0.0, 1e-7, 2e-6, 0.5]


def after_a_step(optimiser: Optimiser, rule: str | None) -> list[float]:
    """How far each of six weights with a gradient of 1 moves in one step; the third is pruned."""
    layer = nn.Linear(6, 1, bias=False)
    layer.weight.data = torch.tensor([VALUES])
    mask = torch.tensor([[True, True, False, True, True, True]])
    steps = make_optimiser(optimiser, list(layer.parameters()))
    masking = Masking(layer, {"weight": mask}, steps, CPU)
    layer.weight.grad = torch.ones_like(layer.weight)
    masking.mask_gradients()
    if rule:
        zero_gradients(masking.parameters.values(), Freeze(rule=rule))
    steps.step()
    return (layer.weight.detach() - torch.tensor([VALUES]))[0].tolist()


@pytest.mark.parametrize(
    ("rule", "moved"),
    [
        (None, [True, True, False, True, True, True]),
        ("below", [False, False, False, False, True, True]),
        ("magnitude", [True, False, False, False, True, True]),
    ],
)
def test_exactly_the_weights_of_the_rule_stay_in_a_step_of_sgd(rule: str | None, moved: list[bool]) -> None:
    """By hand, at the threshold of 1e-6: a weight that moves goes from w to w - 0.5."""
    assert after_a_step(SGD, rule) == pytest.approx([-0.5 * one for one in moved])


def test_under_adam_weight_decay_drives_a_weight_without_gradient_to_zero() -> None:
    """By hand: the decay is the whole gradient, -0.5e-4, and Adam's first step is lr * g / (|g| + 1e-8)."""
    negative = after_a_step(ADAM, "below")[0]
    assert negative == pytest.approx(1.2e-3 * 0.5e-4 / (0.5e-4 + 1e-8), rel=1e-4)
    assert after_a_step(ADAM.model_copy(update={"weight_decay": 0.0}), "below")[0] == 0


def test_a_weight_of_minus_0_05_is_at_zero_after_about_sixty_steps_of_adam() -> None:
    """What the reference says of the source's Adam; from there it may be driven past zero, and get its gradient."""
    layer = nn.Linear(1, 1, bias=False)
    layer.weight.data.fill_(-0.05)
    steps = make_optimiser(ADAM, list(layer.parameters()))
    for count in range(1, 100):  # noqa: B007
        layer.weight.grad = torch.ones_like(layer.weight)
        zero_gradients([layer.weight], Freeze(rule="below"))
        steps.step()
        if layer.weight.item() > -1e-3:
            break
    assert 50 <= count <= 65


def trained(
    freeze: Freeze | None, optimiser: Optimiser = SGD, epochs: int = 2
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Initial and final weights of a short training under a mask."""
    ticket = sparse_ticket()
    recipe = Recipe(optimiser=optimiser, batch_size=16, epochs=epochs, freeze=freeze)
    network = holding(NETWORK, ticket.weights)
    return ticket.weights, train(network, ticket.masks, tiny_images(), recipe, seed=0, device=CPU).weights


def test_masks_hold_and_biases_and_positive_weights_learn() -> None:
    before, after = trained(Freeze(rule="below"), SGD.model_copy(update={"learning_rate": 0.01}))
    masks = sparse_ticket().masks
    for name, mask in masks.items():
        assert not after[name][~mask].any()
        negative = mask & (before[name] < 0)
        assert torch.equal(after[name][negative], before[name][negative])
        positive = mask & (before[name] > 1e-6)
        assert (after[name][positive] != before[name][positive]).float().mean() > 0.3  # some units are dead
    biases = [name for name in before if name not in masks]
    assert all((after[name] != before[name]).any() for name in biases)


def test_under_adam_with_decay_weights_that_begin_negative_end_smaller() -> None:
    """So that magnitude pruning takes more of them; without the rule there is little between the two."""
    ratios = {}
    for rule in (None, Freeze(rule="below")):
        before, after = trained(rule, ADAM.model_copy(update={"learning_rate": 3e-3}), epochs=25)
        kept = sparse_ticket().masks.items()
        began, ended = (torch.cat([weights[name][mask] for name, mask in kept]) for weights in (before, after))
        ratios[rule] = float(ended[began < 0].abs().median() / ended[began > 0].abs().median())
    assert ratios[None] > 0.6
    assert ratios[Freeze(rule="below")] < 0.35


def test_without_a_rule_all_kept_weights_learn_and_the_step_is_the_old_one() -> None:
    before, after = trained(None, SGD.model_copy(update={"learning_rate": 0.01}))
    _, again = trained(Freeze(rule="below", threshold=1e-30), SGD.model_copy(update={"learning_rate": 0.01}))
    name = next(iter(sparse_ticket().masks))
    kept = sparse_ticket().masks[name]
    assert (after[name] != before[name])[kept].float().mean() > 0.3
    assert not torch.equal(after[name], again[name])  # negative weights are below any threshold


def test_a_layer_that_is_not_trained_is_left_alone() -> None:
    network = build(NETWORK)
    zero_gradients(network.parameters(), Freeze(rule="below"))  # no gradients at all


def test_a_study_without_it_is_told_nothing_of_it() -> None:
    plain = Recipe(optimiser=SGD, batch_size=16, epochs=2)
    assert "freeze" not in plain.model_dump()
    rule = plain.model_copy(update={"freeze": Freeze(rule="below")})
    assert rule.model_dump()["freeze"] == {"rule": "below", "threshold": 1e-6}
    assert Recipe.model_validate(rule.model_dump()) == rule
    assert RoundJob.model_fields["recipe"].annotation is Recipe
    assert "gradients zeroed where w < 1e-06" in recipe_summary(rule)
    magnitude = plain.model_copy(update={"freeze": Freeze(rule="magnitude", threshold=1e-3)})
    assert "gradients zeroed where |w| < 0.001" in recipe_summary(magnitude)
