"""What `find` is asked for, checked before a study is made of it."""

from collections.abc import Collection, Mapping
from typing import Any

from lth.catalog.architectures import ARCHITECTURES, OwnArchitecture
from lth.catalog.methods import METHODS
from lth.catalog.scores import IN_MEMORY_SCORES, SCORES, OwnScore
from lth.config.data import Network
from lth.config.ticket_models import TICKETS
from lth.config.training import Recipe
from lth.errors import UserError
from lth.library.named import code_name
from lth.library.recipe import checked_recipe
from lth.networks.build import layout
from lth.networks.trial import frozen_layer, frozen_misfit, is_homogeneous, signed_misfit, try_score
from lth.printable import printable

_RECIPES = ("retrain", "transform", "tune_between")
"""Options that are names of recipes in a study file."""


def with_score(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options with the name of a score where the caller gave its function."""
    score = options.get("score")
    named = {"score": code_name(IN_MEMORY_SCORES, score)} if callable(score) else {}
    return {**options, **named}


def check_score(network: Network, score: Any, per_class: int | None, unpruned: Collection[str] = ()) -> None:
    """The score can score the network: one that follows the flow needs a network through which it can, one of how much
    weights move that they are trained, and one of the caller's is tried; raises UserError."""
    if score not in SCORES:
        return
    known, architecture = SCORES[score], ARCHITECTURES[network.architecture]
    own = isinstance(architecture, OwnArchitecture)
    if own and known.signed and not is_homogeneous(layout(network)):
        raise UserError(f"score: {signed_misfit(score, network.architecture)}")
    if own and known.best and (frozen := frozen_layer(layout(network), unpruned)):
        raise UserError(f"score: {frozen_misfit(score, frozen)}")
    if isinstance(known, OwnScore) and not architecture.text:
        try_score(network, score, per_class)


def check_method(method: str, *, begun: bool) -> None:
    """Whether tickets are found like that, and from a ticket where one is given (`begun`); raises UserError."""
    if method in METHODS and METHODS[method].rounds == "following":
        raise UserError(
            f"method: '{method}' is made from other tickets; studies have it, and `lth.control` makes controls"
        )
    if method == "given":
        raise UserError("method: 'given' is a ticket of a file; `lth.load` reads it")
    if begun and method in TICKETS and method not in (able := [name for name in TICKETS if _begins(name)]):
        words = f"only the methods {', '.join(able)} begin at a ticket, found method '{method}'"
        raise UserError(f"model: {words}; give its network to begin anew")


def check_rewinding(options: Mapping[str, Any], *, begun: bool) -> None:
    """A ticket has no trained weights that one could rewind to; raises UserError."""
    if begun and options.get("rewind") == "parent":
        words = "a ticket holds initial weights, and no trained ones to rewind to, found 'parent'"
        raise UserError(f"rewind: {words}; use 'initial' or 'trained' (studies have 'parent')")


def check_amount(method: str, options: Mapping[str, Any]) -> None:
    """Something says how much is pruned; raises UserError."""
    if method in METHODS and method != "dense" and not {"rounds", "densities", "chain"} & {*options}:
        rounds = "`rounds=10, rate=0.2`, or " if method == "imp" else ""
        raise UserError(f"densities: say how much is pruned: {rounds}`densities=[0.2, 0.1]`")


def with_recipes(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options with recipes where a study file has names of recipes; raises UserError."""
    return {key: _recipe_of(key, value) if key in _RECIPES else value for key, value in options.items()}


def _recipe_of(key: str, value: Any) -> Recipe | None:
    if value is None or isinstance(value, Recipe | Mapping):
        return None if value is None else checked_recipe(value)
    raise UserError(f"{key}: give a recipe, as `lth.recipe(...)` makes it, found {printable(repr(value), 60)}")


def _begins(method: str) -> bool:
    """Whether a ticket of a method may begin at another ticket."""
    return not {"start", "base"}.isdisjoint(TICKETS[method].model_fields)
