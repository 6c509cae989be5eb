"""Tokenised texts: order, batches, artifacts."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sentences import CPU, opinions, tiny

from lth.config.training import Augmentation
from lth.data.examples import load_examples
from lth.networks.build import build
from lth.text.feed import bucketed
from lth.text.prepare import tokens_of
from lth.text.texts import Tokens
from lth.text.tiny import tiny_tokenizer


def test_splits_are_in_order_of_length_and_balanced() -> None:
    texts = opinions()
    for split in texts.splits.values():
        lengths = split.tokens.lengths.tolist()
        assert lengths == sorted(lengths)
        assert abs(int(split.labels.sum()) * 2 - len(split)) <= 1
    assert texts.vocabulary > int(texts.splits["train"].tokens.ids.max())


def test_a_pair_knows_where_its_second_text_begins() -> None:
    tokens = tokens_of([("the book is big", "i think that book was large"), ("we", "say it")], tiny_tokenizer(), 64)
    assert tokens.lengths.tolist() == [13, 6]
    assert tokens.second.tolist() == [6, 3]
    assert tokens.types[0].tolist() == [0] * 6 + [1] * 7
    assert tokens.types[1].tolist() == [0, 0, 0, 1, 1, 1] + [0] * 7
    assert tokens.attended is not None
    assert tokens.attended.sum(1).tolist() == [13, 6]
    alone = tokens_of([("the book is big",)], tiny_tokenizer(), 64)
    assert alone.second.tolist() == alone.lengths.tolist() == [6]
    assert alone.types.sum() == 0


def test_long_texts_are_cut_off_at_their_end() -> None:
    tokens = tokens_of([("the book is very very big",), ("we say",)], tiny_tokenizer(), 5)
    assert tokens.ids.shape == (2, 5)
    whole = tokens_of([("the book is",)], tiny_tokenizer(), 64)
    assert tokens.ids[0].tolist() == whole.ids[0].tolist()


def test_some_of_them_are_no_longer_than_they_must_be() -> None:
    tokens = Tokens(torch.ones(3, 9, dtype=torch.int32), torch.tensor([2, 5, 9]), torch.tensor([2, 5, 9]))
    assert tokens[torch.tensor([0, 1])].ids.shape == (2, 5)
    assert tokens[torch.tensor([2])].attended is None
    assert len(tokens[slice(0, 0)]) == 0


@settings(max_examples=40)
@given(st.integers(1, 400), st.integers(1, 7), st.integers(0, 99), st.integers(1, 9))
def test_an_epoch_has_every_text_once_in_batches_that_differ_from_epoch_to_epoch(
    size: int, batch: int, seed: int, epoch: int
) -> None:
    lengths = torch.randint(3, 60, (size,), generator=torch.Generator().manual_seed(seed))
    batches = bucketed(lengths, batch, seed, epoch)
    assert sorted(torch.cat(batches).tolist()) == list(range(size))
    assert len(batches) == -(-size // batch)
    assert all(len(rows) <= batch for rows in batches)
    assert [rows.tolist() for rows in bucketed(lengths, batch, seed, epoch)] == [rows.tolist() for rows in batches]


def test_bucketing_leaves_hardly_any_padding() -> None:
    lengths = torch.randint(3, 60, (6400,), generator=torch.Generator().manual_seed(0))
    padded = sum(len(rows) * int(lengths[rows].max()) for rows in bucketed(lengths, 32, 0, 1))
    shuffled = sum(len(rows) * int(lengths[rows].max()) for rows in torch.randperm(6400).split(32))
    assert padded < 1.06 * int(lengths.sum())
    assert shuffled > 1.6 * int(lengths.sum())


def test_training_goes_on_at_any_step_as_if_it_had_not_stopped() -> None:
    feed = opinions().feed(CPU)
    whole, rest = (
        [(tokens.ids.tolist(), labels.tolist()) for tokens, labels in map(feed.made, feed.draws(16, 3, first, 15))]
        for first in (0, 8)
    )
    assert len(whole) == 15
    assert whole[8:] == rest
    assert whole[:6] != whole[6:12]


def test_an_artifact_is_read_back_the_same(tmp_path: Path) -> None:
    texts = opinions(source="paraphrases")
    for name in ("first", "second"):
        texts.save(tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    found = load_examples(tmp_path / "first")
    assert found.classes == ("different", "same")
    for name, split in texts.splits.items():
        again = found.splits[name]
        assert torch.equal(again.labels, split.labels)
        assert torch.equal(again.tokens.ids, split.tokens.ids)  # type: ignore[attr-defined]


def test_few_of_them_keep_their_tests() -> None:
    texts = opinions()
    few = texts.few(torch.tensor([4, 7, 90]))
    assert len(few.splits["train"]) == 3
    assert few.splits["test"] is texts.splits["test"]
    assert torch.equal(few.splits["train"].labels, texts.splits["train"].labels[[4, 7, 90]])


def test_weights_are_used_once_a_token_and_the_pooler_s_once_a_text(tmp_path: Path) -> None:
    texts = opinions()
    places = texts.feed(CPU).weight_uses(build(tiny(tmp_path)))
    mean = float(texts.splits["train"].tokens.lengths.double().mean())
    assert places["encoder.encoder.layer.0.attention.self.query.weight"] == round(mean)
    assert places["encoder.pooler.dense.weight"] == 1


def test_texts_are_not_augmented() -> None:
    with pytest.raises(ValueError, match="not augmented"):
        opinions().feed(CPU, Augmentation(flip=True))


def test_a_batch_is_made_without_reading_anything_back_from_the_device() -> None:
    """On torch's meta device nothing can be; what the batches are is as on the processor."""
    texts = opinions()
    there, here = texts.feed(torch.device("meta")), texts.feed(CPU)
    found, alike = (map(feed.made, feed.draws(7, 0, 0, 20)) for feed in (there, here))
    for (tokens, labels), (expected, _) in zip(found, alike, strict=True):
        assert tokens.ids.shape == expected.ids.shape
        assert (tokens.attended is None) == (expected.attended is None)
        assert tokens.types.shape == expected.types.shape
        assert len(labels) == len(tokens) == len(expected)
    assert expected.padded is not None
    looked_up = Tokens(expected.ids, expected.lengths, expected.second)
    assert (looked_up.attended is None) == (not expected.padded)
