"""Encoders: what is prunable, that rewinding restores, that training under a mask keeps it, and is the same twice."""

from dataclasses import replace
from fractions import Fraction
from itertools import count
from pathlib import Path

import pytest
import torch
from sentences import CPU, opinions, tiny
from torch import nn

from lth.artifacts.tensors import read_tensors
from lth.artifacts.tickets import Ticket
from lth.catalog.scores import SCORES
from lth.config.data import Network
from lth.config.study import Compute
from lth.config.training import LearningRateSchedule, Optimiser, Recipe
from lth.errors import UserError
from lth.networks.build import build, head_names, initial_weights, layer_kinds, prunable_names
from lth.pruning.allocation import Target, allocate
from lth.pruning.masks import random_like
from lth.pruning.scores.evidence import Evidence
from lth.running.scratch import Scratch
from lth.running.stopping import Stopped
from lth.seeds import generator
from lth.text.bert import TextClassifier
from lth.text.texts import TextSplit, Tokens
from lth.text.tiny import tiny_config
from lth.training.device import prepare_device
from lth.training.train import train
from lth.training.trained import Trained

RECIPE = Recipe(
    optimiser=Optimiser(name="adamw", learning_rate=2e-3, weight_decay=1e-2),
    schedule=LearningRateSchedule(name="linear", warmup_epochs=0.3),
    batch_size=16,
    epochs=2,
)


def half(ticket: Ticket) -> Ticket:
    """Half of each layer, at random."""
    wanted = {name: torch.arange(m.numel()).view_as(m) % 2 == 0 for name, m in ticket.masks.items()}
    return ticket.derive(random_like(wanted, generator(0, "half")), ticket.weights)


def test_every_matrix_of_encoder_and_pooler_is_prunable_and_nothing_else(tmp_path: Path) -> None:
    names = prunable_names(build(tiny(tmp_path)))
    block = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense")
    parts = (*block, "intermediate.dense", "output.dense")
    blocks = [f"encoder.encoder.layer.{n}.{part}.weight" for n in (0, 1) for part in parts]
    assert names == [*blocks, "encoder.pooler.dense.weight"]
    kinds = layer_kinds(build(tiny(tmp_path)))
    assert kinds == {**dict.fromkeys(blocks, "dense"), "encoder.pooler.dense.weight": "pooler"}


def test_a_pooler_may_stay_unpruned(tmp_path: Path) -> None:
    """A drawn one has the smallest weights of all, so that ranking the whole network takes it first."""
    kinds = layer_kinds(build(tiny(tmp_path)))
    masks = {name: torch.ones(4, 4, dtype=torch.bool) for name in kinds}
    scores = {name: torch.full((4, 4), 0.1 if kind == "pooler" else 1.0) for name, kind in kinds.items()}
    half = Fraction(1, 2)
    found = allocate(scores, masks, Target(scope="global", density=half), kinds)
    assert not found["encoder.pooler.dense.weight"].any()
    found = allocate(scores, masks, Target(scope="global", density=half, unpruned=("pooler",)), kinds)
    assert found["encoder.pooler.dense.weight"].all()
    assert sum(int(mask.sum()) for mask in found.values()) == 16 + 16 * (len(kinds) - 1) // 2
    found = allocate(scores, masks, Target(scope="layerwise", density=half, of_kind={"dense": Fraction(1, 4)}), kinds)
    assert {int(mask.sum()) for mask in found.values()} == {4}  # it is a linear layer, too


def test_a_matrix_that_two_modules_share_is_not_prunable() -> None:
    network = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 2))
    network[1].weight = network[0].weight
    assert prunable_names(network) == ["2.weight"]


def test_theta_0_is_the_pre_trained_model_and_a_drawn_classifier(tmp_path: Path) -> None:
    spec = tiny(tmp_path)
    known, _ = read_tensors(tmp_path / "tiny.safetensors", "model")
    first, other = (initial_weights(spec, seed) for seed in (0, 1))
    for name, tensor in known.items():
        assert torch.equal(first[f"encoder.{name}"], tensor)
    assert torch.equal(first["encoder.pooler.dense.weight"], other["encoder.pooler.dense.weight"])
    assert not torch.equal(first["classifier.0.weight"], other["classifier.0.weight"])
    assert torch.equal(first["classifier.0.weight"], initial_weights(spec, 0)["classifier.0.weight"])


def test_reinitialised_weights_hold_nothing_of_the_pre_trained_ones(tmp_path: Path) -> None:
    spec = tiny(tmp_path)
    drawn, known = initial_weights(spec, 0, "fresh initialisation"), initial_weights(spec, 0)
    for name in prunable_names(build(spec)):
        assert not torch.equal(drawn[name], known[name])
        assert abs(float(drawn[name].std()) / float(known[name].std()) - 1) < 0.1


def test_rewinding_restores_the_pre_trained_weights_bit_for_bit(tmp_path: Path) -> None:
    """A fault of a source: pruning renamed the parameters there, and loading the old ones did nothing."""
    spec, path = tiny(tmp_path), tmp_path / "ticket.safetensors"
    dense = Ticket.dense(spec, 0)
    trained = train(dense.module(), dense.masks, opinions(), RECIPE, seed=0, device=CPU)
    assert not torch.equal(trained.weights["encoder.pooler.dense.weight"], dense.weights["encoder.pooler.dense.weight"])
    half(dense).save(path)
    rewound = Ticket.load(path, spec).module().state_dict()
    known, _ = read_tensors(tmp_path / "tiny.safetensors", "model")
    ticket = half(dense)
    for name, tensor in known.items():
        mask = ticket.masks.get(f"encoder.{name}", torch.ones_like(tensor, dtype=torch.bool))
        assert torch.equal(rewound[f"encoder.{name}"], torch.where(mask, tensor, torch.zeros_like(tensor)))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_pruned_weights_stay_zero_and_the_same_training_twice_is_the_same(tmp_path: Path, precision: str) -> None:
    device = prepare_device(Compute(device="cpu"))
    ticket = half(Ticket.dense(tiny(tmp_path, dropout=0.1), 0))
    recipe = RECIPE.model_copy(update={"precision": precision})
    first, second = (train(ticket.module(), ticket.masks, opinions(), recipe, seed=4, device=device) for _ in range(2))
    for name, weight in first.weights.items():
        assert torch.equal(weight, second.weights[name])
    for name, mask in ticket.masks.items():
        assert not first.weights[name][~mask].any()
        assert first.weights[name][mask].ne(ticket.weights[name][mask]).any()
    assert first.history == second.history


def test_padding_changes_no_answer(tmp_path: Path) -> None:
    texts = opinions()
    network = Ticket.dense(tiny(tmp_path), 0).module().eval()
    tokens = texts.splits["train"].tokens
    with torch.inference_mode():
        together = network(tokens)
        alone = torch.cat([network(tokens[torch.tensor([row])]) for row in range(len(tokens))])
    assert int(tokens.lengths.min()) < int(tokens.lengths.max())
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


def test_the_head_alone_is_trained_if_asked_for(tmp_path: Path) -> None:
    ticket = half(Ticket.dense(tiny(tmp_path), 0))
    found = train(ticket.module(), ticket.masks, opinions(), RECIPE, seed=0, device=CPU, trains="head").weights
    head = set(head_names(ticket.module()))
    assert head == {"classifier.0.weight", "classifier.0.bias", "classifier.3.weight", "classifier.3.bias"}
    for name, weight in found.items():
        assert torch.equal(weight, ticket.weights[name]) == (name not in head), name


def test_a_network_of_images_has_a_head_too() -> None:
    network = build(Network(architecture="lenet_300_100"))
    assert head_names(network) == ["5.weight", "5.bias"]


@pytest.mark.parametrize("score", ["snip", "grasp"])
def test_scores_that_look_at_texts_prune_an_encoder_before_training(score: str, tmp_path: Path) -> None:
    network = Ticket.dense(tiny(tmp_path), 0).module()
    feed = opinions().feed(CPU)
    names = prunable_names(network)
    weights = {name: dict(network.named_parameters())[name].detach() for name in names}
    evidence = Evidence(
        network=network,
        masks={name: torch.ones_like(weight, dtype=torch.bool) for name, weight in weights.items()},
        weights=weights,
        shape=(1, 1, 1),
        stream=generator(0, "stream"),
        sample=lambda count: feed.sample(count, generator(0, "sample")),
        per_class=10,
    )
    found = SCORES[score].load()(evidence)
    assert list(found) == names
    assert all(scores.isfinite().all() and scores.any() for scores in found.values())


def test_tokens_that_the_model_does_not_know_are_a_sentence(tmp_path: Path) -> None:
    ticket = Ticket.dense(tiny(tmp_path), 0)
    with pytest.raises(UserError, match=r"data set 'reviews' has tokens up to 999, .* knows only \d+: its tokenizer"):
        train(ticket.module(), ticket.masks, replace(opinions(), vocabulary=1000), RECIPE, seed=0, device=CPU)


def test_texts_that_are_longer_than_the_model_reads_are_a_sentence(tmp_path: Path) -> None:
    texts = opinions()
    ids = torch.full((50, 65), 6, dtype=torch.int32)
    lengths = torch.full((50,), 65, dtype=torch.int16)
    long = replace(texts, splits={**texts.splits, "test": TextSplit(Tokens(ids, lengths, lengths), torch.zeros(50))})
    words = r"data set 'reviews' has texts of 65 tokens, but the model takes 64; set the data set's `max_length: 64`"
    with pytest.raises(UserError, match=words):
        long.feed(CPU).weight_uses(build(tiny(tmp_path)))


def test_the_positions_of_a_roberta_begin_behind_its_padding(tmp_path: Path) -> None:
    config = {**tiny_config(), "model_type": "roberta", "pad_token_id": 1}
    network = TextClassifier(tmp_path / "model", config, 2, 0.0)
    assert network.positions == 62

    def read(tokens: int) -> torch.Tensor:
        lengths = torch.tensor([tokens])
        return network(Tokens(torch.full((1, tokens), 6), lengths, lengths))

    assert read(62).shape == (1, 2)
    with pytest.raises((IndexError, RuntimeError)):
        read(63)


def test_an_encoder_without_a_pooler_is_a_sentence() -> None:
    from lth.text.bert import encoder

    with pytest.raises(UserError, match="a distilbert has no pooler"):
        encoder({"model_type": "distilbert"}, 0.0)
    with pytest.raises(UserError, match="none that transformers knows"):
        encoder({"model_type": "birdt"}, 0.0)


def test_a_stopped_fine_tuning_ends_as_if_it_had_not_been_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = tiny(tmp_path, dropout=0.1)
    ticket, texts = half(Ticket.dense(network, 0)), opinions()

    def run(scratch: Scratch | None) -> Trained:
        return train(ticket.module(), ticket.masks, texts, RECIPE, seed=1, device=CPU, scratch=scratch)

    whole, trained, stops = run(None), None, 0
    while trained is None:
        questions = count()
        for module in ("train", "loop"):
            monkeypatch.setattr(f"lth.training.{module}.requested", lambda asked=questions: next(asked) > 5)
        try:
            trained = run(Scratch(tmp_path / "scratch", "key"))
        except Stopped:
            stops += 1
    assert stops > 2
    assert trained.history == whole.history
    assert trained.weights.keys() == whole.weights.keys()
    assert all(torch.equal(trained.weights[name], whole.weights[name]) for name in whole.weights)


def test_a_model_that_is_not_there_is_looked_for_below_the_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    spec = Network(architecture="bert", model="results/t/models/words.safetensors", classes=2)
    with pytest.raises(
        UserError, match=r"is not there: .* relative to the folder that holds `results`; run this there"
    ):
        build(spec)
