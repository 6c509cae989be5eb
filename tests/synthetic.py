"""A study's files without its training: histories, layer counts, confusions and tickets from a seeded generator."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lth.config.models import Network, Study
from lth.config.plan import Arm, Plan
from lth.history import Row, write_history

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
EPOCHS = 6


def study(seeds: int = 3, **evaluation: Any) -> Study:
    """Two tickets, a cross ticket, and one evaluation of them; `evaluation` replaces its keys."""
    adam = {"optimiser": {"name": "adam", "learning_rate": 1e-3}, "batch": 60, "epochs": EPOCHS}
    ticket = {"network": "lenet", "recipe": "find", "rounds": 4, "rate": 0.4}
    return Study.model_validate(
        {
            "study": "example",
            "about": "Does a ticket pruned over two data sets transfer better?",
            "seeds": list(range(seeds)),
            "datasets": {name: {"source": name} for name in ("mnist", "fashion", "cifar")},
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
                        ["cross-own", "cross-fresh"],
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


@dataclass
class Files:
    """Paths of what the jobs of a study would have written."""

    folder: Path
    histories: list[Path] = field(default_factory=list)
    layers: list[Path] = field(default_factory=list)
    arm_histories: list[Path] = field(default_factory=list)
    confusions: list[Path] = field(default_factory=list)
    tickets: list[Path] = field(default_factory=list)


def write_jobs(folder: Path, example: Study, *, means: Mapping[str, float] | None = None, noise: float = 0.6) -> Files:
    """Write all files that the tables of a study are made of; arms end near `means` percent, within `noise`."""
    plan, files = Plan(example), Files(folder)
    for seed in example.seeds:
        for ticket in example.tickets:
            for round_ in plan.rounds(ticket):
                _write_round(files, plan, ticket, seed, round_)
        for arm in plan.arms("transfer"):
            _write_arm(files, plan, arm, seed, MEANS | (means or {}), noise)
        for ticket in example.evaluations["transfer"].tickets:
            files.tickets.append(_write_ticket(folder, plan, ticket, seed))
    return files


MEANS = {
    **{"mnist-own": 60.1, "fashion-own": 62.3, "cross-own": 64.0, "mnist-fresh": 57.0, "fashion-fresh": 59.5},
    **{"cross-fresh": 58.7, "mnist-shuffled": 54.0, "fashion-shuffled": 56.1, "cross-shuffled": 55.4},
    **{"cross-random": 53.5, "dense": 66.2},
}


def history(final: float, random: np.random.Generator, epochs: int = EPOCHS) -> list[Row]:
    """A learning curve that approaches a final test accuracy; validation loss falls, then rises a little."""
    rows = []
    for epoch in range(epochs + 1):
        accuracy = 10 + (final - 10) * (1 - np.exp(-0.9 * epoch)) + random.normal(0, 0.3) * (epoch > 0)
        for split, ahead in (("train", 0.5 * epoch), ("validation", 0.4), ("test", 0.0)):
            if split != "train" or epoch > 0:
                loss = 2.3 * (1 - (accuracy + ahead - 10) / 90) + 0.02 * max(0, epoch - 4)
                rows.append(
                    Row(
                        epoch=epoch,
                        step=50 * epoch,
                        split=split,
                        loss_nats=float(loss),
                        accuracy_percent=float(accuracy + ahead),
                    )
                )
    return rows


def _write_round(files: Files, plan: Plan, ticket: str, seed: int, round_: int) -> None:
    folder = files.folder / "tickets" / ticket / f"seed{seed}" / f"round{round_:02d}"
    density = float(plan.density(ticket, round_))
    dataset = plan.dataset(ticket, round_)
    random = np.random.default_rng([seed, round_, *ticket.encode()])
    final = {"mnist": 98.4, "fashion": 89.0}[dataset] - 0.3 * round_**1.5 + random.normal(0, 0.3)
    described = {"ticket": ticket, "dataset": dataset, "seed": seed, "round": round_, "density_percent": 100 * density}
    write_history(folder / "history.csv", described, history(final, random))
    rows = [
        {
            "ticket": ticket,
            "seed": seed,
            "round": round_,
            "layer": layer,
            "kept": int(total * density ** (1 + 0.1 * at)),
            "total": total,
        }
        for at, (layer, total) in enumerate(LAYERS.items())
    ]
    write_csv(folder / "layers.csv", rows)
    files.histories.append(folder / "history.csv")
    files.layers.append(folder / "layers.csv")


LAYERS = {"conv1.weight": 150, "conv2.weight": 2400, "fc1.weight": 48000, "fc2.weight": 10080, "fc3.weight": 840}


def _write_arm(files: Files, plan: Plan, arm: Arm, seed: int, means: Mapping[str, float], noise: float) -> None:
    folder = files.folder / "evaluations" / "transfer" / arm.name / f"seed{seed}"
    random = np.random.default_rng([seed, *arm.name.encode()])
    final = means[arm.name] + noise * float(np.random.default_rng(seed).normal()) + 0.4 * noise * random.normal()
    described = {
        **{"evaluation": "transfer", "arm": arm.name, "ticket": arm.ticket, "kind": arm.kind, "dataset": "cifar"},
        **{"seed": seed, "round": arm.round, "density_percent": 100 * float(plan.density(arm.ticket, arm.round))},
    }
    write_history(folder / "history.csv", described, history(final, random))
    write_csv(folder / "confusion.csv", _confusion(arm, seed, final / 100, random))
    files.arm_histories.append(folder / "history.csv")
    files.confusions.append(folder / "confusion.csv")


def _confusion(arm: Arm, seed: int, accuracy: float, random: np.random.Generator) -> list[dict[str, Any]]:
    rows = []
    for true, name in enumerate(CLASSES):
        right = np.clip(accuracy + 0.02 * (true - 4.5), 0, 1)
        wrong = random.dirichlet(np.full(9, 0.5)) * (1 - right)
        counts = random.multinomial(100, np.insert(wrong, true, right))
        rows += [
            {"evaluation": "transfer", "arm": arm.name, "seed": seed, "true": name, "predicted": other, "count": count}
            for other, count in zip(CLASSES, counts, strict=True)
        ]
    return rows


def _write_ticket(folder: Path, plan: Plan, ticket: str, seed: int) -> Path:
    import torch

    from lth import masks
    from lth.schedules import kept_count
    from lth.seeds import generator
    from lth.tickets import Ticket

    round_ = plan.nearest_round(ticket, 0.1296)
    dense = Ticket.dense(Network(architecture="lenet5_classic"), seed)
    front = {
        name: (torch.arange(mask.numel()) < kept_count(mask.numel(), plan.density(ticket, round_))).view_as(mask)
        for name, mask in dense.masks.items()
    }
    found = dense.derive(masks.random_like(front, generator(seed, ticket)), dense.weights, ticket=ticket, round=round_)
    path = folder / "tickets" / ticket / f"seed{seed}" / f"round{round_:02d}" / "ticket.safetensors"
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
    """All tables of the study, keyed as the report keys them: `rounds`, `transfer/arms`, ..."""
    from lth import tables

    of_study = {name: folder / "tables" / f"{name}.csv" for name in tables.STUDY_TABLES}
    of_arms = {name: folder / "tables" / "transfer" / f"{name}.csv" for name in tables.EVALUATION_TABLES}
    of_arms["verdict"] = folder / "tables" / "transfer" / "verdict.txt"
    tables.write_study_tables(example, files.histories, files.layers, of_study)
    tables.write_evaluation_tables(
        example,
        "transfer",
        histories=files.arm_histories,
        confusions=files.confusions,
        tickets=files.tickets,
        out=of_arms,
    )
    return {**of_study, **{f"transfer/{name}": path for name, path in of_arms.items()}}
