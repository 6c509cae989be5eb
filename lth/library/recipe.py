"""Training recipes in one line."""

from collections.abc import Mapping
from typing import Any

from lth.config.training import Recipe
from lth.library.sentences import in_library

_OPTIMISER = ("learning_rate", "weight_decay", "decay_exclude", "momentum", "nesterov")


def recipe(
    *,
    epochs: int | None = None,
    optimiser: str = "adam",
    learning_rate: float = 1.2e-3,
    batch_size: int = 60,
    **keys: Any,
) -> Recipe:
    """How a network is trained. Defaults: Adam at 1.2e-3, 60 images (Frankle & Carbin 2019, MNIST).

    Args:
        epochs: passes over the training examples; or give `iterations`.
        optimiser: `adam`, `adamw` or `sgd`.
        learning_rate: at its highest.
        batch_size: images a step.
        **keys: any other key of the optimiser (`momentum`, `weight_decay`, ...) or of a recipe in a study file
            (`iterations`, `schedule`, `augment`, `label_smoothing`, `precision`, ...; config/README.md has them all).

    Raises:
        UserError: an unknown key or a value that is not allowed.
    """
    own = {key: keys.pop(key) for key in _OPTIMISER if key in keys}
    told = {"optimiser": {"name": optimiser, "learning_rate": learning_rate, **own}, "batch_size": batch_size, **keys}
    return checked_recipe({**told, "epochs": epochs} if epochs is not None else told)


def checked_recipe(told: Any) -> Recipe:
    """A recipe from its keys in a study file, or from the keywords of `recipe`."""
    if isinstance(told, Mapping) and not isinstance(told.get("optimiser"), Mapping):
        return recipe(**told)
    with in_library("recipes"):
        return told if isinstance(told, Recipe) else Recipe.model_validate(told)
