"""What a second run does: after no change nothing, after a change what depends on it, and no more."""

import os
import re
import time
from pathlib import Path

import pytest
import warm
from tiny import (
    RESULTS,
    STUDY,
    Project,
    checksum,
    controls,
    evaluations,
    parse,
    rounds,
    summaries,
    trained,
)

from lth.checks.read import load_study
from lth.errors import UserError
from lth.verification.listing import listed_files

pytestmark = pytest.mark.workflow

TABLES = {"study_tables", "evaluation_tables"}
FIGURES = {"figures_of_transfer"}
PAGES = {"report", "manifest"}
SUMMARIES = TABLES | {"study_figures"} | FIGURES | PAGES
"""Every rule that trains nothing, makes no ticket and reads no images, but for the page of masks."""
MASKS = {"masks"}
"""It hangs on the first seed's tickets alone."""
CONTROLS = ("digits-reinitialised", "cross-reinitialised", "digits-shuffled", "cross-shuffled", "cross-random")


def made(arms: tuple[str, ...] = CONTROLS, seeds: tuple[int, ...] = (0, 1)) -> set[str]:
    """Folders of the controls of some arms, at the density of the evaluation."""
    return {f"controls/{arm}/seed{seed}/round02" for arm in arms for seed in seeds}


def test_a_finished_study_has_nothing_to_do_and_keeps_no_weights_but_the_last(finished: Project) -> None:
    """Weights that only the next round needed are gone; those of each chain's last round stay, to go on from."""
    assert finished.planned() == {}
    assert (finished.folder / ".snakemake/lth_fingerprints.json").is_file()  # the edits below are seen all the same
    kept = {str(path.parent.relative_to(finished.results)) for path in finished.results.rglob("trained.safetensors")}
    assert kept == rounds("digits", [2]) | rounds("letters", [2]) | rounds("cross", [2])
    assert not list(finished.results.rglob("*.part"))


def test_the_plan_of_a_study_is_all_of_it_and_of_no_other(tmp_path: Path) -> None:
    """From nothing, every job; `--configfile` replaces config.yaml, where Snakemake alone would merge the two."""
    planned = Project.new(tmp_path / "project").planned()
    assert planned["data"] == {f"data/{name}.safetensors" for name in ("digits", "letters", "textures")}
    assert trained(planned) == rounds("digits") | rounds("letters") | rounds("cross") | evaluations()
    assert controls(planned) == made()
    assert summaries(planned) == SUMMARIES | MASKS


def test_each_stage_of_a_study_is_a_target_by_name(tmp_path: Path) -> None:
    """What it needs and nothing after it."""
    found = {}
    for stage in ("tickets", "cross", "controls", "transfer", "figures"):
        outcome = Project.new(tmp_path / stage).run(stage, "-n")
        assert outcome.status == 0, outcome.text
        found[stage] = {rule: outputs for rule, outputs in parse(outcome.text).items() if rule != stage}
    everything = rounds("digits") | rounds("letters") | rounds("cross")
    assert trained(found["tickets"]) == everything
    assert trained(found["cross"]) == rounds("digits", [0, 1]) | rounds("cross")
    assert controls(found["controls"]) == made()
    assert trained(found["controls"]) == rounds("digits") | rounds("digits", [0, 1]) | rounds("cross")
    assert trained(found["transfer"]) == trained(found["controls"]) | evaluations()
    assert summaries(found["transfer"]) == set()
    assert summaries(found["figures"]) == SUMMARIES - PAGES


def test_the_default_study_is_planned_whole_without_its_data(tmp_path: Path) -> None:
    """`snakemake -n` on a fresh checkout: five seeds of 36 + 36 + 25 rounds, and of 11 arms at two densities."""
    project = Project.new(tmp_path / "project")
    command = project.command("-n", python=warm.python())
    at = command.index("--configfile")
    outcome = project.start(command[:at] + command[at + 2 :])
    assert outcome.status == 0, outcome.text
    counts = dict(re.findall(r"^(\w+) +(\d+)$", outcome.text.split("Job stats:")[-1], flags=re.MULTILINE))
    assert int(counts["round"]) + int(counts["kept_round"]) == 5 * (36 + 36 + 25)
    assert int(counts["evaluation"]) == 5 * 2 * 11
    assert "results/tiny" not in outcome.text
    assert not (project.folder / "data").exists()


def test_touching_every_file_reruns_nothing(project: Project) -> None:
    """A checkout, a copy or a restored backup gives new time stamps to the same content."""
    now = time.time_ns()
    for path in project.folder.rglob("*"):
        if ".snakemake" not in path.parts:
            os.utime(path, ns=(now, now))
    assert project.planned() == {}


def test_edits_that_change_no_result_rerun_nothing(project: Project) -> None:
    """Comments, docstrings, layout, messages, new entries in tables of names, new functions, the profile, captions."""
    for path in [*project.folder.glob("lth/**/*.py"), *project.folder.glob("workflow/scripts/*.py")]:
        text = path.read_text()
        path.write_text(re.sub(r'\A"""', '"""Reworded. ', text) + "\n\n# a comment\n")
    for path in (*project.folder.glob("workflow/rules/*.smk"), project.folder / "workflow/Snakefile", project.study):
        path.write_text(path.read_text() + "\n# a comment\n")
    new = "\n\ndef unrelated(x: int) -> int:\n    return x + 1\n"
    names = ("pruning/masks", "training/train", "artifacts/tickets", "methods/imp", "pruning/scores/weights")
    for name in (*names, "analysis/tables/runs", "analysis/figures/parts"):
        path = project.folder / "lth" / f"{name}.py"
        path.write_text(path.read_text() + new)
    entry = '"other": Score(target="lth.pruning.scores.weights:unrelated", about="another", when=("trained",)),'
    project.edit("lth/catalog/scores.py", "SCORES = Registry(\n    {", "SCORES = Registry(\n    {" + entry)
    project.edit("lth/running/jobs.py", "done in", "ended after")
    project.edit("lth/training/train.py", "    every = ", "    every    =   ")
    assert project.planned() == {}


def test_an_edit_of_the_training_loop_reruns_what_trains_and_what_follows(project: Project) -> None:
    project.edit("lth/data/feed.py", "_SCORING_BATCH = 125", "_SCORING_BATCH = 250")
    planned = project.planned()
    assert "data" not in planned
    assert trained(planned) == rounds("digits") | rounds("letters") | rounds("cross") | evaluations()
    assert summaries(planned) == SUMMARIES | MASKS


def test_an_edit_of_the_controls_reruns_them_and_their_evaluations(project: Project) -> None:
    project.edit("lth/methods/controls.py", '"fresh initialisation"', '"another initialisation"')
    planned = project.planned()
    assert controls(planned) == made()
    assert trained(planned) == evaluations(CONTROLS)


def test_an_edit_of_a_figure_redraws_where_it_is_and_rewrites_the_report(project: Project) -> None:
    project.edit(
        "lth/analysis/figures/masks.py", '(0, (2, 1)), label="expected by chance"', '(0, (2, 1)), label="by chance"'
    )
    assert set(project.planned()) == FIGURES | PAGES


def test_an_edit_of_the_page_rewrites_the_report(project: Project) -> None:
    """The template is no Python, so the report is told it."""
    path = project.folder / "lth/analysis/report/report.html.j2"
    path.write_text(path.read_text() + "<!-- the end -->\n")
    assert set(project.planned()) == PAGES


def test_an_edit_of_the_statistics_reruns_tables_and_what_follows(project: Project) -> None:
    """No training hangs on how results are summarised."""
    path = project.folder / "lth/analysis/tables/runs.py"
    text = path.read_text()
    path.write_text(text.replace('kind="stable"', 'kind="mergesort"'))
    assert path.read_text() != text
    assert set(project.planned()) == SUMMARIES | MASKS


def test_a_changed_recipe_reruns_exactly_the_tickets_that_use_it(project: Project) -> None:
    """Digits and cross use `find`, letters do not; whatever is made of the two follows."""
    project.study.write_text(STUDY.replace("batch_size: 50", "batch_size: 25"))
    planned = project.planned()
    assert trained(planned) == rounds("digits") | rounds("cross") | evaluations()
    assert controls(planned) == made()
    project.study.write_text(STUDY.replace("weight_decay: 1e-2", "weight_decay: 2e-2"))
    planned = project.planned()
    assert trained(planned) == rounds("letters")
    assert controls(planned) == set()


def test_a_changed_recipe_of_the_evaluation_reruns_no_ticket(project: Project) -> None:
    project.study.write_text(STUDY.replace("learning_rate: 0.05", "learning_rate: 0.04"))
    planned = project.planned()
    assert trained(planned) == evaluations()
    assert controls(planned) == set()
    assert summaries(planned) == SUMMARIES


def test_values_that_change_places_are_a_change(project: Project) -> None:
    """Snakemake compares parameters as a set of values; ours are one, so 50 images in 1 epoch are not 1 in 50."""
    assert STUDY.count("batch_size: 50\n    epochs: 1") == 1
    project.study.write_text(STUDY.replace("batch_size: 50\n    epochs: 1", "batch_size: 1\n    epochs: 50"))
    assert rounds("digits") <= trained(project.planned())


def test_where_it_runs_and_what_nothing_hangs_on_rerun_nothing(project: Project) -> None:
    """Threads, device, and the folder of published data are no part of a result; unused entries are none either."""
    text = STUDY.replace("datasets:\n", "data_root: elsewhere\ncompute: {threads: 2, device: cpu}\ndatasets:\n")
    project.study.write_text(text)
    assert project.planned() == {}


def test_alpha_and_words_rerun_summaries_only(project: Project) -> None:
    project.study.write_text(STUDY.replace("datasets:\n", "alpha: 0.1\nabout: Something else.\ndatasets:\n", 1))
    assert set(project.planned()) == SUMMARIES


def test_another_seed_runs_its_own_jobs_and_summaries(project: Project) -> None:
    project.study.write_text(STUDY.replace("seeds: [0, 1]", "seeds: [0, 1, 2]"))
    planned = project.planned()
    new = [2]
    assert trained(planned) == rounds("digits", seeds=new) | rounds("letters", seeds=new) | rounds(
        "cross", seeds=new
    ) | evaluations(seeds=new)
    assert controls(planned) == made(seeds=(2,))
    assert "data" not in planned
    assert summaries(planned) == SUMMARIES


def test_fewer_seeds_train_nothing(project: Project) -> None:
    project.study.write_text(STUDY.replace("seeds: [0, 1]", "seeds: [1]"))
    assert set(project.planned()) == SUMMARIES | MASKS


def test_another_arm_runs_its_own_jobs_and_summaries(project: Project) -> None:
    """Letters join the evaluation: three arms, two of them controls; every other arm stays as it is."""
    project.study.write_text(STUDY.replace("tickets: [digits, cross]", "tickets: [digits, cross, letters]"))
    planned = project.planned()
    arms = ("letters-own", "letters-reinitialised", "letters-shuffled")
    assert trained(planned) == evaluations(arms)
    assert controls(planned) == made(arms[1:])
    assert summaries(planned) == SUMMARIES


def test_without_a_control_the_others_stay(project: Project) -> None:
    project.study.write_text(STUDY.replace("matched_to: cross\n", "matched_to: cross\n    controls: [dense, random]\n"))
    planned = project.planned()
    assert set(planned) == SUMMARIES


def test_a_longer_chain_trains_only_the_new_round(project: Project) -> None:
    """The last round's trained weights are there to prune with; afterwards they are no longer the last, and go.

    Nothing that was there changes by a byte or a time stamp.
    """
    project.study.write_text(STUDY.replace("dataset: digits, rounds: 2", "dataset: digits, rounds: 3"))
    planned = project.planned()
    assert trained(planned) == rounds("digits", [3])
    assert controls(planned) == set()
    assert {"study_tables", "study_figures"} <= summaries(planned)
    before = {
        path: (checksum(path), path.stat().st_mtime_ns)
        for path in project.results.rglob("*")
        if path.is_file() and not {"logs", ".running"} & {*path.parts} and path.name != "trained.safetensors"
    }
    targets = [str(RESULTS / folder / "ticket.safetensors") for folder in sorted(rounds("digits", [3]))]
    outcome = project.run(*targets)
    assert outcome.status == 0, outcome.text
    assert before == {path: (checksum(path), path.stat().st_mtime_ns) for path in before}
    for seed in (0, 1):
        chain = project.results / f"tickets/digits/seed{seed}"
        assert [(chain / f"round{r:02d}/trained.safetensors").exists() for r in range(4)] == [False] * 3 + [True]
    planned = project.planned()
    assert (trained(planned), controls(planned)) == (set(), set())


def test_a_shorter_chain_trains_nothing(project: Project) -> None:
    """The weights of what is now the last round are long gone, but nobody asks for them."""
    project.study.write_text(STUDY.replace("dataset: letters, rounds: 2", "dataset: letters, rounds: 1"))
    planned = project.planned()
    assert (trained(planned), controls(planned)) == (set(), set())
    weights = "tickets/letters/seed0/round01/trained.safetensors"
    assert not (project.results / weights).exists()
    listed = listed_files(project.results, load_study(project.study), [])
    assert weights not in listed
    assert weights.replace("trained", "ticket") in listed
    (project.results / weights).with_name("ticket.safetensors").unlink()
    with pytest.raises(UserError, match=r"round01/ticket\.safetensors: no such file"):
        listed_files(project.results, load_study(project.study), [])


def test_an_edited_artifact_is_noticed_and_a_restored_one_is_none(project: Project) -> None:
    """Inputs are compared by content: what hangs on a changed ticket runs again, what hangs on the old one does not."""
    ticket = project.results / "tickets/digits/seed1/round02/ticket.safetensors"
    content = ticket.read_bytes()
    ticket.write_bytes(content[:-4] + b"\0\0\0\1")
    arms = ("digits-own", "digits-reinitialised", "digits-shuffled")
    planned = project.planned()
    assert trained(planned) == evaluations(arms, seeds=[1])
    assert controls(planned) == made(arms[1:], seeds=(1,))
    ticket.write_bytes(content)
    assert project.planned() == {}


@pytest.mark.parametrize(
    "target",
    [
        "tickets/digits/seed0/round09/ticket.safetensors",
        "tickets/digits/seed9/round00/history.csv",
        "evaluations/nope/dense/seed0/history.csv",
    ],
)
def test_what_the_study_does_not_have_is_no_target(project: Project, target: str) -> None:
    outcome = project.run(str(RESULTS / target), "-n")
    assert outcome.status != 0
    assert f"No rule to produce {RESULTS / target}" in outcome.text
    assert "Traceback" not in outcome.text


def test_a_deleted_figure_is_drawn_again_when_asked_for(project: Project) -> None:
    """The report that holds it is there, so that nobody else asks."""
    figure = project.results / "figures/transfer/differences.svg"
    figure.unlink()
    assert set(project.planned(str(figure.relative_to(project.folder)))) == FIGURES


def test_one_figure_is_a_target(project: Project) -> None:
    """`snakemake results/.../figure.svg` makes what that figure needs: no page, and nothing of the study."""
    for folder in ("figures", "tables"):
        for path in [*(project.results / folder).rglob("*.*")]:
            path.unlink()
    planned = project.planned(str(RESULTS / "figures/transfer/differences.svg"))
    assert set(planned) == {"evaluation_tables"} | FIGURES
