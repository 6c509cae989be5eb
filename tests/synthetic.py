"""A study's files without its training: histories, layers, costs, confusions and tickets from a seeded generator."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from lth.config.data import Network
from lth.config.study import Study
from lth.plan.plan import Arm, Plan
from lth.training.history import Row, write_history

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
EPOCHS = 6


def study(seeds: int = 3, **evaluation: Any) -> Study:
    """Two tickets, a cross ticket, and one evaluation of them; `evaluation` replaces its keys."""
    adam = {"optimiser": {"name": "adam", "learning_rate": 1e-3}, "batch_size": 60, "epochs": EPOCHS}
    ticket = {"network": "lenet", "recipe": "find", "rounds": 4, "rate": 0.4}
    return Study.model_validate(
        {
            "study": "example",
            "about": "Does a ticket pruned over two data sets transfer better?",
            "seeds": list(range(seeds)),
            "datasets": {
                name: {"source": source}
                for name, source in {"mnist": "mnist", "fashion": "fashion_mnist", "cifar": "cifar10"}.items()
            },
            "networks": {"lenet": {"architecture": "lenet5_classic"}},
            "recipes": {"find": adam},
            "tickets": {
                "mnist": {**ticket, "dataset": "mnist"},
                "fashion": {**ticket, "dataset": "fashion"},
                "cross": {**ticket, "dataset": "fashion", "rounds": 2, "start": {"ticket": "mnist", "round": 2}},
            },
            "evaluations": {
                "transfer": {
                    "dataset": "cifar",
                    "recipe": "find",
                    "tickets": ["mnist", "fashion", "cross"],
                    "density": 0.1296,
                    "matched_to": "cross",
                    "compare": [
                        ["cross-own", "mnist-own"],
                        ["cross-own", "fashion-own"],
                        ["cross-own", "cross-reinitialised"],
                        ["cross-own", "cross-shuffled"],
                        ["cross-own", "cross-random"],
                        ["cross-own", "dense"],
                    ],
                    **evaluation,
                }
            },
        }
    )


def one_arm(seeds: int = 3) -> Study:
    """A single ticket in its own initialisation, compared with nothing."""
    return study(seeds, tickets=["cross"], initialisations=["own"], controls=[], compare=[])


def methods(seeds: int = 3, **comparison: Any) -> Study:
    """Ten methods on one data set, and one comparison of them; `comparison` replaces its keys."""
    sgd = {"optimiser": {"name": "sgd", "learning_rate": 0.1}, "batch_size": 60}
    found = {"network": "lenet", "recipe": "find", "dataset": "mnist"}
    once = {**found, "densities": [0.1, 0.05, 0.02]}
    names = ["dense", "imp", "progressive", "snip", "synflow", "random_erk", "rigl", "dual", "imp_fresh"]
    return Study.model_validate(
        {
            "study": "methods",
            "about": "What accuracy does each method reach, and at what cost?",
            "seeds": list(range(seeds)),
            "datasets": {"mnist": {"source": "mnist"}},
            "networks": {"lenet": {"architecture": "lenet5_classic"}},
            "recipes": {"find": {**sgd, "iterations": STEPS, "evaluate_every": 100}, "moving": {**sgd, "epochs": 2}},
            "tickets": {
                "dense": {**found, "method": "dense"},
                "imp": {**found, "rounds": 12, "rate": 0.25},
                "progressive": {**once, "method": "progressive", "until_epoch": 1},
                "snip": {**once, "method": "at_init", "score": "snip", "scope": "global"},
                "synflow": {**once, "method": "at_init", "score": "synflow", "scope": "global"},
                "random_erk": {**once, "densities": [0.1], "method": "at_init", "score": "random", "scope": "erk"},
                "rigl": {**once, "densities": [0.1], "method": "dynamic", "scope": "erk"},
                "dual": {**once, "densities": [0.1], "method": "dual", "transform": "moving", "cycles": 3},
                "imp_fresh": {**found, "method": "derived", "of": "imp", "kind": "reinitialised"},
                "both": {**found, "method": "combined", "of": ["snip", "synflow"]},
            },
            "comparisons": {
                "at_tenth": {
                    "tickets": names,
                    "density": 0.1,
                    "compare": [["imp", "snip"], ["progressive", "imp"], ["rigl", "snip"], ["imp", "dense"]],
                    **comparison,
                }
            },
        }
    )


STEPS = 1100
"""Of the tickets of `methods`, scored every 100; two and a half epochs."""
EPOCH_STEPS = 440


@dataclass
class Files:
    """Paths of what the jobs of a study would have written."""

    folder: Path
    histories: list[Path] = field(default_factory=list)
    round_confusions: list[Path] = field(default_factory=list)
    layers: list[Path] = field(default_factory=list)
    costs: list[Path] = field(default_factory=list)
    measured: list[Path] = field(default_factory=list)
    arm_histories: list[Path] = field(default_factory=list)
    arm_measured: list[Path] = field(default_factory=list)
    confusions: list[Path] = field(default_factory=list)
    tickets: list[Path] = field(default_factory=list)
    arm_tickets: list[Path] = field(default_factory=list)

    def of_rounds(self) -> dict[str, list[Path]]:
        """What `write_study_tables` takes."""
        found = {name: getattr(self, name) for name in ("histories", "layers", "costs", "measured")}
        return {**found, "confusions": self.round_confusions, "evaluated": self.arm_measured}

    def of_arms(self) -> dict[str, list[Path]]:
        """What `write_evaluation_tables` takes."""
        found = {name: getattr(self, name) for name in ("confusions", "tickets", "arm_tickets")}
        return {**found, "histories": self.arm_histories}


def write_jobs(folder: Path, example: Study, *, means: Mapping[str, float] | None = None, noise: float = 0.6) -> Files:
    """Write all files that the tables of a study are made of; arms end near `means` percent, within `noise`."""
    plan, files = Plan(example), Files(folder)
    for seed in example.seeds:
        for ticket in example.tickets:
            for round_ in plan.rounds(ticket):
                _write_round(files, plan, ticket, seed, round_)
        for assessment in plan.assessments:
            for arm in plan.arms(assessment):
                _write_arm(files, plan, assessment, arm, seed, MEANS | (means or {}), noise)
    for assessment in plan.assessments:
        found = {arm.ticket: arm for arm in plan.evaluated_tickets(assessment)}
        written = {
            (n, seed): _write_ticket(folder, plan, arm, seed) for n, arm in found.items() for seed in example.seeds
        }
        files.tickets += written.values()
        if assessment in example.evaluations:  # arms of other masks have their ticket's here
            first = next(iter(found))
            names = [arm.ticket if arm.ticket in found else first for arm in plan.arms(assessment)]
            files.arm_tickets += [written[name, seed] for name in names for seed in example.seeds]
    return files


MEANS = {
    **{"mnist-own": 60.1, "fashion-own": 62.3, "cross-own": 64.0},
    **{"mnist-reinitialised": 57.0, "fashion-reinitialised": 59.5, "cross-reinitialised": 58.7},
    **{"mnist-shuffled": 54.0, "fashion-shuffled": 56.1, "cross-shuffled": 55.4},
    **{"cross-random": 53.5, "dense": 66.2},
}
WHEN_FOUND = {
    **{"dense": 98.4, "imp": 98.5, "progressive": 98.2, "snip": 97.6, "synflow": 97.1, "random_erk": 96.2},
    **{"rigl": 97.9, "dual": 97.3, "imp_fresh": 97.2, "both": 96.0},
}


def history(
    final: float, random: np.random.Generator, steps: int = 50 * EPOCHS, every: int = 50, epoch_steps: int = 50
) -> list[Row]:
    """A learning curve that approaches a final test accuracy; validation loss falls, then rises a little."""
    rows = []
    for step in [*range(0, steps, every), steps]:
        done = EPOCHS * step / steps
        accuracy = 10 + (final - 10) * (1 - np.exp(-0.9 * done)) + random.normal(0, 0.3) * (step > 0)
        for split, ahead in (("train", 0.5 * done), ("validation", 0.4), ("test", 0.0)):
            if split != "train" or step > 0:
                shown = min(100.0, accuracy + ahead)
                loss = 2.3 * (1 - (shown - 10) / 90) + 0.02 * max(0, done - 4)
                found = {"loss_nats": float(loss), "accuracy_percent": float(shown)}
                rows.append(Row(epoch=step / epoch_steps, step=step, kept=100, split=split, **found))
    return rows


def _write_round(files: Files, plan: Plan, ticket: str, seed: int, round_: int) -> None:
    folder = round_folder(files.folder, ticket, seed, round_)
    density = float(plan.density(ticket, round_))
    dataset = plan.dataset(ticket, round_)
    random = np.random.default_rng([seed, round_, *ticket.encode()])
    final = WHEN_FOUND.get(ticket, {"mnist": 98.4, "fashion": 89.0}[dataset]) - 0.02 * (1 / density) ** 1.2
    described = {"ticket": ticket, "seed": seed, "round": round_}
    steps = (STEPS, 100, EPOCH_STEPS) if "iterations" in plan.recipe(ticket, round_).model_fields_set else ()
    rows = history(final + random.normal(0, 0.15), random, *steps)
    falls = plan.study.tickets[ticket].method == "progressive"  # within its first epoch
    shares = [1 - (1 - density) * min(1.0, row.epoch) if falls else density for row in rows]
    rows = [replace(row, kept=round(share * sum(LAYERS.values()))) for row, share in zip(rows, shares, strict=True)]
    of_history = {**described, "dataset": dataset, "density_percent": 100 * density}
    write_history(folder / "history.csv", [(of_history, rows)])
    write_csv(folder / "confusion.csv", _confusion(described, final / 100, random))
    counts = [(layer, _kept(ticket, total, density, at), total) for at, (layer, total) in enumerate(LAYERS.items())]
    write_csv(
        folder / "layers.csv",
        [
            {**described, "layer": layer, "kept": kept, "total": total, "outputs": OUTPUTS[layer]}
            for layer, kept, total in counts
        ],
    )
    _write_cost(folder, described, plan.study.tickets[ticket].method, density)
    files.histories.append(folder / "history.csv")
    files.round_confusions.append(folder / "confusion.csv")
    files.layers.append(folder / "layers.csv")
    files.costs.append(folder / "cost.csv")
    files.measured.append(folder / "measured.csv")


def round_folder(folder: Path, ticket: str, seed: int, round_: int) -> Path:
    """Where the files of a ticket's round lie."""
    return folder / "tickets" / ticket / f"seed{seed}" / f"round{round_:02d}"


def _kept(ticket: str, total: int, density: float, at: int) -> int:
    """Deeper layers are pruned more; snip loses its last but one at its lowest density."""
    if ticket == "snip" and density < 0.03 and at == 3:
        return 0
    return max(1, int(total * density ** (1 + 0.1 * at)))


def _write_cost(folder: Path, described: dict[str, Any], method: str, density: float) -> None:
    """Two and a half epochs of 55,000 images; scoring and transforming before them, where a method does so."""
    before = {"at_init": {"score": 1000}, "dual": {f"transform {cycle}": 110_000 for cycle in (1, 2, 3)}}
    rows = [
        {
            **described,
            **{"phase": phase, "epochs": images / 55_000, "forward_images": images, "backward_images": images},
            "flops": int(6 * images * 300_000 * (density if phase == "train" else 1)),
        }
        for phase, images in {**before.get(method, {}), "train": 137_500}.items()
    ]
    write_csv(folder / "cost.csv", rows)
    write_csv(folder / "measured.csv", [{**described, "seconds": 12.5, "joules": "", "device": "cpu"}])


LAYERS = {"conv1.weight": 150, "conv2.weight": 2400, "fc1.weight": 48000, "fc2.weight": 10080, "fc3.weight": 840}
OUTPUTS = {"conv1.weight": 6, "conv2.weight": 16, "fc1.weight": 120, "fc2.weight": 84, "fc3.weight": 10}


def _write_arm(
    files: Files, plan: Plan, assessment: str, arm: Arm, seed: int, means: Mapping[str, float], noise: float
) -> None:
    """Of an evaluation its training; of a comparison what its round would have written besides."""
    random = np.random.default_rng([seed, *arm.name.encode()])
    if arm.trained_when_found:
        folder = round_folder(files.folder, arm.ticket, seed, arm.round)
        named: dict[str, Any] = {"ticket": arm.ticket, "seed": seed, "round": arm.round}
        final = WHEN_FOUND[arm.name]
    else:
        folder = files.folder / "evaluations" / assessment / arm.name / f"seed{seed}"
        named = {"evaluation": assessment, "arm": arm.name, "seed": seed}
        final = means[arm.name] + noise * float(np.random.default_rng(seed).normal()) + 0.4 * noise * random.normal()
        described = {
            **{"evaluation": assessment, "arm": arm.name, "ticket": arm.ticket, "kind": arm.kind, "dataset": "cifar"},
            **{"seed": seed, "round": arm.round, "density_percent": 100 * float(plan.density(arm.ticket, arm.round))},
        }
        write_history(folder / "history.csv", [(described, history(final, random))])
        if plan.study.energy:
            write_csv(folder / "measured.csv", [{**named, "seconds": 30.0, "joules": 1.8e6, "device": "cpu"}])
            files.arm_measured.append(folder / "measured.csv")
    write_csv(folder / "confusion.csv", _confusion(named, final / 100, random))
    files.arm_histories.append(folder / "history.csv")
    files.confusions.append(folder / "confusion.csv")


def _confusion(named: dict[str, Any], accuracy: float, random: np.random.Generator) -> list[dict[str, Any]]:
    rows = []
    for true, name in enumerate(CLASSES):
        right = np.clip(accuracy + 0.02 * (true - 4.5), 0, 1)
        wrong = random.dirichlet(np.full(9, 0.5)) * (1 - right)
        counts = random.multinomial(100, np.insert(wrong, true, right))
        rows += [
            {**named, "true": name, "predicted": other, "count": count}
            for other, count in zip(CLASSES, counts, strict=True)
        ]
    return rows


def _write_ticket(folder: Path, plan: Plan, arm: Arm, seed: int) -> Path:
    """Of the right density; layers alike, or deeper ones sparser where all weights were ranked together."""
    import torch

    from lth.artifacts.tickets import Ticket
    from lth.pruning import masks
    from lth.pruning.schedules import kept_count
    from lth.seeds import generator

    density = plan.density(arm.ticket, arm.round)
    ranked = getattr(plan.study.tickets[arm.ticket], "scope", None) == "global"
    dense = Ticket.dense(Network(architecture="lenet5_classic"), seed)
    counts = [
        _kept(arm.ticket, mask.numel(), float(density), at) if ranked else kept_count(mask.numel(), density)
        for at, mask in enumerate(dense.masks.values())
    ]
    front = {
        name: (torch.arange(mask.numel()) < kept).view_as(mask)
        for kept, (name, mask) in zip(counts, dense.masks.items(), strict=True)
    }
    named = {"ticket": arm.ticket, "round": arm.round, "seed": seed}
    found = dense.derive(masks.random_like(front, generator(seed, arm.ticket)), dense.weights, **named)
    path = round_folder(folder, arm.ticket, seed, arm.round) / "ticket.safetensors"
    found.save(path)
    return path


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    """Rows of equal keys as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_tables(folder: Path, example: Study, files: Files) -> dict[str, Path]:
    """All tables of a study with one assessment, keyed as the report keys them: `rounds`, `transfer/arms`, ..."""
    from lth.analysis import tables

    (assessment,) = Plan(example).assessments
    of_study = {name: folder / "tables" / f"{name}.csv" for name in tables.study_tables(example)}
    names = tables.evaluation_tables(example)
    of_arms = {name: folder / "tables" / assessment / f"{name}.csv" for name in names}
    of_arms["verdict"] = folder / "tables" / assessment / "verdict.txt"
    tables.write_study_tables(example, **files.of_rounds(), out=of_study)
    spent = (
        {"costs": files.costs, "measured": files.measured} if example.comparisons else {"measured": files.arm_measured}
    )
    tables.write_evaluation_tables(example, assessment, **files.of_arms(), **spent, out=of_arms)
    return {**of_study, **{f"{assessment}/{name}": path for name, path in of_arms.items()}}
