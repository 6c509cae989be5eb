"""What `find` is asked for, checked before a study is made of it."""

from collections.abc import Mapping
from typing import Any

from lth.catalog.architectures import ARCHITECTURES, OwnArchitecture
from lth.catalog.methods import METHODS
from lth.catalog.scores import SCORES
from lth.config.data import Network
from lth.config.ticket_models import TICKETS
from lth.config.training import Recipe
from lth.errors import UserError
from lth.library.recipe import checked_recipe
from lth.networks.build import layout
from lth.networks.trial import is_homogeneous, signed_misfit
from lth.printable import printable

_RECIPES = ("retrain", "transform", "tune_between")
"""Options that are names of recipes in a study file."""


def check_score(network: Network, score: Any) -> None:
    """A score that follows the flow needs a network through which it can; raises UserError."""
    own = isinstance(ARCHITECTURES[network.architecture], OwnArchitecture)
    if own and score in SCORES and SCORES[score].signed and not is_homogeneous(layout(network)):
        raise UserError(f"score: {signed_misfit(score, network.architecture)}")


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
