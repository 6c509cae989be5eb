"""Keys about layers, groups, bases and noise: what they come to in jobs, and each fault's line and sentence."""

import json
from pathlib import Path

import pytest
import torch
from study_text import EVERY_WAY, changed, expect, problems, study_of

from lth.artifacts.records import job_digest
from lth.artifacts.tickets import Ticket
from lth.checks.read import load_study
from lth.config.data import Network
from lth.methods.dual import Base
from lth.plan.jobs import RoundJob
from lth.plan.paths import Paths
from lth.plan.plan import Arm, Plan
from lth.verification.listing import settings

TRAINED = "network: lenet, recipe: find, dataset: digits"
AT_INIT = f"{TRAINED}, method: at_init, score: random"
DUAL = f"{TRAINED}, method: dual, densities: [0.5], transform: find, penalty: {{rise: 1}}"


def tickets(**lines: str) -> tuple[str, str]:
    """Tickets more, from line 20 on."""
    return "  away:", "".join(f"  {name}: {{{keys}}}\n" for name, keys in lines.items()) + "  away:"


def plan_of(tmp_path, **lines: str) -> Plan:
    text = changed(tickets(**lines))
    return Plan(study_of(tmp_path, text))


def test_jobs_are_told_the_densities_of_their_round_by_name_and_the_groups(tmp_path) -> None:
    keys = 'densities: [0.5, 0.25], layer_densities: {"0": [1, 0.75], "3.*": [0.5, 0.5]}, groups: filters, '
    plan = plan_of(tmp_path, new=f"{TRAINED}, {keys} unpruned: [output]")
    jobs = [plan.round_job("new", 0, round_) for round_ in (0, 1, 2)]
    pairs = [None, (("0", "1"), ("3.*", "1/2")), (("0", "3/4"), ("3.*", "1/2"))]
    assert [job.named_densities for job in jobs] == pairs
    assert {job.groups for job in jobs} == {"filters"}


def test_patterns_in_another_order_are_another_job(tmp_path) -> None:
    """The first that fits a layer counts, so that the states of a stopped training are of no use to the other."""
    patterns = ('"[03]*": [0.5]', '"[37]*": [0.25]')  # of which both fit layer 3
    orders = [", ".join(patterns), ", ".join(reversed(patterns))]
    keys = [f"{TRAINED}, densities: [0.4], layer_densities: {{{order}}}" for order in orders]
    one, other = (plan_of(tmp_path, new=each).round_job("new", 0, 1) for each in keys)
    assert job_digest(one) != job_digest(other)
    for job in (one, other):
        assert RoundJob.model_validate(job.model_dump(mode="json", exclude_none=True)) == job


def test_a_file_that_is_pruned_already_is_no_start_for_layers_shares_by_erk(tmp_path) -> None:
    """The shares are those of a whole network, of which some layers have less left."""
    dense = Ticket.dense(Network(architecture="lenet5_classic"), 0)
    halves = {n: (torch.arange(m.numel()) % 2 == 0).view_as(m) for n, m in dense.masks.items()}
    dense.save(tmp_path / "whole.safetensors")
    dense.derive(halves, dense.weights).save(tmp_path / "half.safetensors")

    def lines(file: str, scope: str) -> dict[str, str]:
        start = f"rounds: 1, scope: {scope}, start: {{ticket: given, round: 1}}"
        return {"given": f"{TRAINED}, method: given, file: {tmp_path / file}", "new": f"{TRAINED}, {start}"}

    found = problems(tmp_path, changed(tickets(**lines("half.safetensors", "erk"))))
    words = (
        "'given' comes from a file that keeps 0.5 of its weights, so that layers may have less left than `scope: erk`"
    )
    assert found == [f"21 tickets.new.start: {words} is to keep; use a file that keeps all of them, or `scope: global`"]
    for file, scope in (("half", "layerwise"), ("half", "global"), ("whole", "erk")):
        assert plan_of(tmp_path, **lines(f"{file}.safetensors", scope)).rounds("new") == (1, 2)


def test_without_these_keys_jobs_and_settings_do_not_have_them(tmp_path) -> None:
    plan = Plan(study_of(tmp_path, EVERY_WAY))
    jobs = [plan.round_job(ticket, 0, plan.last_round(ticket)) for ticket in plan.study.tickets]
    jobs += [plan.evaluation_job("away", arm, 0) for arm in plan.arms("away")]
    told = json.dumps([job.model_dump(mode="json", exclude_none=True) for job in jobs])
    for text in (told, json.dumps(settings(plan.study))):
        found = [
            key
            for key in ("named_densities", "groups", "base", "tune_between", "noise", "energy")
            if f'"{key}"' in text
        ]
        assert found == []


def test_a_base_is_made_first_and_counts_as_cost(tmp_path) -> None:
    lines = {"whole": f"{TRAINED}, method: dense", "moved": f"{DUAL}, base: {{ticket: whole}}"}
    plan = plan_of(tmp_path, **lines, still=f"{DUAL}, base: {{ticket: whole, weights: initial}}")
    assert plan.parents("moved", 1) == plan.parents("still", 1) == [("whole", 0)]
    assert plan.needs_trained("moved", 1)
    assert not plan.needs_trained("still", 1)
    assert plan.lineage("moved", 1) == [("moved", 1), ("whole", 0)]


def test_cycles_are_tuned_between_by_a_recipe_of_their_own(tmp_path) -> None:
    keys = f"{DUAL}, cycles: 3, tune_between: "
    plan = plan_of(tmp_path, one=f"{keys}try", other=f"{keys}find")
    assert plan.round_job("one", 0, 1).recipes["tune_between"] == plan.study.recipes["try"]
    assert plan.study.tickets["one"].options.extra_trainings == {"find": 3, "try": 2}
    assert plan.study.tickets["other"].options.extra_trainings == {"find": 5}


def test_energy_changes_the_settings_and_no_job(tmp_path) -> None:
    """So that nothing is trained otherwise; a factor that changes makes tables anew."""
    without, text = (
        study_of(tmp_path, changed()),
        ("seeds: [0, 1, 2]\n", "seeds: [0, 1, 2]\nenergy: {grams_per_kwh: 380}\n"),
    )
    having = study_of(tmp_path, changed(text))
    assert settings(having) == {**settings(without), "energy": {"grams_per_kwh": 380.0, "citation": None}}
    plans = Plan(without), Plan(having)
    first, second = (
        [plan.evaluation_job("transfer", arm, 0) for arm in plan.arms("transfer")] + [plan.round_job("home", 0, 1)]
        for plan in plans
    )
    assert first == second
    more = {*Paths(plans[1]).artifacts()} - {*Paths(plans[0]).artifacts()}
    arms = [arm.name for arm in plans[0].arms("transfer")]
    assert more == {Paths(plans[1]).evaluated("measured.csv", "transfer", arm, k) for arm in arms for k in (0, 1, 2)}


def test_noise_is_told_to_the_jobs_of_noisy_arms_only(tmp_path) -> None:
    noise = ("seeds: [0, 1, 2]\n", "seeds: [0, 1, 2]\nnoise: {std: 0.02}\n")
    text = changed(noise, ("    matched_to: cross\n", "    matched_to: cross\n    controls: [dense, noisy, random]\n"))
    plan = Plan(study_of(tmp_path, text))
    jobs = {arm.name: plan.evaluation_job("transfer", arm, 0) for arm in plan.arms("transfer")}
    assert {name for name, job in jobs.items() if job.noise} == {"home-noisy", "away-noisy", "cross-noisy"}
    assert jobs["home-noisy"].noise == plan.control_job(Arm("home", "noisy", 4), 0).noise == plan.study.noise


FAULTS = {
    "layers by name in another scope": (
        tickets(new=f"{AT_INIT}, scope: erk, densities: [0.5], layer_densities: {{a: [0.5]}}"),
        "20 tickets.new.layer_densities: needs `scope: layerwise`, found 'erk'; take one of them out",
    ),
    "layers by name without densities": (
        tickets(new=f"{TRAINED}, rounds: 2, layer_densities: {{a: [0.5]}}"),
        "20 tickets.new.layer_densities: goes with `densities`, found none",
    ),
    "fewer densities by name": (
        tickets(new=f"{AT_INIT}, densities: [0.5, 0.2], layer_densities: {{a: [0.5]}}"),
        "20 tickets.new.layer_densities.a: needs a density for each of the 2 of `densities`, found 1",
    ),
    "densities by name that rise": (
        tickets(new=f"{AT_INIT}, densities: [0.5, 0.2], layer_densities: {{a: [0.5, 0.6]}}"),
        "20 tickets.new.layer_densities.a[1]: densities must not rise from round to round, found 0.6 after 0.5",
    ),
    "a pattern that fits nothing": (
        tickets(new=f"{AT_INIT}, densities: [0.5], layer_densities: {{'stage1.*': [0.5]}}"),
        "20 tickets.new.layer_densities.stage1.*: no layer of 'lenet5_classic' has 'stage1.*' as its first pattern; "
        "its layers are 0, 3, 7, 9, ...",
    ),
    "a pattern behind one that fits the same": (
        tickets(new=f"{AT_INIT}, densities: [0.5], layer_densities: {{'*': [0.5], '0': [0.5]}}"),
        "20 tickets.new.layer_densities.0: no layer of 'lenet5_classic' has '0' as its first pattern",
    ),
    "groups over the network": (
        tickets(new=f"{AT_INIT}, scope: global, densities: [0.5], groups: channels"),
        "20 tickets.new.groups: 'channels' are ranked within each layer, found `scope: global`",
    ),
    "filters of the classes": (
        tickets(new=f"{AT_INIT}, densities: [0.5], groups: filters"),
        "20 tickets.new.groups: 'filters' of the last layer are the classes, which must stay; "
        "add `output` to `unpruned`",
    ),
    "groups in dynamic training": (
        tickets(new=f"{TRAINED}, method: dynamic, densities: [0.5], groups: channels, update_interval: 5"),
        "20 tickets.new.groups: `method: dynamic` drops and grows single weights, found 'channels'; take it out",
    ),
    "groups from a start of single weights": (
        tickets(new=f"{TRAINED}, rounds: 1, groups: channels, start: {{ticket: home, round: 2}}"),
        "20 tickets.new.start: 'home' was pruned in single weights, this ticket is in channels; give both the same",
    ),
    "layers by name with a start": (
        tickets(new=f"{TRAINED}, densities: [0.2], layer_densities: {{'0': [0.5]}}, start: {{ticket: home, round: 2}}"),
        "20 tickets.new.start: 'home' or this ticket has `layer_densities`, so that layers may have less left",
    ),
    "a sparse base": (
        tickets(new=f"{DUAL}, base: {{ticket: home}}"),
        "20 tickets.new.base.ticket: 'home' keeps 0.1296 of its weights in its last round; a dense one is needed",
    ),
    "a base that is not there": (
        tickets(new=f"{DUAL}, base: {{ticket: hom}}"),
        "20 tickets.new.base.ticket: 'hom' is not defined (did you mean 'home'?)",
    ),
    "tuning between nothing": (
        tickets(new=f"{DUAL}, tune_between: find"),
        "20 tickets.new.tune_between: has no effect with one cycle; raise `cycles`, or take it out",
    ),
    "energy without what a kWh emits": (
        ("seeds: [0, 1, 2]\n", "seeds: [0, 1, 2]\nenergy: {}\n"),
        "3 energy: `grams_per_kwh` is missing; it must be a number at least 0 and at most 3000",
    ),
    "a kWh that emits less than nothing": (
        ("seeds: [0, 1, 2]\n", "seeds: [0, 1, 2]\nenergy: {grams_per_kwh: -1}\n"),
        "3 energy.grams_per_kwh: must be a number at least 0 and at most 3000, found -1",
    ),
    "kilograms for grams": (
        ("seeds: [0, 1, 2]\n", "seeds: [0, 1, 2]\nenergy: {grams_per_kwh: 380000}\n"),
        "3 energy.grams_per_kwh: must be a number at least 0 and at most 3000, found 380000",
    ),
    "noise for nobody": (
        ("seeds: [0, 1, 2]\n", "seeds: [0, 1, 2]\nnoise: {std: 0.02}\n"),
        "3 noise: has no effect: no evaluation has the control `noisy`; add it, or take this out",
    ),
    "noise of two sizes": (
        tickets(new=f"{TRAINED}, method: derived, of: home, kind: noisy, noise: {{std: 0.1, relative: 0.1}}"),
        "20 tickets.new.noise: says how large the noise is by one of `relative` and `std`; give one of them",
    ),
    "noise of another control": (
        tickets(new=f"{TRAINED}, method: derived, of: home, noise: {{std: 0.1}}"),
        "20 tickets.new.noise: only `kind: noisy` has it, and `kind` is 'reinitialised'; take it out",
    ),
}


@pytest.mark.parametrize(("change", "sentence"), FAULTS.values(), ids=FAULTS)
def test_each_fault_is_one_sentence(tmp_path, change: tuple[str, str], sentence: str) -> None:
    found = problems(tmp_path, changed(change))
    expect(found, sentence)
    assert len(found) == 1


CONFIG = Path(__file__).parents[2] / "config"


def test_the_published_commands_of_dual_lottery_tickets_are_as_published() -> None:
    """README of github.com/yueb17/DLTH and its option.py: lambda is at 1 after 50,000 and 10,000 steps, then
    held for 40,000 and 10,000; `--stage_pr [0,0.7,0.7,0.7,0]`; `--pick_pruned` min and iter_rand."""
    study = load_study(CONFIG / "dual-cifar100.yaml")
    jobs = {name: Plan(study).round_job(name, 0, 1) for name in ("rst_one_shot", "rst_iter_5")}
    for name, (cycles, every, held, choice) in {
        "rst_one_shot": (1, 5, 40000, "smallest"),
        "rst_iter_5": (5, 1, 10000, "random"),
    }.items():
        job, options = jobs[name], study.tickets[name].options
        assert (job.density, job.unpruned) == ("3/10", ("first", "output"))
        assert (options.cycles, options.choice, options.base, options.tune_between) == (cycles, choice, None, None)
        assert job.recipes["transform"].iterations == 10000 * every + held
        assert options.penalty.every * round(options.penalty.limit / options.penalty.rise) == 10000 * every
        rule = job.recipes["transform"].optimiser
        assert (rule.learning_rate, rule.momentum, rule.weight_decay) == (1e-3, 0.9, 5e-4)
        assert (job.recipe.epochs, job.recipe.batch_size, job.recipe.schedule.milestones) == (200, 128, (100, 150))


def test_figures_tell_variants_apart() -> None:
    tickets = load_study(CONFIG / "dual-cifar100-quick.yaml").tickets
    assert {name: tickets[name].label() for name in tickets if name.startswith("rst_")} == {
        "rst_no_penalty": "RST without penalty",
        "rst_by_stage": "RST, by layer",
        "rst_filters": "RST, filters",
        "rst_iter5": "RST Iter-5",
        "rst_noise_tenth": "noisy 0.1 RMS, of rst",
        "rst_noise_half": "noisy 0.5 RMS, of rst",
    }
    assert tickets["random_phases"].label() == "RST masked from the start"
    assert tickets["random_filters_phases"].label() == "RST masked from the start, filters"
    changes = ({"tune_between": "tune"}, {"base": Base(ticket="dense")})
    tuned, based = (tickets["rst_iter5"].model_copy(update=change) for change in changes)
    assert (tuned.label(), based.label()) == ("RST Iter-5, tuned between", "RST Iter-5, trained base")


def test_sparsity_by_stage_is_that_of_the_tickets_beside_it() -> None:
    """ResNet-20: 13,824, 50,688 and 202,752 weights in its stages but for the first convolution; 30 % are 80,179."""
    study = load_study(CONFIG / "dual-cifar100-quick.yaml")
    shares = study.tickets["rst_by_stage"].layer_densities
    sizes = {"stage1.*": 13_824, "stage2.*": 50_688, "stage3.*": 202_752}
    assert sum(size * shares[stage][0] for stage, size in sizes.items()) == pytest.approx(80_179, rel=1e-3)
