"""The plan: which rounds and arms a study has, and that a job is told nothing that does not bear on its result."""

from fractions import Fraction

import pytest
from study_text import SOUND, changed, study_of

from lth.config.plan import DENSITY_TOLERANCE, Arm, Plan

CHAIN = """\
    chain:
      - {dataset: digits, rounds: 2}
      - {dataset: letters, rounds: 1}
      - {dataset: digits, rounds: 1}
"""


@pytest.fixture
def plan(tmp_path):
    return Plan(study_of(tmp_path))


def test_densities_are_exact(plan):
    """By hand: 0.6^k, also through a start."""
    assert [plan.density("home", k) for k in range(5)] == [Fraction(n, 10000) for n in (10000, 6000, 3600, 2160, 1296)]
    assert [plan.density("cross", k) for k in plan.rounds("cross")] == [Fraction(n, 10000) for n in (3600, 2160, 1296)]


def test_the_source_s_density(tmp_path):
    text = changed(
        ("rounds: 4, rate: 0.4", "rounds: 21, rate: 0.1"), ("0.1296", "0.109"), ("[home, away, cross]", "[home]")
    )
    text = text[: text.index("    matched_to")]
    plan = Plan(study_of(tmp_path, text))
    assert plan.density("home", 21) == Fraction(9, 10) ** 21
    assert plan.nearest_round("home", 0.109) == 21
    assert abs(plan.density("home", 21) / Fraction("0.109") - 1) < DENSITY_TOLERANCE


def test_a_start_continues_the_count_of_rounds(plan):
    assert plan.rounds("home") == range(5)
    assert plan.rounds("cross") == range(2, 5)
    assert plan.own_rounds("cross") == 2
    assert plan.last_round("cross") == 4
    assert plan.root("cross") == "home"


def test_a_start_keeps_the_rates_of_its_parent(tmp_path):
    text = changed(
        ("    rate: 0.4\n", "    rate: 0.5\n"),
        ("[home, away, cross]", "[home]"),
        ("matched_to: cross", "matched_to: home"),
    )
    plan = Plan(study_of(tmp_path, text[: text.index("    compare")]))
    assert plan.rates("cross", 4) == (0.4, 0.4, 0.5, 0.5)
    assert plan.density("cross", 4) == Fraction(9, 100)


def test_the_round_nearest_to_a_density(plan):
    assert plan.nearest_round("home", 0.1296) == 4
    assert plan.nearest_round("home", 0.35) == 2
    assert plan.nearest_round("cross", 1.0) == 2


def test_the_network_of_a_round_is_trained_on_the_data_that_decide_the_next_pruning(tmp_path):
    plan = Plan(
        study_of(
            tmp_path,
            changed(("    dataset: letters\n    rounds: 2\n", CHAIN), ("    start: {ticket: home, round: 2}\n", "")),
        )
    )
    assert [plan.dataset("cross", k) for k in range(5)] == ["digits", "digits", "letters", "digits", "digits"]
    assert plan.own_rounds("cross") == 4


def test_a_chain_trains_on_the_same_data_as_a_start_from_its_first_stage(tmp_path):
    """Rounds 0 to 1 on digits, from round 2 on letters: by chain, and by two tickets."""
    chain = "    chain: [{dataset: digits, rounds: 2}, {dataset: letters, rounds: 2}]\n"
    chained = Plan(
        study_of(
            tmp_path,
            changed(("    dataset: letters\n    rounds: 2\n", chain), ("    start: {ticket: home, round: 2}\n", "")),
        )
    )
    started = Plan(study_of(tmp_path))
    for k in started.rounds("cross"):
        assert chained.dataset("cross", k) == started.dataset("cross", k)
        assert chained.rates("cross", k) == started.rates("cross", k)
    for k in range(2):
        assert chained.dataset("cross", k) == started.dataset("home", k)


def test_arms_come_in_the_order_of_the_study(plan):
    assert [arm.name for arm in plan.arms("transfer")] == [
        *("home-own", "away-own", "cross-own"),
        *("home-fresh", "away-fresh", "cross-fresh"),
        *("home-shuffled", "away-shuffled", "cross-shuffled"),
        *("cross-random", "dense"),
    ]
    assert plan.arm("transfer", "dense") == Arm("home", "dense", 0)
    assert plan.arm("transfer", "cross-random") == Arm("cross", "random", 4)


def test_controls_have_to_be_made_and_tickets_are_there(plan):
    made = {arm.kind for arm in plan.arms("transfer") if arm.is_control}
    assert made == {"fresh", "shuffled", "random"}


def test_without_matched_to_the_first_ticket_gives_the_counts(tmp_path):
    plan = Plan(study_of(tmp_path, changed(("    matched_to: cross\n", ""))))
    assert plan.arm("transfer", "home-random") == Arm("home", "random", 4)


def test_only_what_is_used_is_prepared(tmp_path):
    text = changed(("networks:\n", "  spare: {source: textures, validation: 100}\nnetworks:\n"))
    assert Plan(study_of(tmp_path, text)).used_datasets == ["digits", "letters", "photos"]


def jobs(plan):
    """Everything that every job of a study is told, by what the job is."""
    study = plan.study
    told = {("data", name): plan.data_job(name) for name in plan.used_datasets}
    for seed in study.seeds:
        for ticket in study.tickets:
            for k in plan.rounds(ticket):
                told["round", ticket, seed, k] = plan.round_job(ticket, seed, k)
        for evaluation in study.evaluations:
            for arm in plan.arms(evaluation):
                if arm.is_control:
                    told["control", arm.name, arm.round, seed] = plan.control_job(arm, seed)
                told["evaluation", evaluation, arm.name, seed] = plan.evaluation_job(evaluation, arm, seed)
    return told


ADDITIONS = {
    "more rounds": ("dataset: digits, rounds: 4", "dataset: digits, rounds: 6"),
    "more rounds after a start": ("    rounds: 2\n", "    rounds: 3\n"),
    "another seed": ("[0, 1, 2]", "[0, 1, 2, 3]"),
    "another seed first": ("[0, 1, 2]", "[7, 0, 1, 2]"),
    "another ticket": ("  away:", "  third: {network: lenet, recipe: find, dataset: digits, rounds: 1}\n  away:"),
    "another comparison": ("- [cross-own, dense]", "- [cross-own, dense]\n      - [away-own, dense]"),
    "another description": ("study: small", "study: small\nabout: something else"),
    "another level": ("study: small", "study: small\nalpha: 0.1"),
    "another device": ("study: small", "study: small\ncompute: {device: cpu, threads: 2}"),
    "another folder": ("study: small", "study: small\ndata_root: elsewhere"),
    "another data set": ("networks:\n", "  spare: {source: textures, validation: 100}\nnetworks:\n"),
    "another recipe": ("recipes:\n", "recipes:\n  spare: {optimiser: {learning_rate: 1}, batch: 1, epochs: 1}\n"),
    "the same numbers written otherwise": ("1.2e-3", "0.0012"),
    "a default written out": ("dataset: digits, rounds: 4", "dataset: digits, score: magnitude, rounds: 4"),
}


@pytest.mark.parametrize("addition", ADDITIONS.values(), ids=ADDITIONS)
def test_an_addition_changes_no_job_that_is_done(tmp_path, addition):
    before, after = jobs(Plan(study_of(tmp_path))), jobs(Plan(study_of(tmp_path, changed(addition))))
    assert before.items() <= after.items()


def test_an_arm_more_changes_no_other(tmp_path):
    fewer = changed(
        ("    matched_to", "    controls: [random]\n    initialisations: [own]\n    matched_to"),
        ("\n      - [cross-own, dense]", ""),
    )
    assert jobs(Plan(study_of(tmp_path, fewer))).items() < jobs(Plan(study_of(tmp_path))).items()


CHANGES = {
    "the recipe of the search": (("epochs: 2", "epochs: 3"), {"round"}),
    "the recipe of the trial": (("    epochs: 2\ntickets", "    epochs: 3\ntickets"), {"evaluation"}),
    "the network": (("lenet5_classic", "lenet5"), {"round", "control", "evaluation"}),
    "a data set": (("validation: 200", "validation: 201"), {"data"}),
    "the rewinding": (("    rate: 0.4\n", "    rate: 0.4\n    rewind: parent\n"), {"round"}),
    "the scope": (("rate: 0.4}", "rate: 0.4, scope: network}"), {"round"}),
}


@pytest.mark.parametrize(("change", "kinds"), CHANGES.values(), ids=CHANGES)
def test_a_change_reaches_the_jobs_it_bears_on(tmp_path, change, kinds):
    before, after = jobs(Plan(study_of(tmp_path))), jobs(Plan(study_of(tmp_path, changed(change))))
    assert before.keys() == after.keys()
    assert {key[0] for key in before if before[key] != after[key]} == kinds


def test_the_sound_study_of_these_tests_is_sound(tmp_path):
    assert study_of(tmp_path, SOUND).study == "small"
