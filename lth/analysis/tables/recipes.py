"""One-line summaries of training recipes."""

from collections.abc import Iterator

from lth.config.training import Freeze, Recipe

OPTIMISERS = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW"}


_DECAYED = {"bias": "biases", "norm": "norms"}


def recipe_summary(recipe: Recipe) -> str:
    """One line: optimiser, learning-rate schedule, batch size, length of training, augmentation."""
    return ", ".join(filter(None, _parts(recipe)))


def _parts(recipe: Recipe) -> Iterator[str]:
    rule, schedule, augment = recipe.optimiser, recipe.schedule, recipe.augment
    yield f"{OPTIMISERS[rule.name]} {rule.learning_rate:g}"
    yield f"momentum {rule.momentum:g}{' (Nesterov)' if rule.nesterov else ''}" if rule.momentum else ""
    without = f" (none on {' and '.join(_DECAYED[what] for what in rule.decay_exclude)})" if rule.decay_exclude else ""
    yield f"weight decay {rule.weight_decay:g}{without}" if rule.weight_decay else ""
    yield schedule.name.replace("_", " ") + (
        f" at {', '.join(f'{epoch:g}' for epoch in schedule.milestones)}" if schedule.milestones else ""
    )
    yield f"warmup of {schedule.warmup_epochs:g} epochs" if schedule.warmup_epochs else ""
    yield f"batch size {recipe.batch_size}"
    yield f"{recipe.epochs} epochs" if recipe.epochs else f"{recipe.iterations:,} iterations"
    yield f"scored every {recipe.evaluate_every:,} steps" if recipe.evaluate_every else ""
    yield f"early stopping with patience {recipe.patience}" if recipe.patience else ""
    yield f"gradient norm clipped at {recipe.clip_grad_norm:g}" if recipe.clip_grad_norm else ""
    yield f"label smoothing {recipe.label_smoothing:g}" if recipe.label_smoothing else ""
    yield "" if recipe.precision == "fp32" else recipe.precision
    yield f"{recipe.kernels} kernels" if recipe.kernels else ""
    yield _frozen(recipe.freeze) if recipe.freeze else ""
    changes = augment.model_dump(exclude_defaults=True) if augment else {}
    amounts = {key: "" if isinstance(value, bool | dict) else f" {value}" for key, value in changes.items()}
    names = [key.replace("_", " ") + amount for key, amount in amounts.items()]
    yield f"augmentation: {', '.join(names)}" if names else "no augmentation"


def _frozen(freeze: Freeze) -> str:
    value = "|w|" if freeze.rule == "magnitude" else "w"
    return f"gradients zeroed where {value} < {freeze.threshold:g}"
