"""What would make a result mean something else than it seems to is refused, or said in a warning."""

import json
import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import Dataset

import lth
from lth.data.images import Images


class Small(nn.Module):
    """784-12-10."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(784, 12), nn.Linear(12, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.b(self.a(images.flatten(1)).relu())
        return logits


class Seeded(Small):
    """The same weights for every seed."""

    def __init__(self) -> None:
        torch.manual_seed(42)
        super().__init__()


class Unseeded(Small):
    """Other weights at each call."""

    def __init__(self) -> None:
        super().__init__()
        self.a.weight.data = torch.from_numpy(np.random.default_rng().normal(size=(12, 784)).astype("float32"))


class Masked(Small):
    """With a buffer of -inf, as causal masks are."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mask", torch.full((2, 2), -torch.inf))


class Double(Small):
    """With a buffer of doubles."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(1, dtype=torch.float64))


class Normed(Small):
    """With a norm that subtracts a mean."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(12)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.b(self.norm(self.a(images.flatten(1))))
        return logits


AT_INIT: dict[str, Any] = {"method": "at_init", "score": "random", "densities": [0.5]}


@pytest.mark.parametrize("kind", ["reinitialised", "rescaled", "own_signs"])
def test_new_weights_that_are_the_ticket_s_own_are_refused(kind: Any, digits: Images, quick: lth.Recipe) -> None:
    """`compare` would find such a control equivalent to its ticket."""
    ticket = lth.find(Seeded, digits, recipe=quick, **AT_INIT)
    with pytest.raises(lth.UserError, match=f"{kind}: the newly drawn weights are the ticket's own"):
        lth.control(ticket, kind)
    assert lth.control(ticket, "permuted").density == ticket.density


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (Unseeded, "two calls with one seed give different 'a.weight'"),
        (Masked, "buffer 'mask' holds values that are not finite; register it with persistent=False"),
        (Double, "buffer 'scale' is float64; buffers must be float32, int64, int32 or bool"),
    ],
)
def test_networks_that_cannot_be_repeated_or_saved_are_refused_before_training(
    network: type[nn.Module], words: str, digits: Images
) -> None:
    with pytest.raises(lth.UserError, match=words):
        lth.find(network, digits, rounds=1, rate=0.5, recipe=lth.recipe(epochs=10_000))


def test_new_weights_of_a_module_are_warned_of_and_its_frozen_parameters_stay(
    digits: Images, quick: lth.Recipe
) -> None:
    network = Small()
    network.a.requires_grad_(False)
    ticket = lth.find(network, digits, recipe=quick, **AT_INIT)
    found = lth.train(ticket, digits, quick)
    assert torch.equal(found.weights["a.weight"], ticket.weights["a.weight"])
    assert not torch.equal(found.weights["b.weight"], ticket.weights["b.weight"])
    with pytest.warns(UserWarning, match=r"reinitialised: .* each layer's reset_parameters\(\) draws new weights"):
        lth.control(ticket, "reinitialised")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lth.control(lth.find(Small, digits, recipe=quick, **AT_INIT), "reinitialised")


def test_synflow_is_refused_where_the_flow_cannot_be_followed(digits: Images, quick: lth.Recipe) -> None:
    with pytest.raises(lth.UserError, match="score: 'synflow' needs a network whose modules are"):
        lth.find(Normed, digits, method="at_init", score="synflow", scope="global", densities=[0.1], recipe=quick)


def test_layers_that_keep_nothing_are_warned_of(digits: Images, quick: lth.Recipe) -> None:
    def thin() -> nn.Module:
        network = Small()
        network.b.weight.data.mul_(1e-6)
        return network

    with pytest.warns(UserWarning, match=r"1 of 2 layers keep no weight \(b.weight\): layer collapse"):
        lth.find(thin, digits, method="at_init", score="magnitude", scope="global", densities=[0.1], recipe=quick)


def test_results_on_other_test_examples_are_not_compared_and_other_recipes_are_told_of(
    digits: Images, quick: lth.Recipe
) -> None:
    ticket = lth.find(Small, digits, recipe=quick, **AT_INIT)
    one, again = lth.train(ticket, digits, quick), lth.train(ticket, digits, quick)
    other = lth.train(ticket, digits, quick.model_copy(update={"batch_size": 25}))
    told = "Trained with different recipes: a and b. The tickets alone do not explain such a difference."
    assert told in " ".join(str(lth.compare({"a": [one], "b": [other]})).split())
    assert "different recipes" not in str(lth.compare({"a": [one], "b": [again]}))
    split = lth.dataset("digits", validation=60, limit=200, split_seed=5)
    elsewhere = lth.train(ticket, replace(split, name=digits.name), quick)
    with pytest.raises(lth.UserError, match="different test examples, all of a data set called 'digits'"):
        lth.compare({"a": [one], "b": [elsewhere]})


def test_a_card_names_the_data_that_weights_were_trained_on(digits: Images, quick: lth.Recipe, tmp_path: Path) -> None:
    ticket = lth.find(Small, digits, recipe=quick, **AT_INIT)
    shown = replace(digits, name="others")
    result = lth.train(ticket, shown, quick)
    lth.export_ticket(result, tmp_path / "card", "huggingface")
    told = json.loads((tmp_path / "card/config.json").read_text())
    assert (told["dataset"], told["trained_on"]) == ("digits", "others")
    assert told["pixel_mean"] == pytest.approx(digits.mean.tolist())
    text = (tmp_path / "card/README.md").read_text()
    assert "The weights in this folder are the ones after training on `others`." in text
    assert f"These weights: {result.last_accuracy_percent:.2f} % on the test images of `others`" in text
    assert "- Trained on: others" in text


class Shares(Dataset[tuple[torch.Tensor, float]]):
    """Labels that are no classes."""

    def __getitem__(self, place: int) -> tuple[torch.Tensor, float]:
        return torch.zeros(1, 28, 28, dtype=torch.uint8), 0.9 + place % 2

    def __len__(self) -> int:
        return 40


def test_labels_that_are_no_whole_numbers_are_refused() -> None:
    """They were cut off."""
    with pytest.raises(lth.UserError, match=r"labels must be whole numbers, found 0\.9"):
        lth.dataset(Shares(), validation=10)


def bare(masks: dict[str, torch.Tensor], weights: dict[str, torch.Tensor], ticket: lth.Ticket) -> lth.Ticket:
    return lth.Ticket({**ticket.masks, **masks}, {**ticket.weights, **weights}, ticket.provenance)


def test_mistakes_are_named_before_anything_is_trained(digits: Images, quick: lth.Recipe) -> None:
    ticket = lth.find(Small, digits, recipe=quick, **AT_INIT)
    dual: dict[str, Any] = {"method": "dual", "densities": [0.5], "transform": "moving", "penalty": {"rise": 1}}
    noisy = {"a.weight": torch.ones(12, 784)}
    pixels = np.full((40, 28, 28), 0.5)
    pixels[3, 4, 5] = np.nan
    calls: list[tuple[Any, str]] = [
        (lambda: lth.find(Small, digits), "densities: say how much is pruned: `rounds=10, rate=0.2`, or `densities"),
        (lambda: lth.find(Small, digits, **dual), "transform: give a recipe, as `lth.recipe"),
        (lambda: lth.find("lenet_300_10", digits, rounds=1), r"'lenet_300_10' \(did you mean 'lenet_300_100'\?\)"),
        (lambda: lth.dataset("minst"), r"no source 'minst' \(did you mean 'mnist'\?\)"),
        (lambda: lth.control(ticket, "reinitialized"), r"\(did you mean 'reinitialised'\?\)"),  # type: ignore[arg-type]
        (lambda: lth.train(bare({}, noisy, ticket), digits), "prunes weights that are not zero; multiply"),
        (lambda: lth.train(bare({"a.weight": torch.ones(12, 784)}, {}, ticket), digits), "is float32, where bool is"),
        (lambda: lth.train(bare({"c": torch.ones(1).bool()}, {}, ticket), digits), "'c' is not of the shape of"),
        (lambda: lth.dataset((pixels, np.arange(40) % 2)), "1 of 31,360 values are NaN"),
        (lambda: lth.export_ticket("ticket", "x"), "what: found a str, where a ticket is needed"),  # type: ignore[arg-type]
    ]
    for call, words in calls:
        with pytest.raises(lth.UserError, match=words):
            call()


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (
            {"iterations": 20, "schedule": {"name": "step", "milestones": [30]}},
            r"schedule\.milestones: must be below the 5 epochs of 'digits' that 20 iterations are, found 30",
        ),
        (
            {"iterations": 20, "schedule": {"name": "one_cycle", "warmup_epochs": 30}},
            r"schedule\.warmup_epochs: must be below the 5 epochs of 'digits' that 20 iterations are, found 30",
        ),
        (
            {"epochs": 2, "schedule": {"name": "cosine_restarts", "period_epochs": 0.1}},
            r"schedule\.period_epochs: must be at least a step, 0\.25 of an epoch of 'digits', found 0\.1",
        ),
        (
            {"iterations": 20, "patience": 50},
            "patience: must be below the 5 evaluations of a training on 'digits' to end it early, found 50",
        ),
    ],
)
def test_a_recipe_that_does_not_fit_the_training_is_refused(told: dict[str, Any], words: str, digits: Images) -> None:
    """By `train` as by `find`; warm-up, milestones and early stopping never happened."""
    recipe = lth.recipe(batch_size=50, **told)
    ticket = lth.find(Small, digits, recipe=lth.recipe(epochs=1, batch_size=50), **AT_INIT)
    calls = (lambda: lth.train(ticket, digits, recipe), lambda: lth.find(Small, digits, recipe=recipe, **AT_INIT))
    for call in calls:
        with pytest.raises(lth.UserError, match=f"^{words}$"):
            call()


def test_a_recipe_may_be_a_mapping_of_its_keywords_or_of_its_keys_in_a_study(digits: Images) -> None:
    keywords = {"epochs": 1, "batch_size": 50}
    as_study = {**keywords, "optimiser": {"name": "adam", "learning_rate": 1.2e-3}}
    one, other = (lth.find_rounds(Small, digits, recipe=told, **AT_INIT)[-1] for told in (keywords, as_study))
    assert one.recipe == other.recipe == lth.recipe(epochs=1, batch_size=50)
    assert lth.find(Small, digits, rewind="trained", retrain=keywords, rounds=1, rate=0.5).density == 0.5


def test_a_state_dict_and_masks_in_memory_are_a_ticket() -> None:
    network = Small()
    mask = (torch.arange(12 * 784) % 3 == 0).view(12, 784)
    ticket = lth.load(network.state_dict(), Small, masks={"a.weight": mask})
    assert torch.equal(ticket.masks["a.weight"], mask)
    assert torch.equal(ticket.weights["a.weight"], network.a.weight.detach() * mask)
    assert ticket.masks["b.weight"].all()


def test_labels_may_be_a_list() -> None:
    found = lth.dataset((np.zeros((40, 8, 8), dtype=np.uint8), [place % 2 for place in range(40)]), validation=4)
    assert found.classes == ("0", "1")


def half_frozen() -> nn.Module:
    network = Small()
    network.a.requires_grad_(False)
    return network


@pytest.mark.parametrize("grow", ["random", "gradient"])
def test_a_frozen_layer_keeps_its_mask_while_others_move(grow: str, digits: Images) -> None:
    """What grows in it would stay zero: all of its kept weights were gone after two epochs."""
    recipe = lth.recipe(epochs=2, batch_size=10, learning_rate=2e-3)
    told: dict[str, Any] = {"method": "dynamic", "grow": grow, "densities": [0.4], "update_interval": 4}
    found = lth.find_rounds(half_frozen, digits, recipe=recipe, scope="layerwise", **told)[-1]
    assert (found.weights["a.weight"] != 0).sum() == found.ticket.masks["a.weight"].sum() == round(0.4 * 12 * 784)


def test_a_penalty_on_a_frozen_layer_is_a_sentence(digits: Images, quick: lth.Recipe) -> None:
    told: dict[str, Any] = {"method": "dual", "densities": [0.5], "transform": quick, "penalty": {"rise": 1}}
    with pytest.raises(lth.UserError, match=r"'a.weight' is frozen .* this method moves the weights of all layers"):
        lth.find(half_frozen, digits, recipe=quick, **told)


def test_stability_of_a_frozen_layer_is_a_sentence(digits: Images, quick: lth.Recipe) -> None:
    with pytest.raises(
        lth.UserError, match=r"score: 'stability' ranks weights by how much they move, and 'a.weight' is"
    ):
        lth.find(half_frozen, digits, recipe=lth.recipe(epochs=2), rounds=1, score="stability")


def test_a_ticket_has_no_trained_weights_to_rewind_to(digits: Images, quick: lth.Recipe) -> None:
    ticket = lth.find(Small, digits, recipe=quick, rounds=1, rate=0.5)
    with pytest.raises(
        lth.UserError, match=r"rewind: a ticket holds initial weights, and no trained ones .*found 'par"
    ):
        lth.find(ticket, digits, recipe=quick, rounds=1, rate=0.5, rewind="parent")


@pytest.mark.parametrize("kind", ["rewired", "rewired_rescaled"])
def test_a_mask_of_whole_filters_cannot_be_rewired(kind: Any, digits: Images, quick: lth.Recipe) -> None:
    """Each kept unit has all of its weights: the only mask with as many at each unit is the ticket's own."""
    told: dict[str, Any] = {"densities": [0.5], "groups": "filters", "unpruned": ["output"], "scope": "layerwise"}
    ticket = lth.find(Small, digits, recipe=quick, **told)
    with pytest.raises(
        lth.UserError, match=f"{kind}: the ticket's masks have no others with as many weights at each u"
    ):
        lth.control(ticket, kind)
    assert not lth.control(ticket, "shuffled").masks["a.weight"].equal(ticket.masks["a.weight"])


def test_networks_of_texts_are_refused(digits: Images) -> None:
    """Their descriptions have a channel and a size as of images, which says nothing."""
    network = {"architecture": "bert", "model": "tiny", "classes": 10}
    weight = torch.ones(2, 2)
    ticket = lth.Ticket({"a.weight": weight.bool()}, {"a.weight": weight}, {"network": network, "seed": 0})
    for call in (lth.train, partial(lth.find, rounds=1)):
        with pytest.raises(lth.UserError, match=r"ticket: its network \(bert\) reads texts, and the library trains on"):
            call(ticket, digits)
    words = "model: 'bert' reads texts; the library takes images"
    with pytest.raises(lth.UserError, match=words):
        lth.find("bert", digits, rounds=1)
    with pytest.raises(lth.UserError, match=words):
        lth.load({"a.weight": torch.ones(10, 784)}, "bert")


class Recurrent(nn.Module):
    """Rows of pixels, read by an LSTM, which is not pruned."""

    def __init__(self) -> None:
        super().__init__()
        self.rows, self.b = nn.LSTM(28, 16, batch_first=True), nn.Linear(16, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.b(self.rows(images.squeeze(1))[0][:, -1])
        return logits


def test_layers_that_are_not_pruned_are_warned_of(digits: Images, quick: lth.Recipe) -> None:
    """Of 2,976 weights 2,816 are in the LSTM."""
    words = r"95 % of the network's weights are in layers that are not pruned \(rows.weight_ih_l0, rows.weight_hh_l0\)"
    with pytest.warns(UserWarning, match=words):
        lth.find(Recurrent, digits, recipe=quick, **AT_INIT)
