"""Attacks in classes, several side by side; each is drawn from the seed, its class and its number alone."""

import multiprocessing
import os
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from traceback import format_exc

import edits
import flips
import hostile
import kills
from arena import Arena
from tiny import Project
from verdicts import Attack

CLASSES: dict[str, Callable[[int, random.Random, Arena], Attack]] = {
    "kills": lambda number, chance, arena: kills.attack(number, chance, arena.killed, arena.folder / f"trial{number}"),
    "flips": flips.attack,
    "edits": edits.attack,
    "hostile": hostile.attack,
}
FULL = {"kills": 200, "flips": 500, "edits": 200, "hostile": len([*hostile.hostile()])}
"""How many of each class the long form makes; of hostile files all, which are more than a hundred."""
SHORT = {"kills": 1, "flips": 6, "edits": 5, "hostile": 10}
"""And the short form, in CI."""
EXPECTED = {"kills": 6}
"""How many one attack is taken for until it has ended and says so."""
LIBRARIES = (
    "torch",
    "pandas",
    "scipy.stats",
    "matplotlib",
    "jinja2",
    "pydantic",
    "safetensors",
    "torchvision.datasets",
)
"""What is imported once, so that no call is charged with it."""
_arenas: list[Arena] = []


@dataclass(frozen=True)
class Studies:
    """Finished studies that are only read."""

    finished: Path
    killed: Path


def make(counts: dict[str, int], seed: int, studies: Studies, folder: Path, cores: int) -> Iterator[Attack]:
    """Make so many attacks of each class; they come as they end."""
    with _workers(studies, folder, cores) as pool:
        waiting: dict[Future[Attack], str] = {}
        left, drawn = dict(counts), dict.fromkeys(counts, 0)
        while waiting or any(count > 0 for count in left.values()):
            for group in [group for group, count in left.items() if count > 0]:
                while left[group] > 0 and len(waiting) < 2 * cores:
                    waiting[pool.submit(one, group, drawn[group], seed)] = group
                    drawn[group] += 1
                    left[group] -= EXPECTED.get(group, 1)
            for done in wait(waiting, return_when=FIRST_COMPLETED).done:
                group, attack = waiting.pop(done), done.result()
                left[group] += EXPECTED.get(group, 1) - attack.tried
                yield attack


def only(names: Iterable[str], seed: int, studies: Studies, folder: Path) -> Iterator[Attack]:
    """Make single attacks, such as `flips:17`."""
    with _workers(studies, folder, 1) as pool:
        for name in names:
            group, _, number = name.partition(":")
            yield pool.submit(one, group, int(number), seed).result()


def one(group: str, number: int, seed: int) -> Attack:
    """Make one attack, in a worker."""
    arena, chance = _arenas[0], random.Random(f"{seed} {group} {number}")
    try:
        return CLASSES[group](number, chance, arena)
    except Exception:  # a fault of the attack's own is shown as one, and the others go on
        return Attack(f"{group}:{number}", "the attack itself failed", {"traceback": format_exc()})


def _workers(studies: Studies, folder: Path, cores: int) -> ProcessPoolExecutor:
    for name in LIBRARIES:
        import_module(name)
    context = multiprocessing.get_context("fork")
    return ProcessPoolExecutor(cores, context, initializer=_begin, initargs=(studies, folder))


def _begin(studies: Studies, folder: Path) -> None:
    import torch

    torch.set_num_threads(1)
    place = folder / f"worker{os.getpid()}"
    place.mkdir()
    _arenas.append(Arena(Project(studies.finished), Project(studies.killed), place))


def finished(studies: Studies, texts: tuple[str, str]) -> None:
    """Run both studies undisturbed, side by side, where they have not been run."""
    begun = [
        (path, Project.new(path, text), time.monotonic())
        for path, text in zip((studies.finished, studies.killed), texts, strict=True)
        if not path.exists()
    ]
    for path, project, _ in begun:
        outcome = project.run()
        if outcome.status:
            shutil.rmtree(path)
            sys.exit(outcome.text)
