"""What the finished tiny study holds, file by file; and that another run, more jobs at once, gives the same bytes."""

import json
import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from tiny import ARMS, MEASURED, RESULTS, ROUNDS, SAME, Project, checksum, once, summaries
from torch import Tensor

from lth.analysis.figures.captions import captions
from lth.analysis.tables import EVALUATION_TABLES, STUDY_TABLES
from lth.artifacts.tensors import read_tensors
from lth.artifacts.tickets import Ticket
from lth.artifacts.trained_weights import TrainedWeights
from lth.checks.read import load_study
from lth.cli.program import main
from lth.config.study import Study
from lth.networks.build import initial_weights
from lth.plan.plan import Plan
from lth.pruning.schedules import kept_count

pytestmark = pytest.mark.workflow

SEEDS = (0, 1)
EVALUATED_AGAIN = "evaluations/transfer/cross-random/seed0"
AGAIN = ("data", "tables", "figures", "tickets/letters/seed0", EVALUATED_AGAIN)
FORMATS = ("\nseeds:", "\nfigures: {formats: [svg, pdf, png]}\nseeds:")
CONTROLS = ("digits-reinitialised", "cross-reinitialised", "digits-shuffled", "cross-shuffled", "cross-random")


@pytest.fixture(scope="module")
def study(finished: Project) -> Study:
    return load_study(finished.study)


def round_of(project: Project, ticket: str, seed: int, number: int) -> Path:
    """The ticket of a round."""
    return project.results / f"tickets/{ticket}/seed{seed}/round{number:02d}/ticket.safetensors"


def control_of(project: Project, arm: str, seed: int) -> Path:
    """The ticket of a control."""
    return project.results / f"controls/{arm}/seed{seed}/round02/ticket.safetensors"


def all_tickets(project: Project) -> Iterator[Path]:
    """Every ticket of every chain and control."""
    found = sorted(project.results.rglob("ticket.safetensors"))
    assert len(found) == 2 * (3 + 3 + 2) + 2 * len(CONTROLS)
    yield from found


def same_bits(first: Tensor, second: Tensor) -> bool:
    """Bit for bit, so that -0.0 is not 0.0."""
    return first.shape == second.shape and torch.equal(first.view(torch.int32), second.view(torch.int32))


def counts(ticket: Ticket) -> list[int]:
    """Kept weights of each layer."""
    return [kept for _, kept, *_ in ticket.layers()]


def test_masks_only_lose_weights_along_every_chain(finished: Project) -> None:
    """Also where the cross chain takes over from digits, whose mask it begins with."""
    for seed in SEEDS:
        for name, rounds in ROUNDS.items():
            files = [round_of(finished, name, seed, number) for number in rounds]
            if name == "cross":
                files.insert(0, round_of(finished, "digits", seed, 1))
            chain = [Ticket.load(file).masks for file in files]
            for before, after in pairwise(chain):
                assert not any((after[layer] & ~before[layer]).any() for layer in before)
        taken = Ticket.load(round_of(finished, "cross", seed, 1)).masks
        assert all(torch.equal(mask, chain[0][layer]) for layer, mask in taken.items())


def test_every_layer_keeps_exactly_its_count(finished: Project, study: Study) -> None:
    plan = Plan(study)
    for name, rounds in ROUNDS.items():
        for number in rounds:
            for seed in SEEDS:
                layers = Ticket.load(round_of(finished, name, seed, number)).layers()
                expected = [kept_count(total, plan.density(name, number)) for _, _, total, _ in layers]
                assert [kept for _, kept, *_ in layers] == expected, (name, number, seed)


def test_all_arms_have_the_same_density_and_controls_the_exact_counts(finished: Project) -> None:
    """What is compared differs in which weights are kept, or in their values, and not in how many."""
    for seed in SEEDS:
        own = {name: Ticket.load(round_of(finished, name, seed, 2)) for name in ("digits", "cross")}
        expected = counts(own["cross"])
        assert counts(own["digits"]) == expected
        for arm in CONTROLS:
            control = Ticket.load(control_of(finished, arm, seed))
            parent = own[arm.partition("-")[0]]
            assert counts(control) == expected, arm
            same = [torch.equal(mask, parent.masks[layer]) for layer, mask in control.masks.items()]
            assert all(same) if arm.endswith("reinitialised") else not any(same), arm
    for arm in ARMS:
        densities = set()
        for seed in SEEDS:
            lines = (finished.results / f"evaluations/transfer/{arm}/seed{seed}/history.csv").read_text().splitlines()
            header = lines[0].split(",")
            densities |= {line.split(",")[header.index("density_percent")] for line in lines[1:]}
        assert densities == {"100"} if arm == "dense" else densities == {f"{100 * own['cross'].density:.9g}"}, arm


def test_surviving_weights_are_theta_0_bit_for_bit_and_pruned_ones_zero(finished: Project, study: Study) -> None:
    """In every ticket, the cross chain's after two data sets too; reinitialised arms share one other draw."""
    network = study.networks["lenet"]
    theta_0 = {seed: initial_weights(network, seed) for seed in SEEDS}
    fresh = {seed: initial_weights(network, seed, "fresh initialisation") for seed in SEEDS}
    assert not torch.equal(theta_0[0]["0.weight"], theta_0[1]["0.weight"])
    assert not torch.equal(theta_0[0]["0.weight"], fresh[0]["0.weight"])
    for path in all_tickets(finished):
        ticket = Ticket.load(path, network)
        drawn = (fresh if "-reinitialised" in str(path) else theta_0)[int(ticket.provenance["seed"])]
        assert ticket.weights.keys() == drawn.keys()
        for name, weight in ticket.weights.items():
            mask = ticket.masks.get(name, torch.ones_like(weight, dtype=torch.bool))
            assert same_bits(weight, torch.where(mask, drawn[name], 0.0)), (path, name)


def test_pruned_weights_are_zero_after_training_and_the_others_moved(finished: Project) -> None:
    """With Adam and weight decay, and with AdamW: nothing revived a pruned weight."""
    kept = sorted(finished.results.rglob("trained.safetensors"))
    assert len(kept) == 2 * 3
    for path in kept:
        ticket = Ticket.load(path.with_name("ticket.safetensors"))
        trained = TrainedWeights.load(path, path.with_name("ticket.safetensors")).last
        for layer, mask in ticket.masks.items():
            assert trained[layer][~mask].count_nonzero() == 0
            moved = trained[layer][mask] != ticket.weights[layer][mask]
            assert moved.float().mean() > 0.5


def test_tickets_say_where_they_come_from(finished: Project, study: Study) -> None:
    """Study, ticket, data set, round, seed, counts, and the checksum of the very file that they were made from."""
    plan = Plan(study)
    for seed in SEEDS:
        for name, rounds in ROUNDS.items():
            for number in rounds:
                found = provenance(round_of(finished, name, seed, number))
                parent = None
                if number > rounds[0]:
                    parent = checksum(round_of(finished, name, seed, number - 1))
                elif name == "cross":
                    parent = checksum(round_of(finished, "digits", seed, 1))
                expected = {"study": "tiny", "ticket": name, "method": "imp", "dataset": plan.dataset(name, number)}
                expected |= {"seed": seed, "round": number, "parent": parent, "kind": "ticket"}
                assert {key: found[key] for key in expected} == expected
        for arm in CONTROLS:
            name, _, kind = arm.partition("-")
            found = provenance(control_of(finished, arm, seed))
            assert found["control"] == kind
            assert found["parent"] == checksum(round_of(finished, name, seed, 2))
    for path in finished.results.rglob("trained.safetensors"):
        assert read_tensors(path, "weights")[1]["ticket"] == checksum(path.with_name("ticket.safetensors"))


def provenance(path: Path) -> dict[str, Any]:
    """What a ticket says of itself: one metadata entry of sorted JSON."""
    head = path.read_bytes()
    described = json.loads(head[8 : 8 + int.from_bytes(head[:8], "little")])["__metadata__"]
    assert list(described) == ["lth"]
    content: dict[str, Any] = json.loads(described["lth"])
    assert list(content) == sorted(content)
    return content


def test_every_promised_file_is_there_and_the_verdict_comes_first(finished: Project) -> None:
    """Tables, a verdict, figures, and a page that needs nothing but itself."""
    tables = finished.results / "tables"
    assert all((tables / f"{name}.csv").is_file() for name in STUDY_TABLES)
    assert all((tables / f"transfer/{name}.csv").is_file() for name in EVALUATION_TABLES)
    page = (finished.results / "report.html").read_text()
    assert "<script src" not in page
    drawn = list(finished.results.rglob("figures/**/*.svg"))
    assert all(
        f"{path.name}" in page or f"-{path.stem}" in page for path in drawn
    )  # as a link beside its chart, or whole
    linked = re.findall(r'href="([^"#:]+)"', page)
    assert len(linked) > len(drawn)
    assert [path for path in linked if not (finished.results / path).exists()] == []
    assert str(finished.folder) not in page
    verdict = (tables / "transfer/verdict.txt").read_text()
    assert "transfer" in verdict


def test_logs_show_each_epoch_of_a_round(finished: Project) -> None:
    log = (finished.results / "logs/tickets/cross/seed1/round02.log").read_text()
    for words in ("round 2", "density 25", "epoch 0/1", "epoch 1/1", "done in"):
        assert words in log


@pytest.fixture(scope="session")
def repeated(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The data, a chain, an evaluation and all summaries made again elsewhere, four at once, figures also in other
    formats; the rest taken along."""

    def again(folder: Path) -> None:
        project = finished.copy(folder)
        project.edit("study.yaml", *FORMATS)
        for name in AGAIN:
            shutil.rmtree(project.results / name)
        (project.results / "report.html").unlink()
        images = [str(RESULTS / f"data/{name}.safetensors") for name in ("digits", "letters", "textures")]
        for targets in (images, []):
            outcome = project.start(project.command(*targets, cores=4))  # cold
            assert outcome.status == 0, outcome.text
        ran = {
            str(log.relative_to(folder / RESULTS / "logs").with_suffix(""))
            for log in project.results.glob("logs/*/**/*.log")
            if log.stat().st_mtime_ns != (finished.folder / log.relative_to(folder)).stat().st_mtime_ns
        }
        trained = {
            name for name in ran if "seed" in name
        }  # nothing else: the new images have the bytes of the old ones
        assert trained == {*(f"tickets/letters/seed0/round0{number}" for number in range(3)), EVALUATED_AGAIN}

    return Project(once(tmp_path_factory, "repeated", again))


def test_a_second_run_with_more_jobs_at_once_gives_the_same_bytes(finished: Project, repeated: Project) -> None:
    """Images, tickets, trained weights, histories, tables, figures and the page, whatever ran beside them."""
    first, second = finished.files(*SAME), repeated.files(*SAME)
    assert first.keys() == {path for path in second if not path.endswith((".pdf", ".png"))}
    different = {path for path in first if first[path] != second[path]}
    assert {path for path in different if Path(path).name not in MEASURED} == set()
    assert len([path for path in first if "seed0" in path]) == 8 * 6 + 3 + 5 + 8 * 3
    costs = [pd.read_csv(project.results / "tables/costs.csv") for project in (finished, repeated)]
    pd.testing.assert_frame_equal(
        *(table.drop(columns=["seconds", "joules", "checksum"]) for table in costs), check_exact=True
    )
    assert repeated.planned() == {}


def test_other_formats_draw_figures_again_and_nothing_else(project: Project) -> None:
    project.edit("study.yaml", *FORMATS)
    planned = project.planned()
    assert summaries(planned) == set(planned) == {"study_figures", "figures_of_transfer", "report", "manifest"}


def test_figures_are_there_in_other_formats_and_the_manifest_has_them(
    repeated: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the page, with its overall checksum, has the bytes of the one without them."""
    for path in repeated.results.glob("figures/**/*.svg"):
        assert path.with_suffix(".pdf").read_bytes().startswith(b"%PDF-")
        assert path.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    project = repeated.copy(tmp_path / "project")
    name = "figures/transfer/differences.pdf"
    altered = project.results / name
    assert name in json.loads((project.results / "manifest.json").read_text())["files"]
    assert main(["verify", str(project.results)]) == 0
    altered.write_bytes(altered.read_bytes() + b" ")
    capsys.readouterr()
    assert main(["verify", str(project.results)]) == 1
    assert name in capsys.readouterr().out


def test_snakemakes_report_shows_the_captions_of_the_figures(project: Project) -> None:
    """From `FIGURES`, where alone they are written."""
    outcome = project.run("--report", "page.html")
    assert outcome.status == 0, outcome.text
    page = (project.folder / "page.html").read_text()
    drawn = {path.stem: path.parent.name for path in (project.results / "figures").rglob("*.svg")}
    assert "final_accuracy" in drawn
    plan = Plan(load_study(project.study))
    for name, folder in drawn.items():
        (words,) = re.findall(rf'"name": "{name}\.svg".*?"caption": ("(?:[^"\\]|\\.)*")', page)
        shown = " ".join(re.sub("<[^>]*>", "", json.loads(words)).split())
        assert shown == captions(plan, None if folder == "figures" else folder)[name]
