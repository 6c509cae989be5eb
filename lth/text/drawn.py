"""Small languages drawn from a seed: data sets and a vocabulary that need no download."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from lth.catalog.datasets import SOURCES
from lth.seeds import generator
from lth.text.raw import RawTexts

THINGS = [
    "book",
    "boat",
    "chair",
    "coat",
    "film",
    "garden",
    "hat",
    "house",
    "lamp",
    "letter",
    "meal",
    "poem",
    "river",
    "road",
]
LIKED = ["bright", "clever", "fine", "fresh", "funny", "gentle", "good", "honest", "lovely", "warm"]
DISLIKED = ["bad", "boring", "cold", "dull", "false", "poor", "rough", "stale", "stupid", "ugly"]
SAME = {"big": "large", "small": "little", "quick": "fast", "old": "ancient", "quiet": "silent", "glad": "happy"}
"""Words and others that mean the same."""
FILLERS = [
    "but",
    "i",
    "is",
    "it",
    "not",
    "really",
    "say",
    "seems",
    "that",
    "the",
    "they",
    "think",
    "this",
    "very",
    "was",
    "we",
]
WORDS = sorted({*THINGS, *LIKED, *DISLIKED, *SAME, *SAME.values(), *FILLERS})
"""All of them: the vocabulary of the model `tiny`."""


def opinions(_: Path | None, seed: int) -> RawTexts:
    """Sentences for or against something; "not" turns a word round, and one in ten has a second, opposite half."""
    return _drawn("opinions", seed, ("negative", "positive"), _opinion)


def paraphrases(_: Path | None, seed: int) -> RawTexts:
    """Pairs of sentences; the second says the same in another word, or says it of something else."""
    return _drawn("paraphrases", seed, ("different", "same"), _pair)


class _Chance:
    """Draws from one stream of whole numbers."""

    def __init__(self, seed: int, what: str) -> None:
        drawn: list[int] = torch.randint(2**31, (50_000,), generator=generator(seed, "texts", what)).tolist()
        self.numbers = iter(drawn)

    def of(self, words: list[str]) -> str:
        """One of the words."""
        return words[next(self.numbers) % len(words)]

    def one_in(self, n: int) -> bool:
        """True once in n times."""
        return bool(next(self.numbers) % n == 0)


def _drawn(
    name: str, seed: int, classes: tuple[str, str], make: Callable[[_Chance, bool], tuple[str, ...]]
) -> RawTexts:
    source, chance = SOURCES[name], _Chance(seed, name)
    labels = np.arange(source.train + source.test) % 2
    texts = [make(chance, bool(label)) for label in labels]
    n = source.train
    return RawTexts(texts[:n], labels[:n].astype(np.int64), texts[n:], labels[n:].astype(np.int64), classes)


def _opinion(chance: _Chance, liked: bool) -> tuple[str, ...]:
    turned = chance.one_in(3)
    word = chance.of(LIKED if liked != turned else DISLIKED)
    said = [*_opening(chance), "not" if turned else chance.of(["very", "really"]), word]
    if chance.one_in(10):  # what comes after "but" counts less
        said += ["but", "it", "is", chance.of(DISLIKED if liked else LIKED)]
    return (" ".join(said),)


def _opening(chance: _Chance) -> list[str]:
    start = [chance.of(["i", "we", "they"]), chance.of(["think", "say"])] if chance.one_in(2) else []
    return [*start, chance.of(["the", "this", "that"]), chance.of(THINGS), chance.of(["is", "was", "seems"])]


def _pair(chance: _Chance, same: bool) -> tuple[str, ...]:
    thing, word = chance.of(THINGS), chance.of([*SAME])
    other = thing if same else chance.of([name for name in THINGS if name != thing])
    first, second = (word, SAME[word]) if chance.one_in(2) else (SAME[word], word)
    return f"the {thing} is {first}", f"i think that {other} was {second}"
