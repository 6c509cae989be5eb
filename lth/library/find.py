"""Finding tickets: the rounds of one ticket, run as the jobs of a study are, in a temporary folder or a kept one."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import pandas as pd

from lth.artifacts.tickets import Ticket
from lth.artifacts.trained_weights import TrainedWeights
from lth.catalog.datasets import IN_MEMORY_SOURCES
from lth.catalog.methods import METHODS
from lth.catalog.source import ImageSource
from lth.checks.read import read_study
from lth.checks.wording import listed
from lth.config.data import Initialisation, Network
from lth.config.study import Study
from lth.config.training import Recipe
from lth.data.images import Images
from lth.errors import UserError
from lth.library.arguments import check_ticket, compute_of, seed_of
from lth.library.arithmetic import arithmetic, one_at_a_time
from lth.library.data import Data, as_images
from lth.library.networks import AnyModel, fitting, network_for
from lth.library.options import check_amount, check_method, check_rewinding, check_score, with_recipes, with_score
from lth.library.progress import shown_progress
from lth.library.recipe import checked_recipe
from lth.library.recipe import recipe as default_recipe
from lth.library.result import DataFacts, Result
from lth.library.sentences import in_library
from lth.methods.round import RoundFiles, run_round
from lth.paths import expanded
from lth.plan.paths import ROUND_TABLES, Paths
from lth.plan.plan import Plan
from lth.printable import printable
from lth.running.jobs import Job
from lth.training.history import Row

Device = Literal["auto", "cpu", "cuda"]
_sources = count(1)
"""Of data in memory; two threads never get the same number."""
_STUDY = "library"
_TICKET, _GIVEN = "ticket", "given"
_PARENT = "given.safetensors"
"""The ticket that is pruned further."""


def find(
    model: AnyModel | Ticket,
    data: Data,
    *,
    method: str = "imp",
    recipe: Recipe | Mapping[str, Any] | None = None,
    seed: int | None = None,
    initialisation: Initialisation | None = None,
    device: Device = "auto",
    threads: int = 1,
    verbose: bool | None = None,
    folder: str | Path | None = None,
    **options: Any,
) -> Ticket:
    """The ticket of the last round of `find_rounds`, which describes the arguments."""
    where: dict[str, Any] = {"device": device, "threads": threads, "verbose": verbose, "folder": folder}
    drawn: dict[str, Any] = {"seed": seed, "initialisation": initialisation}
    return find_rounds(model, data, method=method, recipe=recipe, **drawn, **where, **options)[-1].ticket


@one_at_a_time
def find_rounds(
    model: AnyModel | Ticket,
    data: Data,
    *,
    method: str = "imp",
    recipe: Recipe | Mapping[str, Any] | None = None,
    seed: int | None = None,
    initialisation: Initialisation | None = None,
    device: Device = "auto",
    threads: int = 1,
    verbose: bool | None = None,
    folder: str | Path | None = None,
    **options: Any,
) -> list[Result]:
    """Find a ticket by pruning, round by round, and say what became of each round.

    The rounds are those of the workflow: with the same network, data, recipe and seed they give the same masks and
    weights.

    Args:
        model: a name from `lth list`, an import path (`package.module:name`), a function or class that builds the
            network, or a `torch.nn.Module`. A function or class draws the initial weights of each seed; a module has
            one set of initial weights, which all seeds share. It is copied, not changed. Or a ticket, which is pruned
            further, on other data perhaps: its masks and initial weights are taken over, and it is trained before the
            first pruning. Only `imp` and `dual` begin at a ticket.
        data: what `dataset` takes, or what it returned.
        method: how the ticket is found: `imp`, `at_init`, `progressive`, `dynamic`, `dual`, ... (`lth list`).
        recipe: how networks are trained, from `lth.recipe`; by default one epoch of its defaults.
        seed: of the initial weights, the order of batches, augmentation and dropout; by default 0, or the ticket's own.
        initialisation: how initial weights are drawn, by a name that config/README.md lists; without it as the caller's
            network does it itself, and by Glorot's normal distribution for ours.
        device: `auto` takes a GPU where torch sees one.
        threads: CPU threads. Another number gives other last bits.
        verbose: True prints lines of progress, False nothing; None shows a bar on a terminal.
        folder: keeps all files of the rounds there, as the workflow has them below `results/`; its path has no
            `{seed}`.
        **options: those of the method, as in a study file: `rounds`, `rate`, `densities`, `scope`, `score`, ...; as
            `score` also a function, `Evidence -> scores by layer`.

    Returns:
        a `Result` for each round, the first one of the dense network or of the ticket that was given (if the method
        trains it); each holds its ticket.

    Raises:
        UserError: an argument that is not allowed, a network or data that do not fit, or a training that diverged.

    Warns where layers keep nothing, and where much of the caller's network is in layers that are not pruned.
    """
    if isinstance(model, Result):
        check_ticket(model, "model")
    check_method(method, begun=isinstance(model, Ticket))
    seed, compute = seed_of(seed, model), compute_of(device, threads)
    if folder is not None and "{seed}" in str(folder):
        raise UserError(
            f"folder: '{{seed}}' in it would stand for a seed, found {printable(folder)}; name it otherwise"
        )
    check_amount(method, options)
    check_rewinding(options, begun=isinstance(model, Ticket))
    options = with_score(with_recipes(options))
    images = as_images(data)
    network = fitting(model, images) if isinstance(model, Ticket) else network_for(model, images, initialisation)
    trained_by = default_recipe(epochs=1) if recipe is None else checked_recipe(recipe)
    with _workspace(folder) as where:
        told: dict[str, Any] = {"method": method, **options}
        if isinstance(model, Ticket):
            told |= _from(method, _written(model, network, where / _PARENT, seed))
        with in_library(), _source(images) as source:
            plan = Plan(_study(network, images, source, trained_by, seed, told, where))
        check_score(network, told.get("score"), told.get("per_class"), told.get("unpruned", ()))
        rounds = plan.rounds(_TICKET)
        path = where / Paths(plan).dataset(images.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        images.save(path)
        results, facts = [], DataFacts.of(images)
        title = f"{method} on {images.name}, seed {seed}"
        with arithmetic(compute), shown_progress(title, len(rounds), verbose) as (line, done):
            for number in rounds:
                files = _files(plan, where, seed, number, path)
                run_round(plan.round_job(_TICKET, seed, number), files, compute, Job(f"round {number}", line))
                results.append(_result(files, seed, facts, plan.recipe(_TICKET, number)))
                done()
    _warn_of_empty_layers(results[-1].ticket)
    return results


def _warn_of_empty_layers(ticket: Ticket) -> None:
    if empty := [name for name, mask in ticket.masks.items() if not mask.any()]:
        words = f"{len(empty)} of {len(ticket.masks)} layers keep no weight ({listed(empty, 3)}): layer collapse"
        warnings.warn(words, stacklevel=4)  # of the caller, above `find_rounds` and `one_at_a_time`


def _written(ticket: Ticket, network: Network, path: Path, seed: int) -> dict[str, Any]:
    """Write the ticket that is pruned further as one of this study, and say how to start from it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"study": _STUDY, "ticket": _GIVEN, "seed": seed, "round": 1, "network": network.model_dump()}
    Ticket(ticket.masks, ticket.weights, {**ticket.provenance, **told}).save(path)
    return {"ticket": _GIVEN, "round": 1}


def _from(method: str, start: dict[str, Any]) -> dict[str, Any]:
    """The key of a study that says where a method begins: at weights (`base`), or at masks and weights (`start`)."""
    if method in METHODS and "base" in METHODS[method].options_model().model_fields:
        return {"base": {"ticket": start["ticket"], "weights": "initial"}}
    return {"start": start}


@contextmanager
def _source(images: Images) -> Iterator[str]:
    """The name of a source that stands for data in memory while the study is checked; no file says it."""
    name = f"in_memory:images-{next(_sources)}"
    _, channels, size, _ = images.splits["train"].images.shape
    entry = ImageSource(
        target="in_memory:images",
        about="images in memory",
        channels=channels,
        size=size,
        classes=max(2, len(images.classes)),
        train=len(images.splits["train"]) + len(images.splits["validation"]),
        test=len(images.splits["test"]),
    )
    IN_MEMORY_SOURCES[name] = entry
    try:
        yield name
    finally:
        del IN_MEMORY_SOURCES[name]


def _study(
    network: Network,
    images: Images,
    source: str,
    recipe: Recipe,
    seed: int,
    ticket: Mapping[str, Any],
    where: Path,
) -> Study:
    """A study of this one ticket, and of the one that it starts from."""
    common = {"network": "network", "recipe": "recipe", "dataset": images.name}
    tickets = {_TICKET: {**common, **ticket}}
    if {"start", "base"} & {*ticket}:
        tickets[_GIVEN] = {**common, "method": "given", "file": str(where / _PARENT)}
    recipes = {"recipe": recipe.model_dump(mode="json", exclude_none=True)}
    for key, value in ticket.items():
        if isinstance(value, Recipe):  # `retrain`, `transform`, ...
            recipes[key] = value.model_dump(mode="json", exclude_none=True)
            tickets[_TICKET][key] = key
    told = {
        "study": _STUDY,
        "seeds": [seed],
        "datasets": {images.name: {"source": source, "validation": len(images.splits["validation"])}},
        "networks": {"network": network.model_dump(mode="json", exclude_none=True)},
        "recipes": recipes,
        "tickets": tickets,
    }
    return read_study(told, [], tries=False)[0]


@contextmanager
def _workspace(folder: str | Path | None) -> Iterator[Path]:
    """The folder of the files, or one that is gone afterwards."""
    if folder is not None:
        yield expanded(folder)
        return
    with TemporaryDirectory(prefix="lth-") as temporary:
        yield Path(temporary)


def _files(plan: Plan, where: Path, seed: int, number: int, data: Path) -> RoundFiles:
    paths = Paths(plan)

    def of(name: str, round_: int = number) -> Path:
        return where / paths.round_file(name, _TICKET, seed, round_)

    of("ticket.safetensors").parent.mkdir(parents=True, exist_ok=True)
    parents = {}
    for ticket, parent in plan.parents(_TICKET, number):
        if ticket == _GIVEN:
            parents = {"parent": where / _PARENT}
        else:
            parents = {"parent": of("ticket.safetensors", parent), "parent_trained": of("trained.safetensors", parent)}
    tables = {name: of(f"{name}.csv") for name in ROUND_TABLES}
    return RoundFiles(
        data=data, ticket=of("ticket.safetensors"), trained=of("trained.safetensors"), **tables, **parents
    )


def _result(files: RoundFiles, seed: int, data: DataFacts, recipe: Recipe) -> Result:
    history = pd.read_csv(files.history)[[field.name for field in fields(Row)]]
    weights = dict(TrainedWeights.load(files.trained, files.ticket).last)
    ticket = Ticket.load(files.ticket)
    return Result(ticket=ticket, seed=seed, data=data, recipe=recipe, history=history, weights=weights)
