"""What a new study is to be, in five answers: source, network, targets, method, and how long. Imports no torch."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lth.catalog.architectures import ARCHITECTURES
from lth.catalog.datasets import SOURCES
from lth.catalog.source import ImageSource, short_name
from lth.checks.wording import found, offered
from lth.config.base import NAME_PATTERN
from lth.errors import UserError

LIMITS = {"seeds": (2, 1000), "epochs": (1, 10_000), "rounds": (1, 30)}
"""Least and most of the numbers that one can ask for; one seed gives no interval."""
DRAFTED: Mapping[str, tuple[str, str]] = {
    "imp": ("", "train, prune 20 %, rewind, and again (Frankle & Carbin 2019)"),
    "one_shot": ("one_shot: true", "the same in one pruning of the trained network"),
    "snip": ("method: at_init, score: snip, scope: global", "before training, by |g w| (Lee et al. 2019)"),
    "grasp": ("method: at_init, score: grasp, scope: global", "before training, by gradient flow (Wang et al. 2020)"),
    "synflow": ("method: at_init, score: synflow, scope: global", "before training, without data (Tanaka et al. 2020)"),
    "random": ("method: at_init, score: random, scope: erk", "a random mask; a control"),
    "progressive": (
        "method: progressive, scope: global, until_epoch: @until",
        "in one training (Zhu & Gupta 2017)",
    ),
    "set": (
        "method: dynamic, grow: random, scope: erk, update_interval: @interval",
        "a mask that changes while training, at random (SET, Mocanu et al. 2018)",
    ),
    "rigl": (
        "method: dynamic, grow: gradient, scope: erk, update_interval: @interval",
        "the same, by gradients (RigL, Evci et al. 2020)",
    ),
    "rst": (
        "method: dual, transform: regularise, penalty: {rise: @rise, every: @every, limit: 1}",
        "a random mask, made trainable by a growing penalty (RST, Bai et al. 2022)",
    ),
}
"""Methods that a new study can have: the keys of their ticket, and a line about each."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a new study is to be."""

    name: str
    source: str
    network: str
    targets: tuple[str, ...]
    method: str = "imp"
    seeds: int = 8
    epochs: int = 10
    rounds: int = 10
    """Prunings of 20 %; methods without rounds prune to the same density."""

    @property
    def ticket(self) -> str:
        """What the ticket is called, and the data set that it is found on."""
        return self.datasets[self.source]

    @cached_property
    def datasets(self) -> Mapping[str, str]:
        """What the data set of each source is called in the study."""
        names: dict[str, str] = {}
        for source in (self.source, *self.targets):
            number = 1 + sum(short_name(other) == short_name(source) for other in names if other != source)
            names.setdefault(source, short_name(source) if number == 1 else f"{short_name(source)}_{number}")
        return names

    def __post_init__(self) -> None:
        check_name(self.name)
        names = [("source", self.source), *(("target", target) for target in self.targets)]
        for what, name in [*names, ("network", self.network), ("method", self.method)]:
            check_choice(what, name)
        for what, (least, most) in LIMITS.items():
            if not least <= (number := getattr(self, what)) <= most:
                raise UserError(f"--{what}: found {number}; {least} to {most} are allowed")
        self._check_kinds()

    def _check_kinds(self) -> None:
        """One network reads all data sets."""
        entry = ARCHITECTURES[self.network]
        for name in (self.source, *self.targets):
            if entry.text == isinstance(SOURCES[name], ImageSource):
                reads = "texts" if entry.text else "images"
                fitting = [other for other in ARCHITECTURES if ARCHITECTURES[other].text != entry.text]
                message = f"--network: '{self.network}' reads {reads}, and '{name}' holds others"
                raise UserError(f"{message}; choose {fitting[0]}, or other data sets")
        if self.method == "synflow" and not entry.homogeneous:
            message = "'synflow' needs a network of convolutions, linear layers, batch norm, ReLU and pooling"
            raise UserError(f"--method: {message}, which '{self.network}' is not; use another method or network")


def check_name(name: str) -> None:
    """Raises UserError where a study cannot have a name."""
    if not re.fullmatch(NAME_PATTERN, name) or len(name) > 40:
        allowed = "lower-case letters, digits and single underscores, such as 'mnist_to_cifar' (at most 40)"
        raise UserError(f"STUDY: the name of a study and its file is of {allowed}, found {found(name)}")


def choices(what: str) -> Mapping[str, str]:
    """The names that an answer may have, with a line about each."""
    if what == "method":
        return {name: about for name, (_, about) in DRAFTED.items()}
    return {name: entry.about for name, entry in (ARCHITECTURES if what == "network" else SOURCES).items()}


def own_choices(what: str) -> Mapping[str, str]:
    """How names of the user's own are written that an answer may have, with a line about each."""
    if what == "network":
        return {"MODULE:NAME": "a network of your own: a class or function in a module, such as my_nets:Small"}
    return {family.form: family.about for family in SOURCES.families.values()} if what in ("source", "target") else {}


def check_choice(what: str, name: str) -> None:
    """Raises UserError, with the name that was probably meant, where there is none of that name; or with what is wrong
    with data or code of the user's."""
    names = choices(what)
    table = {"method": DRAFTED, "network": ARCHITECTURES}.get(what, SOURCES)
    if name not in table:
        raise UserError(f"--{what}: there is no {what} {found(name)}{offered(name, names, 'there are')}")
    if name not in names:
        try:
            ARCHITECTURES[name].load() if what == "network" else SOURCES[name]
        except UserError as error:
            raise UserError(f"--{what}: {error}") from None


def draft_path(given: Path, folder: Path | None) -> tuple[str, Path]:
    """The name of a new study and where its file goes; `.yaml` may be left out.

    Raises:
        UserError: there is a file, or no folder.
    """
    name = given.stem if given.suffix in (".yaml", ".yml") else given.name
    check_name(name)
    parent = folder or given.parent
    path = parent / (given.name if given.suffix in (".yaml", ".yml") else f"{name}.yaml")
    if not parent.is_dir():
        raise UserError(f"{parent}: no such folder; make it, or choose another with --to")
    if path.exists() or path.is_symlink():
        raise UserError(f"{path}: is there already, and no file is overwritten; choose another name")
    return name, path
