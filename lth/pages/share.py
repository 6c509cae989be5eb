"""`lth share`: pack the tickets of a finished study as a folder to be passed on, or pushed to the Hugging Face Hub.

The folder has the tickets (masks and initial weights), the study file, a model card, and `manifest.json`: a sealed list
of the files with their checksums, which also says what each ticket is and how well it does. `lth verify` checks it.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from lth.artifacts.records import MANIFEST, csv_rows, json_text, seal, unseal_rows
from lth.catalog.source import UNSTATED
from lth.config.study import Study
from lth.errors import UserError
from lth.export.card import front_matter
from lth.files import check_new, checksum, whole_folder, write_text
from lth.pages.data import SETTINGS_FILE
from lth.pages.pack import check_seeds, complete_seeds, finished_study, verify_finished
from lth.plan.data_used import data_used
from lth.plan.inputs import all_rounds
from lth.plan.paths import Paths
from lth.plan.plan import Plan
from lth.printable import printable
from lth.verification.listing import artifacts_checksum, settings
from lth.verification.shared import SHARED_STUDY

_Rows = Mapping[tuple[str, str], Mapping[str, str]]
"""Rows of the table of rounds, by ticket and round."""


def share(
    results: Path,
    to: Path,
    densities: Sequence[float] = (),
    *,
    tickets: Sequence[str] = (),
    study: Study | None = None,
) -> Iterator[str]:
    """Pack tickets; lines that say what was packed.

    Args:
        results: `results/<study>`; what is packed of it is verified first.
        to: a new folder, made whole or not at all.
        densities: shares of weights kept, from 0 to 1: of each ticket the rounds nearest to them are packed. Without
            any, all pruned rounds.
        tickets: the names of those to pack; all, if none are given.
        study: of results that are not finished: the seeds are packed for which these tickets are complete.

    Raises:
        UserError: there is no such ticket or density, no seed is complete, something was altered, or the folder exists.
    """
    check_new(to)
    if wrong := [density for density in densities if not 0 < density <= 1]:
        raise UserError(f"--density: must be above 0 and at most 1, found {wrong[0]:g}")
    study, accuracies = _results_of(results, tickets, study)
    plan = Plan(study, results)
    entries = [
        _entry(plan, results, ticket, seed, round_, accuracies)
        for ticket in dict.fromkeys(tickets or study.tickets)
        for round_ in _rounds(plan, ticket, densities)
        for seed in study.seeds
    ]
    if not entries:
        raise UserError(f"{results}: the study has no pruned round to share")
    tell_apart(entries)
    with whole_folder(to) as partial:
        for entry in entries:
            target = partial / entry["file"]
            target.parent.mkdir(parents=True)
            shutil.copyfile(results / entry["file"], target)
        text = yaml.safe_dump(settings(study), sort_keys=False, allow_unicode=True, width=110)
        write_text(partial / SETTINGS_FILE, text)
        write_text(partial / "README.md", "\n".join(_card(study, entries)) + "\n")
        names = [*(entry["file"] for entry in entries), SETTINGS_FILE, "README.md"]
        files = {name: checksum(partial / name) for name in names}
        whole = artifacts_checksum(settings(study), files)
        write_text(
            partial / MANIFEST,
            json_text(seal({SHARED_STUDY: study.study, "tickets": entries, "files": files, "artifacts": whole})),
        )
        size = sum(file.stat().st_size for file in partial.rglob("*") if file.is_file())
    yield f"{printable(to)}: {len(entries)} tickets of study {study.study}, {size / 1e6:.2f} MB"
    yield from (f"  {name}" for name in dict.fromkeys(entry["name"] for entry in entries))


def tell_apart(entries: Sequence[dict[str, Any]]) -> None:
    """Rounds of a ticket whose densities look the same have the round in their names."""
    rounds: dict[str, set[int]] = {}
    for entry in entries:
        rounds.setdefault(entry["name"], set()).add(entry["round"])
    for entry in entries:
        if len(rounds[name := entry["name"]]) > 1:
            entry["name"] = f"{name}-round{entry['round']:02}"


def _rounds(plan: Plan, ticket: str, densities: Iterable[float]) -> list[int]:
    pruned = [round_ for round_ in plan.rounds(ticket) if plan.density(ticket, round_) < 1]
    if not pruned or not (wanted := [*densities]):
        return pruned
    nearest = {min(pruned, key=lambda r: abs(float(plan.density(ticket, r)) - density)) for density in wanted}
    return sorted(nearest)


def _results_of(results: Path, tickets: Sequence[str], study: Study | None) -> tuple[Study, _Rows]:
    """The study, verified so far as it is packed, and the accuracies of its rounds by ticket and round."""
    finished = finished_study(results)
    known = study or finished
    if known is None:
        words = f"has no {MANIFEST}, so the study is not finished; run it to its end first, or name its file (--study"
        raise UserError(f"{results}: {words} FILE) to share the seeds that are complete")
    for name in tickets:
        if name not in known.tickets:
            there = ", ".join(known.tickets)
            raise UserError(f"--ticket: there is no ticket '{printable(name)}'; the study has {there}")
    if study is None:
        verify_finished(results)
        return known, _finished_accuracies(results)
    whole, _ = complete_seeds(results, _only(study, tickets or [*study.tickets]))
    check_seeds(results, whole)
    return whole, _accuracies_of(results, whole)


def _only(study: Study, tickets: Iterable[str]) -> Study:
    """The study with these tickets, those that they are made from, and nothing that is made of them."""
    needed, left = dict.fromkeys(tickets), [*tickets]
    while left:
        more = [name for name in study.tickets[left.pop()].made_from() if name not in needed]
        needed |= dict.fromkeys(more)
        left += more
    chosen = {name: ticket for name, ticket in study.tickets.items() if name in needed}
    return study.model_copy(update={"tickets": chosen, "evaluations": {}, "comparisons": {}, "noise": None})


def _finished_accuracies(results: Path) -> _Rows:
    """The rows of the table of rounds."""
    header, *rows = unseal_rows(csv_rows((results / "tables/rounds.csv").read_text(encoding="utf-8")))
    told = [dict(zip(header, row, strict=True)) for row in rows]
    return {(row["ticket"], row["round"]): row for row in told}


def _accuracies_of(results: Path, study: Study) -> _Rows:
    """The same rows of a study that is not finished, from the histories of its seeds."""
    from lth.analysis.tables.arms import round_summary
    from lth.analysis.tables.files import collect
    from lth.analysis.tables.runs import ROUND_RUN, runs

    plan = Plan(study, results)
    histories = (results / Path(file).relative_to(plan.results) for file in all_rounds(Paths(plan), "history.csv"))
    rows = round_summary(runs(collect(histories), ROUND_RUN), study.alpha).to_dict("records")
    shown = [{str(key): _shown(value) for key, value in row.items()} for row in rows]
    return {(row["ticket"], row["round"]): row for row in shown}


def _shown(value: Any) -> str:
    """A cell as tables have it: six significant digits, nothing for NaN."""
    if isinstance(value, float):
        return "" if value != value else f"{value:.6g}"  # noqa: PLR0124, NaN alone differs from itself
    return str(value)


def _entry(
    plan: Plan,
    results: Path,
    ticket: str,
    seed: int,
    round_: int,
    accuracies: _Rows,
) -> dict[str, Any]:
    """What the manifest says of a ticket."""
    path = results / Path(Paths(plan).round_file("ticket.safetensors", ticket, seed, round_)).relative_to(plan.results)
    row = accuracies[ticket, str(round_)]
    network = plan.network(ticket)
    data = [
        {"dataset": used.dataset, "source": used.source, "licence": used.licence or UNSTATED}
        for used in data_used(plan, ticket, round_)
    ]
    percent = float(row["density_percent"])
    return {
        "name": f"{plan.study.study}-{ticket}-{percent:.3g}",
        "file": path.relative_to(results).as_posix(),
        "ticket": ticket,
        "method": plan.study.tickets[ticket].method,
        "seed": seed,
        "round": round_,
        "architecture": network.architecture,
        "classes": network.classes,
        **data[-1],
        "data": data,
        "density_percent": percent,
        "n": int(row["n"]),
        **{key: _number(row[key]) for key in ("accuracy_percent", "accuracy_low_percent", "accuracy_high_percent")},
    }


def _number(cell: str) -> float | None:
    return float(cell) if cell else None


def _card(study: Study, tickets: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The model card: what the tickets are, how well they do, how they are used, and whose the data are."""
    licences = {data["source"]: data["licence"] for entry in tickets for data in entry["data"]}
    yield from (*front_matter(licences), "", f"# Lottery tickets of study `{study.study}`", "")
    yield from ([study.about, ""] if study.about else [])
    yield "Each file holds a mask and the initial weights that the ticket was found from. Test accuracy is that of the"
    yield "ticket's own training on its data set, at the epoch of least validation loss: mean over n seeds, with the"
    yield f"{100 * (1 - study.alpha):g} % interval."
    if any(len(entry["data"]) > 1 for entry in tickets):
        yield "Where several data sets are named, it is that on the last one; the others were used to find the ticket."
    yield from ("", "| name | method | network | data set | density | accuracy | n |", "|---|---|---|---|--:|--:|--:|")
    for entry in {entry["name"]: entry for entry in tickets}.values():
        low, high = entry["accuracy_low_percent"], entry["accuracy_high_percent"]
        interval = f" ({low:.2f} to {high:.2f})" if low is not None and high is not None else ""
        accuracy = f"{entry['accuracy_percent']:.2f} %{interval}"
        datasets = ", ".join(data["dataset"] for data in entry["data"])
        words = (entry["name"], entry["method"], entry["architecture"], datasets)
        yield f"| {' | '.join(words)} | {entry['density_percent']:.3g} % | {accuracy} | {entry['n']} |"
    name = tickets[0]["name"]
    yield from ("", "## Use", "", "```python", "import lth", "")
    yield "# the variable LTH_ZOO names this folder, or its URL; zoo:NAME@SEED is the ticket of that seed"
    yield f'ticket = lth.load("zoo:{name}")'
    yield from (f'ticket = lth.load("{tickets[0]["file"]}")', "network = ticket.module()", "```", "")
    yield from ("`lth verify FOLDER` checks that nothing was altered or lost.", "", "## Data and licence", "")
    yield from (f"- `{source}`: {licence}" for source, licence in licences.items())
    yield "- Licence of the weights: to be named by whoever publishes them."
