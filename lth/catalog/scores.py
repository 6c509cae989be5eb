"""What a weight is worth, and the table of scores by name (torch is imported only when one is used).

A score is a function `Evidence -> {prunable parameter: worth}`, of each weight's shape; the larger, the more it is
worth. It knows nothing of densities or schedules: `lth.pruning.allocation.allocate` turns it into masks. To add one:
write it in a file of `lth/pruning/scores/` and name it in `SCORES`. A study may also name a function of the user's by
its import path, and the library takes the function itself.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from lth.catalog.architectures import ARCHITECTURES
from lth.catalog.importing import names_own, users_code
from lth.catalog.registry import Entry, Registry

When = Literal["trained", "initial"]


@dataclass(frozen=True, kw_only=True)
class Score(Entry):
    """A score, and what a check or a job has to know of it before torch is imported."""

    when: tuple[When, ...]
    """Which weights it can score: `trained` ones in a round of pruning, `initial` ones before any training."""
    best: bool = False
    """Needs the weights of the best epoch beside those of the last."""
    signed: bool = False
    """Needs a network that only adds, scales and rectifies, so that it is positive where all its weights are."""
    per_class: int = 0
    """Images of each class that it looks at unless the study says otherwise; none if 0."""
    iterations: int = 1
    """How many steps of pruning and scoring anew its paper takes at initialisation."""

    @property
    def images(self) -> bool:
        """Whether it looks at images at all."""
        return self.per_class > 0


IN_MEMORY_SCORES: dict[str, Callable[..., Any]] = {}
"""Scores that this process was given as they are (`lth.find`), by the name that it gave them."""


@dataclass(frozen=True, kw_only=True)
class OwnScore(Score):
    """A score of the user's: a function that is imported, or one that this process was given.

    It sees images only where the ticket says how many (`per_class`), and no weights of a best epoch.
    """

    when: tuple[When, ...] = ("trained", "initial")

    def load(self) -> Any:
        """The function.

        Raises:
            UserError: there is no such module or name in it.
        """
        return users_code(self.target, IN_MEMORY_SCORES)


def own_score(name: str) -> OwnScore | None:
    """The score that an import path names, or that this process was given under a name."""
    if names_own(name, IN_MEMORY_SCORES):
        return OwnScore(target=name, about="a score of one's own")
    return None


def score_label(name: str) -> str:
    """What figures and tables call a score: of an import path its last module and the function, `scores.mine`."""
    module, colon, function = name.rpartition(":")
    return f"{module.rpartition('.')[2]}.{function}" if colon else name


SCORES = Registry(
    {
        "magnitude": Score(
            target="lth.pruning.scores.weights:magnitude",
            about="|w| (Han et al. 2015; Frankle & Carbin 2019)",
            when=("trained", "initial"),
        ),
        "stability": Score(
            target="lth.pruning.scores.weights:stability",
            about="-|w at the best epoch - w at the last|: what still moved goes first",
            when=("trained",),
            best=True,
        ),
        "random": Score(
            target="lth.pruning.scores.chance:uniform",
            about="a uniform draw for each weight; a control",
            when=("trained", "initial"),
        ),
        "snip": Score(
            target="lth.pruning.scores.snip:snip",
            about="|g w| of the loss on a sample (Lee et al. 2019)",
            when=("initial",),
            per_class=13,
        ),
        "taylor": Score(
            target="lth.pruning.scores.snip:snip",
            about="|g w| after training: the loss to first order without the weight (Molchanov et al. 2017)",
            when=("trained",),
            per_class=13,
        ),
        "gradient": Score(
            target="lth.pruning.scores.snip:steepness",
            about="|g| after training: what the loss is flat in goes first",
            when=("trained",),
            per_class=13,
        ),
        "grasp": Score(
            target="lth.pruning.scores.grasp:grasp",
            about="w Hg: what the gradient would lose with the weight (Wang et al. 2020)",
            when=("initial",),
            per_class=10,
        ),
        "synflow": Score(
            target="lth.pruning.scores.synflow:synflow",
            about="|w| times the flow that passes through it, without data (Tanaka et al. 2020)",
            when=("initial",),
            signed=True,
            iterations=100,
        ),
    },
    own_score,
)


def score_faults(name: str, method: str, when: When, architecture: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Why a method cannot use a score on an architecture: nothing, or a key path and a sentence."""
    known, path = SCORES[name], ("score",)
    if when not in known.when:
        fitting = ", ".join(other for other, entry in SCORES.items() if when in entry.when)
        weights = "trained weights" if when == "trained" else "untrained weights"
        needs = ", and this score needs the weights of the best epoch" if known.best else ""
        yield path, f"'{name}' cannot be used here: `method: {method}` scores {weights}{needs}; use {fitting}"
    elif known.signed and not ARCHITECTURES[architecture].homogeneous:
        message = "needs a network of convolutions, linear layers, batch norm, ReLU and pooling"
        yield path, f"'{name}' {message}, which '{architecture}' is not; use another score or network"


def as_published(name: str, **settings: int | None) -> dict[str, int]:
    """Those settings of a score (`per_class`, `iterations`) that are left open, as its paper has them.

    The table of scores is in no fingerprint, so that a job is told its values.
    """
    left_open = {key: getattr(SCORES[name], key) for key, value in settings.items() if value is None}
    return {key: value for key, value in left_open.items() if value}


def images_in_vain(name: str, per_class: int | None) -> Iterator[tuple[tuple[str, ...], str]]:
    """A fault for images of each class that a score does not look at."""
    known = SCORES[name]
    if per_class is not None and not known.images and not isinstance(known, OwnScore):
        yield ("per_class",), f"has no effect: '{name}' looks at no images; take it out"
