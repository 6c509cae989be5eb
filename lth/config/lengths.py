"""How long a training is."""

from math import ceil

from lth.config.models import Dataset, Recipe
from lth.data.sources import SOURCES


def split_sizes(dataset: Dataset) -> tuple[int, int]:
    """Training examples, and those that a scoring goes through (validation and test)."""
    source = SOURCES[dataset.source]
    return dataset.train or source.train - dataset.validation, dataset.validation + (dataset.test or source.test)


def steps_of(recipe: Recipe, dataset: Dataset) -> tuple[int, int]:
    """How many steps a training takes, and how many of them an epoch has."""
    epoch = ceil(split_sizes(dataset)[0] / recipe.batch)
    return recipe.iterations or (recipe.epochs or 0) * epoch, epoch
