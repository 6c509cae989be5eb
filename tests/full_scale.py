"""The full-scale studies, shortened until any machine can start them: a tenth of the data, one epoch, two rounds.

`LTH_DATA=folder python -m tests.full_scale [STUDY ...]` runs, in copies of the project, the first two rounds of every
ticket of each study file, with all else as the file has it: the networks, methods and augmentation that no test of the
suite can afford. It needs the real data. With `--folder` the copies stay, and what was stopped goes on in them.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import yaml
from snakemake.utils import update_config

sys.path.insert(0, str(Path(__file__).parent / "workflow"))
from tiny import ROOT, Project, environment

from lth.checks.read import load_study
from lth.config.study import Study
from lth.config.tickets import TicketSpec
from lth.config.training import Recipe
from lth.plan.plan import Plan

STUDIES = ("cross-dataset", "lenet300", "conv", "vgg", "progressive", "progressive-cifar", "stability", "dual")
TENTH = {"mnist": (5500, 500, 1000), "fashion_mnist": (5500, 500, 1000), "cifar10": (4500, 500, 1000)}
"""Images by source: training, validation, test."""
ITERATIONS = 60
"""Steps of a training that is told in steps."""


def shortened(name: str) -> dict[str, Any]:
    """A study file of the project, as it is run here."""
    file = file_of(name)
    whole: dict[str, Any] = yaml.safe_load(file.read_text())
    update_config(whole, shortening(load_study(file)))
    return whole


def file_of(name: str) -> Path:
    """The study file of that name; the cross-dataset study is the project's first."""
    return ROOT / "config.yaml" if name == "cross-dataset" else ROOT / "config" / f"{name}.yaml"


def shortening(study: Study) -> dict[str, Any]:
    """What to lay over a study."""
    sizes = ("train", "validation", "test")
    twice = {t.recipe for t in study.tickets.values() if t.method == "progressive"}  # an epoch to prune after another
    return {
        "seeds": [study.seeds[0]],
        "datasets": {name: dict(zip(sizes, TENTH[spec.source], strict=True)) for name, spec in study.datasets.items()},
        "recipes": {name: _short_recipe(recipe, 1) for name, recipe in study.recipes.items()}
        | {f"{n}_twice": study.recipes[n].model_dump() | _short_recipe(study.recipes[n], 2) for n in twice},
        "tickets": {name: _short_ticket(ticket) for name, ticket in study.tickets.items()},
    }


def _short_recipe(recipe: Recipe, epochs: int) -> dict[str, Any]:
    """An epoch or two, or a few steps; what happens at an epoch happens as far into the training as before."""
    if recipe.iterations:
        short: dict[str, Any] = {"iterations": ITERATIONS, "evaluate_every": ITERATIONS // 2}
        share = 10 * ITERATIONS / recipe.iterations  # of a tenth of the images, an epoch has a tenth of the steps
    else:
        assert recipe.epochs is not None
        short, share = {"epochs": epochs, "evaluate_every": 30}, epochs / recipe.epochs
    schedule = {
        "milestones": [share * epoch for epoch in recipe.schedule.milestones],
        "warmup_epochs": share * recipe.schedule.warmup_epochs,
    }
    return {**short, "schedule": {key: value for key, value in schedule.items() if value}}


def _short_ticket(ticket: TicketSpec) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if ticket.method == "progressive":
        found |= {"from_epoch": 0, "until_epoch": 1, "recipe": f"{ticket.recipe}_twice"}
    if ticket.method == "dynamic":
        found["update_interval"] = 10
    if getattr(ticket, "every", 1) > 1:
        found["every"] = 1  # or the rounds up to there would be run as well
    if ticket.options.early_step:
        found["rewind_step"] = 5
    if ticket.method == "dual" and ticket.options.remove != "start":  # which has no penalty
        found["penalty"] = {"rise": 0.1, "every": 2}
    return found


def run(name: str, data: str, folder: Path) -> None:
    """Run the first two rounds of every ticket of a study, and print what each came to."""
    place = folder / name
    project = Project(place) if place.is_dir() else Project.new(place, yaml.safe_dump(shortened(name), sort_keys=False))
    study = load_study(project.study)
    plan, results = Plan(study), Path("results") / study.study
    places = [(ticket, round_) for ticket in study.tickets for round_ in plan.rounds(ticket)[:2] if round_ < 2]
    wanted = [f"{results}/tickets/{t}/seed{study.seeds[0]}/round{r:02d}/history.csv" for t, r in places]
    started = time.perf_counter()
    command = {"cwd": project.folder, "env": environment(LTH_DATA=data), "text": True}
    with subprocess.Popen(project.command(*wanted), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **command) as run:
        said = [_shown(line) for line in run.stdout]
    if run.returncode:
        sys.exit(f"{name}: failed\n{''.join(said)}")
    for path in wanted:
        assert (project.folder / path).is_file(), path
    seconds = time.perf_counter() - started
    print(f"{name}: {len(wanted)} rounds of {len(study.tickets)} tickets, {seconds:.0f} s", flush=True)


def _shown(line: str) -> str:
    """Print what a round came to, at once."""
    if line.startswith("ticket "):
        print(f"  {line}", end="", flush=True)
    return line


def main() -> None:
    """Run the studies that are named, or all."""
    parser = argparse.ArgumentParser(
        description="The first two rounds of the full-scale studies, at a tenth of the data."
    )
    parser.add_argument("studies", nargs="*", default=STUDIES, metavar="STUDY", help=", ".join(STUDIES))
    parser.add_argument("--folder", type=Path, help="where the copies of the project are and stay; made if need be")
    arguments = parser.parse_args()
    chosen = arguments.studies
    if unknown := set(chosen) - set(STUDIES):
        parser.error(f"no such study: {', '.join(sorted(unknown))}; there are {', '.join(STUDIES)}")
    if "LTH_DATA" not in os.environ:
        parser.error("LTH_DATA is not set: say where the real data sets are")
    with nullcontext(arguments.folder.resolve()) if arguments.folder else tempfile.TemporaryDirectory() as folder:
        for name in chosen:
            run(name, os.environ["LTH_DATA"], Path(folder))


if __name__ == "__main__":
    main()
