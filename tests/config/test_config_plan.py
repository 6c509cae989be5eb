"""The plan: which rounds and arms a study has, and that a job is told nothing that does not bear on its result."""

import re
from fractions import Fraction
from math import ceil

import pytest
from study_text import EVERY_WAY, SOUND, changed, study_of

from lth.analysis.tables.provenance import ticket_origin
from lth.artifacts.records import job_digest
from lth.catalog.methods import METHODS
from lth.plan.paths import Paths
from lth.plan.plan import DENSITY_TOLERANCE, Arm, Plan
from lth.plan.sizes import memory_mb, round_minutes
from lth.verification.listing import settings

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
    assert [*plan.rounds("home")] == [0, 1, 2, 3, 4]
    assert [*plan.rounds("cross")] == [2, 3, 4]
    assert plan.own_rounds("cross") == 2
    assert plan.last_round("cross") == 4
    assert plan.root("cross") == "home"


def test_a_start_keeps_the_densities_of_its_parent(tmp_path):
    text = changed(
        ("    rate: 0.4\n", "    rate: 0.5\n"),
        ("[home, away, cross]", "[home]"),
        ("matched_to: cross", "matched_to: home"),
    )
    plan = Plan(study_of(tmp_path, text[: text.index("    compare")]))
    assert plan.rates("cross", 4) == (0.5, 0.5)
    assert [plan.density("cross", k) for k in plan.rounds("cross")] == [Fraction(n, 100) for n in (36, 18, 9)]


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
        assert chained.density("cross", k) == started.density("cross", k)
    for k in range(2):
        assert chained.dataset("cross", k) == started.dataset("home", k)


def test_a_stage_has_rates_of_its_own(tmp_path):
    """By hand: two rounds by 0.4, of the output by 0.3, then one by 0.64; the next names the output's rate only."""
    stages = """\
    layer_rates: {output: 0.3}
    chain:
      - {dataset: digits, rounds: 2}
      - {dataset: digits, rounds: 1, rate: 0.64}
      - {dataset: letters, rounds: 1, layer_rates: {output: 0.1}}
"""
    without_start = ("    start: {ticket: home, round: 2}\n", "")
    plan = Plan(study_of(tmp_path, changed(("    dataset: letters\n    rounds: 2\n", stages), without_start)))
    assert [plan.rates("cross", k) for k in range(5)] == [(0.4, 0.4, 0.64, 0.4)[:k] for k in range(5)]
    assert plan.rates("cross", 4, "output") == (0.3, 0.3, 0.3, 0.1)
    assert plan.rates("cross", 4, "dense") == plan.rates("cross", 4)
    assert plan.density("cross", 4) == Fraction(6, 10) ** 5
    assert plan.density("cross", 4, "output") == Fraction(7, 10) ** 3 * Fraction(9, 10)
    assert (
        "rounds 0 to 4, 40 % in 2 rounds, 64 % in 1 round, 40 % in 1 round (output: 30 % in 3 rounds, 10 % in 1 round)"
        in ticket_origin(plan, "cross")
    )


def test_arms_come_in_the_order_of_the_study(plan):
    assert [arm.name for arm in plan.arms("transfer")] == [
        *("home-own", "away-own", "cross-own"),
        *("home-reinitialised", "away-reinitialised", "cross-reinitialised"),
        *("home-shuffled", "away-shuffled", "cross-shuffled"),
        *("cross-random", "dense"),
    ]
    assert plan.arm("transfer", "dense") == Arm("home", "dense", 0)
    assert plan.arm("transfer", "cross-random") == Arm("cross", "random", 4)


def test_controls_have_to_be_made_and_tickets_are_there(plan):
    made = {arm.kind for arm in plan.arms("transfer") if arm.is_control}
    assert made == {"reinitialised", "shuffled", "random"}


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
    "weights that are there anyway are kept": (
        "dataset: digits, rounds: 4",
        "dataset: digits, keep_weights: last, rounds: 4",
    ),
    "more rounds": ("dataset: digits, rounds: 4", "dataset: digits, rounds: 6"),
    "more rounds after a start": ("    rounds: 2\n", "    rounds: 3\n"),
    "another seed": ("[0, 1, 2]", "[0, 1, 2, 3]"),
    "another seed first": ("[0, 1, 2]", "[7, 0, 1, 2]"),
    "another ticket": ("  away:", "  third: {network: lenet, recipe: find, dataset: digits, rounds: 1}\n  away:"),
    "another comparison": ("- [cross-own, dense]", "- [cross-own, dense]\n      - [away-own, dense]"),
    "another description": ("study: small", "study: small\nabout: something else"),
    "another level": ("study: small", "study: small\nalpha: 0.1"),
    "another device": ("study: small", "study: small\ncompute: {device: cpu, threads: 2}"),
    "more rounds a job": ("study: small", "study: small\ncompute: {rounds_per_job: 5}"),
    "another folder": ("study: small", "study: small\ndata_root: elsewhere"),
    "another data set": ("networks:\n", "  spare: {source: textures, validation: 100}\nnetworks:\n"),
    "another recipe": ("recipes:\n", "recipes:\n  spare: {optimiser: {learning_rate: 1}, batch_size: 1, epochs: 1}\n"),
    "the same numbers written otherwise": ("1.2e-3", "0.0012"),
    "a default written out": ("dataset: digits, rounds: 4", "dataset: digits, score: magnitude, rounds: 4"),
}


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """The jobs of the study as it is."""
    return jobs(Plan(study_of(tmp_path_factory.mktemp("before"))))


@pytest.mark.parametrize("addition", ADDITIONS.values(), ids=ADDITIONS)
def test_an_addition_changes_no_job_that_is_done(tmp_path, before, addition):
    assert before.items() <= jobs(Plan(study_of(tmp_path, changed(addition)))).items()


def test_an_arm_more_changes_no_other(tmp_path, before):
    fewer = changed(
        ("    matched_to", "    controls: [random]\n    initialisations: [own]\n    matched_to"),
        ("\n      - [cross-own, dense]", ""),
    )
    assert jobs(Plan(study_of(tmp_path, fewer))).items() < before.items()


CHANGES = {
    "the recipe of the search": (("epochs: 2", "epochs: 3"), {"round"}),
    "the recipe of the trial": (("    epochs: 2\ntickets", "    epochs: 3\ntickets"), {"evaluation"}),
    "the network": (("lenet5_classic", "lenet5"), {"round", "control", "evaluation"}),
    "a data set": (("validation: 200", "validation: 201"), {"data"}),
    "the rewinding": (("    rate: 0.4\n", "    rate: 0.4\n    rewind: parent\n"), {"round"}),
    "the scope": (("rate: 0.4}\n  cross", "rate: 0.4, scope: global}\n  cross"), {"round"}),
}


@pytest.mark.parametrize(("change", "kinds"), CHANGES.values(), ids=CHANGES)
def test_a_change_reaches_the_jobs_it_bears_on(tmp_path, before, change, kinds):
    after = jobs(Plan(study_of(tmp_path, changed(change))))
    assert before.keys() == after.keys()
    assert {key[0] for key in before if before[key] != after[key]} == kinds


@pytest.fixture(scope="module")
def ways(tmp_path_factory):
    """The plan of a study with each method."""
    return Plan(study_of(tmp_path_factory.mktemp("ways"), EVERY_WAY))


ROUNDS = {
    "dense": [0],
    "imp": [0, 1, 2, 3, 4, 5, 6],
    "twice": [0, 1, 2, 3, 4, 5, 6],
    "once": [0, 1, 3],
    "snip": [1],
    "grown": [1, 2],
    "moving": [1],
    "pressed": [1],
    "reinit": [1, 2, 3, 4, 5, 6],
    "both": [1, 2, 3, 4, 5, 6],
}


@pytest.mark.parametrize(("ticket", "rounds"), ROUNDS.items(), ids=ROUNDS)
def test_the_rounds_of_a_method(ways, ticket, rounds):
    assert [*ways.rounds(ticket)] == rounds
    assert (ways.first_round(ticket), ways.last_round(ticket)) == (rounds[0], rounds[-1])


MADE_OF = {
    ("dense", 0): ([], False, False),
    ("imp", 0): ([], False, False),
    ("imp", 3): ([("imp", 2)], True, True),
    ("once", 3): ([("once", 0)], True, True),
    ("late", 2): ([("late", 1)], True, True),
    ("snip", 1): ([], False, False),
    ("grown", 2): ([], False, False),
    ("moving", 1): ([], False, False),
    ("pressed", 1): ([], False, False),
    ("reinit", 4): ([("imp", 4)], False, False),
    ("both", 4): ([("imp", 4), ("other", 4)], False, False),
}


@pytest.mark.parametrize(("round_", "expected"), MADE_OF.items(), ids=lambda value: f"{value[0]}" if value else "")
def test_what_a_round_is_made_of(ways, round_, expected):
    """Its parents, whether it prunes what they trained, and whether it needs what they trained."""
    assert (ways.parents(*round_), ways.prunes(*round_), ways.needs_trained(*round_)) == expected


def test_trained_weights_stay_where_a_further_density_would_be_made_from_them(tmp_path):
    """Those of a last round, and those that `one_shot` prunes: its own dense network's, or another ticket's."""
    plan = Plan(study_of(tmp_path, EVERY_WAY))
    kept = {name: [r for r in plan.rounds(name) if plan.keeps_weights(name, r)] for name in ("dense", "imp", "once")}
    assert kept == {"dense": [0], "imp": [6], "once": [0, 3]}
    plan = Plan(study_of(tmp_path, EVERY_WAY.replace("one_shot: true,", "one_shot: true, dense_of: imp,")))
    kept = {name: [r for r in plan.rounds(name) if plan.keeps_weights(name, r)] for name in ("imp", "once")}
    assert kept == {"imp": [0, 6], "once": [3]}
    chain = "  again: {network: lenet, recipe: adam, dataset: mnist, rounds: 2, rate: 0.5, dense_of: imp}\n  stable:"
    plan = Plan(study_of(tmp_path, EVERY_WAY.replace("  stable:", chain, 1)))
    kept = {name: [r for r in plan.rounds(name) if plan.keeps_weights(name, r)] for name in ("imp", "again")}
    assert kept == {"imp": [0, 6], "again": [2]}


def test_long_chains_of_starts_have_a_lineage(tmp_path):
    """More rounds than Python has frames, each once, the last one first."""
    keys = "network: lenet, recipe: adam, dataset: mnist, rounds: 500, rate: 0.01"
    tickets = f"  long: {{{keys}}}\n  longer: {{{keys}, start: {{ticket: long, round: 500}}}}\n  stable:"
    plan = Plan(study_of(tmp_path, EVERY_WAY.replace("  stable:", tickets, 1)))
    own, other = (
        [(name, k) for k in range(last, first, -1)] for name, first, last in (("longer", 499, 1000), ("long", -1, 500))
    )
    assert plan.lineage("longer", 1000) == own + other


def test_tickets_of_different_rounds_are_combined_into_one_round(tmp_path):
    text = EVERY_WAY.replace("of: [imp, other], rule: union", "of: [imp, other], of_rounds: [4, 6], rule: union")
    plan = Plan(study_of(tmp_path, text))
    assert plan.rounds("both") == (4,)
    assert plan.parents("both", 4) == [("imp", 4), ("other", 6)]
    assert plan.density("both", 4) == plan.density("imp", 4)
    assert {("other", 6), ("other", 5), ("imp", 4)} < {*plan.lineage("both", 4)}


def test_a_control_may_be_derived_of_one_round(tmp_path):
    text = EVERY_WAY.replace("of: imp, kind: reinitialised", "of: imp, of_round: 6, kind: reinitialised")
    plan = Plan(study_of(tmp_path, text))
    assert plan.rounds("reinit") == (6,)
    assert plan.parents("reinit", 6) == [("imp", 6)]
    assert plan.density("reinit", 6) == plan.density("imp", 6)


def test_a_round_that_takes_over_a_mask_needs_trained_weights_to_rewind_to(tmp_path):
    """`cross` begins with the mask of home's round 2, which is no pruning."""
    needs = Plan(study_of(tmp_path)).needs_trained
    assert (needs("cross", 2), needs("cross", 3)) == (False, True)
    needs = Plan(study_of(tmp_path, changed(("    rate: 0.4\n", "    rate: 0.4\n    rewind: parent\n")))).needs_trained
    assert (needs("cross", 2), needs("cross", 3)) == (True, True)


def test_densities_of_each_method_are_exact(ways):
    """By hand: 0.8^k, 0.9^k for the output layer, and the decimals that were written."""
    for ticket in ("imp", "reinit", "both"):
        assert [ways.density(ticket, k) for k in (1, 2, 6)] == [Fraction(4, 5) ** k for k in (1, 2, 6)]
        assert [ways.density(ticket, k, "output") for k in (1, 2, 6)] == [Fraction(9, 10) ** k for k in (1, 2, 6)]
        assert ways.density(ticket, 2, "dense") == Fraction(16, 25)
    assert ways.density("other", 2, "output") == Fraction(16, 25)
    assert ways.density("dense", 0) == 1
    assert [ways.density("once", k) for k in ways.rounds("once")] == [1, Fraction(1, 2), Fraction(1, 10)]
    assert [ways.density("grown", k) for k in (1, 2)] == [Fraction(3, 10), Fraction(1, 10)]
    assert ways.nearest_round("grown", 0.1) == 2


def test_densities_after_a_start_go_on_from_it(tmp_path):
    """Rates of kinds of layers hold for a ticket's own rounds, before it those of the other ticket."""
    own = ("    rate: 0.4\n", "    rate: 0.5\n    layer_rates: {output: 0.1}\n")
    plan = Plan(study_of(tmp_path, changed(own)[: changed(own).index("evaluations")]))
    assert [plan.density("cross", k, "output") for k in (2, 3, 4)] == [
        Fraction(36, 100),
        Fraction(36 * 9, 1000),
        Fraction(36 * 81, 10000),
    ]
    given = ("    rounds: 2\n    rate: 0.4\n", "    densities: [0.3, 0.01]\n")
    plan = Plan(study_of(tmp_path, changed(given)[: changed(given).index("evaluations")]))
    assert [plan.density("cross", k) for k in (2, 3, 4)] == [Fraction(36, 100), Fraction(3, 10), Fraction(1, 100)]


def test_retraining_is_for_pruned_networks(ways):
    recipes = ways.study.recipes
    assert [ways.recipe("late", k) for k in ways.rounds("late")] == [recipes["adam"]] + 3 * [recipes["tune"]]
    assert {ways.recipe("snip", 1).epochs, ways.recipe("pressed", 1).epochs} == {160}


def test_a_start_from_a_dense_network_is_trained_as_one(tmp_path):
    """By `recipe`, also where `retrain` is for what is pruned."""
    keys = "network: lenet, recipe: find, retrain: try"
    stages = "chain: [{dataset: letters, rounds: 1}, {dataset: digits, rounds: 1}]"
    texts = [
        f"  anew: {{{keys}, {stages}, start: {{ticket: home, round: 0}}}}\n",
        f"  further: {{{keys}, {stages}, start: {{ticket: home, round: 1}}}}\n",
    ]
    plan = Plan(study_of(tmp_path, changed(("  away:", "".join(texts) + "  away:"))))
    names = {name: [plan.recipe_name(name, round_) for round_ in plan.rounds(name)] for name in ("anew", "further")}
    assert names == {"anew": ["find", "try", "try"], "further": ["try", "try", "try"]}
    assert plan.study.tickets["anew"].trainings() == {"find": ("letters",), "try": ("digits",)}
    assert plan.study.tickets["further"].trainings() == {"find": (), "try": ("letters", "digits")}


def test_a_job_has_the_options_of_its_own_method_only(ways):
    for ticket, spec in ways.study.tickets.items():
        job = ways.round_job(ticket, 0, ways.last_round(ticket))
        options = METHODS[spec.method].options_model()
        unsaid = {key for key in options.later_keys if getattr(spec, key) is None}
        assert {*job.options} == {*options.model_fields} - unsaid
        named = {option: getattr(spec, option) for option in job.recipes}
        assert options.model_validate(job.options | named) == options.model_validate(spec.options.told())
        assert {*job.recipes} == ({"transform"} if spec.method == "dual" else set())
    assert ways.round_job("pressed", 0, 1).recipes["transform"] == ways.study.recipes["move"]


SETTINGS = {
    "method: at_init, score: snip": {"per_class": 13, "iterations": 1},
    "method: at_init, score: snip, per_class: 10": {"per_class": 10, "iterations": 1},
    "method: at_init, score: synflow": {"per_class": None, "iterations": 100},
    "method: at_init, score: grasp, iterations: 5": {"per_class": 10, "iterations": 5},
    "score: taylor": {"per_class": 13},
    "score: magnitude": {},
}


@pytest.mark.parametrize(("keys", "expected"), SETTINGS.items(), ids=SETTINGS)
def test_a_job_is_told_what_the_study_leaves_to_the_paper_of_a_score(tmp_path, keys, expected):
    """So that another default of ours, which is in no fingerprint, reruns the job."""
    ticket = f"  new: {{network: lenet, recipe: adam, dataset: mnist, densities: [0.5], {keys}}}\n  stable:"
    job = Plan(study_of(tmp_path, EVERY_WAY.replace("  stable:", ticket, 1))).round_job("new", 0, 1)
    assert {key: value for key, value in job.options.items() if key in ("per_class", "iterations")} == expected


def test_a_job_is_told_densities_as_fractions_and_by_kind_where_they_differ(ways):
    job = ways.round_job("imp", 0, 2)
    assert (job.density, job.layer_densities) == ("16/25", {"output": "81/100"})
    assert ways.round_job("reinit", 0, 2).layer_densities == {"output": "81/100"}
    assert ways.round_job("other", 0, 2).layer_densities == {}
    assert (ways.round_job("dense", 0, 0).density, ways.round_job("dense", 0, 0).layer_densities) == ("1", {})
    assert ways.round_job("stable", 0, 1).unpruned == ("output",)


def test_rounds_rewound_to_a_step_begin_there_unless_they_have_another_recipe_or_data_set(tmp_path):
    ticket = (
        "  deep: {network: lenet, recipe: adam, rewind: step, rewind_step: 500, chain: [{dataset: mnist, rounds: 2}, "
    )
    both = Plan(
        study_of(tmp_path, EVERY_WAY.replace("  stable:", f"{ticket}{{dataset: fashion, rounds: 1}}]}}\n  stable:"))
    )
    assert [both.round_job("deep", 0, round_).first_step for round_ in range(4)] == [
        0,
        500,
        0,
        0,
    ]  # where fashion prunes next
    assert [both.round_job("late", 0, round_).first_step for round_ in range(4)] == [0, 0, 0, 0]  # has `retrain`
    assert [both.round_job("imp", 0, round_).first_step for round_ in range(2)] == [0, 0]


def test_what_is_made_from_a_rewound_ticket_begins_its_training_where_that_does(tmp_path):
    """Else a control would be trained longer than its ticket, by an earlier part of the schedule."""
    rewound = ("rounds: 4, rate: 0.4}\n  away", "rounds: 4, rate: 0.4, rewind: step, rewind_step: 5}\n  away")
    keys = {
        "permuted": "method: derived, of: home, kind: permuted",
        "fresh": "method: derived, of: permuted, kind: reinitialised",
        "also": "rounds: 4, rate: 0.4, rewind: step, rewind_step: 5",
        "union": "method: combined, of: [home, also]",
        "mean": "method: combined, of: [home, also], weights: mean",
        "further": "rounds: 1, rate: 0.4, start: {ticket: home, round: 2}",
        "trained": "rounds: 1, rate: 0.4, start: {ticket: home, round: 2}, rewind: trained",
        "anew": "rounds: 1, rate: 0.4, start: {ticket: home, round: 2}, rewind: reinitialised",
        "onwards": "rounds: 1, rate: 0.4, start: {ticket: home, round: 2}, rewind: parent",
        "of_trained": "method: derived, of: trained, kind: permuted",
        "whole": "rounds: 2, rate: 0.4, rewind: step, rewind_step: 5, retrain: find",
        "of_whole": "method: derived, of: whole, kind: permuted",
        "after_whole": "rounds: 1, rate: 0.4, start: {ticket: whole, round: 1}",
        "from_dense": "rounds: 1, rate: 0.4, start: {ticket: home, round: 0}",
    }
    texts = [f"  {name}: {{network: lenet, recipe: find, dataset: digits, {text}}}\n" for name, text in keys.items()]
    texts += ["  otherwise: {network: lenet, recipe: try, dataset: digits, method: derived, of: home}\n"]
    texts += ["  elsewhere: {network: lenet, recipe: find, dataset: letters, method: derived, of: home}\n"]
    plan = Plan(study_of(tmp_path, changed(rewound, ("  away:", "".join(texts) + "  away:"))))
    found = {name: [plan.first_step(name, round_) for round_ in plan.rounds(name)] for name in (*keys, "cross")}
    assert found == {
        "permuted": [5, 5, 5, 5],
        "fresh": [5, 5, 5, 5],
        "also": [0, 5, 5, 5, 5],
        "union": [5, 5, 5, 5],
        "mean": [0, 0, 0, 0],  # of trained weights
        "further": [5, 5],
        "trained": [5, 0],  # the first trains the start's initial weights
        "anew": [5, 0],
        "onwards": [0, 0],
        "of_trained": [5, 0],
        "whole": [0, 0, 0],  # by its `retrain`
        "of_whole": [0, 0],
        "after_whole": [0, 0],
        "from_dense": [0, 0],  # which has theta_0
        "cross": [0, 0, 0],  # on letters
    }
    assert plan.first_step("otherwise", 1) == plan.first_step("elsewhere", 1) == 0


def test_what_is_made_from_trained_weights_has_the_batches_of_its_ticket(tmp_path):
    trained = ("rounds: 4, rate: 0.4}\n  away", "rounds: 4, rate: 0.4, rewind: trained}\n  away")
    keys = {"noisy": "of: home, kind: noisy", "fresh": "of: noisy", "other": "of: away, kind: permuted"}
    texts = [
        f"  {n}: {{network: lenet, recipe: find, dataset: digits, method: derived, {k}}}\n" for n, k in keys.items()
    ]
    plan = Plan(study_of(tmp_path, changed(trained, ("  away:", "".join(texts) + "  away:"))))
    assert {name: plan.round_job(name, 0, 3).further for name in (*keys, "home")} == {
        "noisy": ("round", 3),
        "fresh": ("round", 3),
        "other": None,
        "home": None,  # which its own job knows
    }
    start = "rewind: trained, start: {ticket: away, round: 2}"
    later = [
        f"  later: {{network: lenet, recipe: find, dataset: digits, rounds: 2, rate: 0.4, {start}}}\n",
        "  of_later: {network: lenet, recipe: find, dataset: digits, method: derived, of: later, kind: noisy}\n",
    ]
    plan = Plan(study_of(tmp_path, changed(("  cross:", "".join(later) + "  cross:"))))
    found = {round_: plan.round_job("of_later", 0, round_).further for round_ in plan.rounds("of_later")}
    assert found == {2: None, 3: ("round", 3), 4: ("round", 4)}  # the first trains the start's initial weights


def test_what_starts_from_trained_weights_has_the_batches_that_these_were_last_to_be_trained_in(tmp_path):
    """In the study's order, in which they were trained before, they would see each batch again."""
    trained = ("rounds: 4, rate: 0.4}\n  away", "rounds: 4, rate: 0.4, rewind: trained}\n  away")
    start = "rounds: 2, rate: 0.4, start: {ticket: home, round: 2}"
    keys = {
        "onwards": start,
        "anew": f"{start}, rewind: reinitialised",
        "tuned": f"{start}, rewind: trained",
        "parent": f"{start}, rewind: parent",
        "again": "rounds: 1, rate: 0.4, start: {ticket: onwards, round: 3}",
        "from_dense": "rounds: 1, rate: 0.4, start: {ticket: home, round: 0}",
        "noisy": "method: derived, of: onwards, kind: noisy",
        "both": "method: combined, of: [onwards, again]",
    }
    texts = [f"  {n}: {{network: lenet, recipe: find, dataset: digits, {k}}}\n" for n, k in keys.items()]
    plan = Plan(study_of(tmp_path, changed(trained, ("  away:", "".join(texts) + "  away:"))))
    orders = {name: [plan.further(name, round_) for round_ in plan.rounds(name)] for name in keys}
    second = ("round", 2)
    assert orders == {
        "onwards": [second, second, second],
        "anew": [second, None, None],
        "tuned": [second, ("round", 3), ("round", 4)],
        "parent": [("start",)] * 3,
        "again": [second, second],
        "from_dense": [None, None],  # theta_0 was trained in the study's order, and is again
        "noisy": [second, second, second],
        "both": [second, second],
    }
    told = {name: [plan.round_job(name, 0, round_).further for round_ in plan.rounds(name)] for name in keys}
    own = {"tuned": [second, None, None], "parent": [None] * 3}  # which their jobs know from their options
    assert told == orders | own


def test_a_score_of_images_looks_at_those_of_the_training_that_it_prunes(tmp_path):
    chain = "chain: [{dataset: digits, rounds: 2}, {dataset: letters, rounds: 2}]"
    texts = [
        f"  {score}: {{network: lenet, recipe: find, score: {score}, {chain}}}\n" for score in ("taylor", "magnitude")
    ]
    plan = Plan(study_of(tmp_path, changed(("  away:", "".join(texts) + "  away:"))))
    assert [plan.dataset("taylor", round_) for round_ in range(5)] == [
        "digits",
        "digits",
        "letters",
        "letters",
        "letters",
    ]
    assert [plan.scored_dataset("taylor", round_) for round_ in range(5)] == [None, None, "digits", None, None]
    assert not any(plan.scored_dataset("magnitude", round_) for round_ in range(5))


SHARED_DENSE = (
    ("rounds: 4, rate: 0.4}\n  away", "rounds: 4, rate: 0.4, rewind: step, rewind_step: 5}\n  away"),
    (
        "  cross:\n",
        "  tuned: {network: lenet, recipe: find, dataset: digits, rounds: 2, rate: 0.4,"
        " dense_of: home, rewind: trained}\n"
        "  stepped: {network: lenet, recipe: find, dataset: digits, rounds: 2, rate: 0.4, one_shot: true,"
        " dense_of: home, rewind: step, rewind_step: 5}\n"
        "  again: {network: lenet, recipe: find, dataset: digits, rounds: 2, rate: 0.4,"
        " dense_of: home, rewind: step, rewind_step: 5, retrain: find}\n"
        "  tuned_on: {network: lenet, recipe: find, dataset: digits, rounds: 2, rate: 0.4, one_shot: true,"
        " dense_of: home, rewind: trained, retrain: find}\n"
        "  at_init: {network: lenet, recipe: find, dataset: digits, rounds: 2, rate: 0.4, dense_of: home}\n"
        "  shuffled: {network: lenet, recipe: find, dataset: digits, method: derived, of: at_init, kind: shuffled}\n"
        "  cross:\n",
    ),
)


def test_a_ticket_may_prune_the_dense_network_of_another(tmp_path):
    plan = Plan(study_of(tmp_path, changed(*SHARED_DENSE)))
    assert plan.rounds("tuned") == plan.rounds("stepped") == (1, 2)
    assert plan.parents("tuned", 1) == [("home", 0)]
    assert plan.parents("tuned", 2) == [("tuned", 1)]
    assert plan.parents("stepped", 2) == [("home", 0)]
    assert plan.lineage("tuned", 2) == [("tuned", 2), ("tuned", 1), ("home", 0)]
    assert plan.root("stepped") == "home"
    assert plan.density("tuned", 2) == Fraction(36, 100)
    assert [plan.first_step("stepped", round_) for round_ in (1, 2)] == [5, 5]
    assert [plan.first_step("again", round_) for round_ in (1, 2)] == [0, 0]  # `retrain` is a whole training
    jobs = [plan.round_job("tuned", 0, round_) for round_ in (1, 2)]
    assert [(job.prunes, job.dense_of) for job in jobs] == [(True, "home"), (True, None)]
    assert plan.needs_trained("tuned", 1)
    labels = {ticket: plan.study.tickets[ticket].label() for ticket in ("tuned", "tuned_on", "stepped")}
    assert labels == {
        "tuned": "IMP, rate rewound",
        "tuned_on": "IMP, one shot, fine-tuned",
        "stepped": "IMP, one shot, k = 5",
    }


def test_who_prunes_a_dense_network_changes_no_job_of_its_own(tmp_path):
    alone, shared = (Plan(study_of(tmp_path, changed(*changes))) for changes in (SHARED_DENSE[:1], SHARED_DENSE))
    assert alone.round_job("home", 0, 0) == shared.round_job("home", 0, 0)


def test_the_arms_of_a_comparison_are_tickets_as_they_were_found(ways):
    assert ways.arms("at_home") == [
        Arm("imp", "own", 6, trained_when_found=True),
        Arm("reinit", "own", 6, trained_when_found=True),
        Arm("dense", "dense", 0, trained_when_found=True),
    ]
    assert [arm.name for arm in ways.arms("at_home")] == ["imp", "reinit", "dense"]
    assert not any(arm.is_control for arm in ways.arms("at_home"))
    assert [arm.ticket for arm in ways.evaluated_tickets("at_home")] == ["imp", "reinit"]
    assert ways.assessment_dataset("at_home") == "mnist"
    assert ways.assessments == ["away", "at_home", "photos"]


def test_the_dense_arm_of_a_comparison_is_where_the_first_chain_began(tmp_path):
    alone = EVERY_WAY.replace("[imp, reinit, dense]", "[imp, reinit]")
    plan = Plan(study_of(tmp_path, alone))
    assert plan.arm("at_home", "dense") == Arm("imp", "dense", 0, trained_when_found=True)
    assert [arm.name for arm in plan.arms("photos")] == ["snip", "grown", "moving", "pressed"], "none has a dense round"


def test_the_dense_arm_of_an_evaluation_of_tickets_from_scratch_has_to_be_made(tmp_path):
    """There is no dense round whose ticket could be taken; theta_0 is made from the first ticket's seed."""
    given = "  given: {network: lenet, recipe: adam, dataset: mnist, method: at_init, densities: [0.262144]}\n"
    text = EVERY_WAY.replace("  dense: {", given + "  dense: {")
    text = text.replace("tickets: [imp, other, twice]", "tickets: [given, imp]").replace(", matched_to: other", "")
    plan = Plan(study_of(tmp_path, text))
    assert plan.arm("away", "dense") == Arm("given", "dense", 1)
    assert plan.arm("away", "dense").is_control
    assert not Plan(study_of(tmp_path, EVERY_WAY)).arm("away", "dense").is_control


def test_a_ticket_more_or_a_comparison_changes_no_job_of_other_methods(tmp_path, ways):
    more = EVERY_WAY.replace(
        "  dense: {", "  second: {network: lenet, recipe: tune, dataset: mnist, rounds: 2}\n  dense: {"
    )
    assert jobs(ways).items() < jobs(Plan(study_of(tmp_path, more))).items()
    fewer = EVERY_WAY[: EVERY_WAY.index("comparisons:")]
    assert jobs(Plan(study_of(tmp_path, fewer))) == jobs(ways)


def test_the_sound_study_of_these_tests_is_sound(tmp_path):
    assert study_of(tmp_path, SOUND).study == "small"


def test_a_part_of_a_chain_is_so_many_rounds_one_after_another(tmp_path):
    """Counted from where the chain begins; rounds that could run side by side are parts of nothing."""
    text = SOUND.replace("datasets:", "compute: {rounds_per_job: 2}\ndatasets:", 1)
    plan = Plan(study_of(tmp_path, text))
    assert [plan.part("home", k) for k in range(5)] == [0, 0, 1, 1, 2]
    assert [plan.part("cross", k) for k in (2, 3, 4)] == [0, 0, 1]
    assert Plan(study_of(tmp_path)).part("home", 1) is None
    ways = Plan(study_of(tmp_path, EVERY_WAY.replace("datasets:", "compute: {rounds_per_job: 3}\ndatasets:", 1)))
    chains = {name for name in ways.study.tickets if ways.part(name, ways.last_round(name)) is not None}
    assert chains == {"imp", "other", "twice", "late", "stable"}


def test_limits_of_time_grow_with_the_work_and_several_rounds_share_a_margin(tmp_path):
    """By hand: mnist, 60,000 - 5,000 images; 5,000 steps of 60, 51 times 15,000 scored; 300 a second, times two."""
    plan = Plan(study_of(tmp_path, EVERY_WAY))
    work = 5000 * 60 + 52 * 15000 / 3
    assert round_minutes(plan, "imp", 3) == 15 + ceil(2 * work / 300 / 60)
    several = Plan(study_of(tmp_path, EVERY_WAY.replace("datasets:", "compute: {rounds_per_job: 3}\ndatasets:", 1)))
    assert round_minutes(several, "imp", 3) == 5 + ceil(2 * work / 300 / 60)
    assert round_minutes(several, "grown", 1) == round_minutes(plan, "grown", 1)
    assert memory_mb(plan, "mnist", "lenet") == 1300 + ceil(2 * 70000 * 784 / 1e6)


def test_no_job_is_told_the_names_of_recipes(tmp_path):
    """So that none is run again for a recipe of another name: jobs hold what recipes say."""
    renamed = {"adam": "train", "tune": "finetune", "cosine": "long", "move": "regularise"}
    text = EVERY_WAY
    for old, new in renamed.items():
        text = re.sub(rf"(^  |recipe: |retrain: |transform: ){old}\b", rf"\1{new}", text, flags=re.MULTILINE)
    one, other = (Plan(study_of(tmp_path, each)) for each in (EVERY_WAY, text))
    assert {*other.study.recipes} == {*renamed.values()}
    for ticket in one.study.tickets:
        for round_ in one.rounds(ticket):
            assert one.round_job(ticket, 0, round_) == other.round_job(ticket, 0, round_)
    for arm in one.arms("away"):
        assert one.evaluation_job("away", arm, 0) == other.evaluation_job("away", arm, 0)


OTHERS = "    density: 0.1296\n    other_initialisations: [kaiming_normal]\n"


def test_arms_of_other_initialisations_are_those_whose_weights_are_drawn(tmp_path):
    text = changed(("    density: 0.1296\n", OTHERS + "    controls: [dense, random, permuted]\n"))
    plan, before = Plan(study_of(tmp_path, text)), Plan(study_of(tmp_path, text.replace(OTHERS, OTHERS[:20])))
    own = [arm.name for arm in before.arms("transfer")]
    others = [arm.name.removesuffix("-kaiming_normal") for arm in plan.arms("transfer")[len(own) :]]
    assert [arm.name for arm in plan.arms("transfer")][: len(own)] == own == plan.arm_names("transfer")[: len(own)]
    assert others == ["home-reinitialised", "away-reinitialised", "cross-reinitialised", "cross-random", "dense"]
    dense, random = (plan.arm("transfer", f"{name}-kaiming_normal") for name in ("dense", "cross-random"))
    paths = Paths(plan)
    assert paths.arm_ticket(dense, 1).endswith("/controls/home-dense-kaiming_normal/seed1/round00/ticket.safetensors")
    assert paths.arm_ticket(random, 1).endswith("controls/cross-random-kaiming_normal/seed1/round04/ticket.safetensors")
    told = plan.evaluation_job("transfer", random, 1)
    assert (told.initialisation, told.network.initialisation) == ("kaiming_normal", "glorot_normal")
    assert told.drawn_network.initialisation == "kaiming_normal"
    for arm in before.arms("transfer"):
        jobs = [each.evaluation_job("transfer", arm, 1) for each in (plan, before)]
        assert job_digest(jobs[0]) == job_digest(jobs[1])
    assert settings(before.study)["evaluations"]["transfer"].keys() == {
        *("density", "compare", "reach_percent", "dataset", "recipe", "tickets", "initialisations", "controls"),
        *("controls_of", "matched_to", "examples", "draws", "trains"),
    }
