# Reads and checks the study; paths and functions for all rules. Does not import torch, which takes seconds.
import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

import lth.analysis
from lth.checks.problems import StudyError
from lth.checks.read import read_study
from lth.catalog.controls import ARM_KINDS
from lth.catalog.kinds import FEEDS, HELD, PREPARED
from lth.catalog.datasets import SOURCES
from lth.config.data import Initialisation
from lth.config.study import NO_RESULT
from lth.errors import UserError
from lth.analysis.figures import FIGURES
from lth.analysis.report import PAGE_PARTS as REPORT_PARTS
from lth.analysis.figures.captions import all_captions, write_captions
from lth.analysis.figures.choice import figures_of
from lth.analysis.figures.colours import colour_places
from lth.kept_fingerprints import kept_fingerprint
from lth.machine import has_gpu
from lth.catalog.methods import METHODS
from lth.catalog.architectures import ARCHITECTURES
from lth.plan.inputs import (
    all_arms,
    all_needed,
    all_rounds,
    animation_files,
    arm_tickets,
    crossing,
    data_job,
    evaluated,
    made_controls,
    measured,
    records,
)
from lth.plan.paths import ARM_FILES, ROUND_TABLES, Paths
from lth.plan.plan import Arm, Plan
from lth.plan.sizes import (
    MODEL_MB,
    asked,
    evaluation_minutes,
    longest_minutes,
    manifest_mb,
    mask_mb,
    memory_mb,
    preparation_mb,
    round_minutes,
)
from lth.artifacts.origin import OPTIONS, options_of
from lth.catalog.scores import SCORES
from lth.running.stopping import AWAY, STARTED_BY
from lth.text.model_files import model_content
from lth.analysis.tables import evaluation_tables, study_tables

try:
    main = workflow.is_main_process
    study, warnings = read_study(config, workflow.configfiles, tries=main)
except (StudyError, UserError) as error:
    raise WorkflowError(str(error)) from None
if workflow.is_main_process:
    for warning in warnings:
        logger.warning(str(warning))
options = options_of(
    workflow.overwrite_configfiles, workflow.config_settings.config_args or ()
)
os.environ[OPTIONS] = json.dumps(options)  # for the messages of jobs
if workflow.remote_exec:
    os.environ[AWAY] = "1"
os.environ[STARTED_BY] = str(os.getpid())  # jobs end when this process is gone
plan = Plan(study)

paths = Paths(plan)
RESULTS = paths.results
# Beside this file, wherever the workflow that uses these rules lies.
SCRIPTS = Path(str(workflow.current_basedir)).parent / "scripts"
TABLES = f"{RESULTS}/tables"
SCRATCH = study.compute.scratch_of(study.study)
FIGURE_FILES = f"{RESULTS}/figures"
TEXTS = any(ARCHITECTURES[spec.architecture].text for spec in study.networks.values())
HUB = any(spec.source.startswith("huggingface:") for spec in study.datasets.values())
if HUB and study.data_root:
    os.environ.setdefault("LTH_DATA", study.data_root)  # facts are looked for there
ENVIRONMENT = f"../../envs/{'lth-text' if TEXTS or HUB else 'lth'}.yaml"
GPU = study.compute.device == "cuda" or (study.compute.device == "auto" and has_gpu())


def one_of(names):
    """A pattern of what the study has, so that no file of anything else is a target; of nothing, where it has none."""
    return "|".join(map(str, names)) or r"(?!)"


wildcard_constraints:
    dataset=one_of(study.datasets),
    network=one_of(study.networks),
    ticket=one_of(study.tickets),
    evaluation=one_of(plan.assessments),
    arm=r"[a-z0-9_]+(-[a-z_]+){0,2}",
    initialisation="|".join(get_args(Initialisation)),
    kind="|".join(kind for kind in ARM_KINDS if kind != "own"),
    classes=r"\d+",
    seed=one_of(study.seeds),
    round=r"\d\d+",


def code(script, *targets):
    """A fingerprint of the code that a job runs: changes with its behaviour, not with comments."""
    return kept_fingerprint(targets, SCRIPTS / script)


def parameters(job, script, *targets):
    """The only parameter of a rule: the job's specification, and a fingerprint of its code."""
    return {
        "job": job.model_dump(mode="json", exclude_none=True),
        "code": code(script, *targets),
    }


def trained_targets(job):
    """The code that builds the network of a round or evaluation, holds its data set and batches it."""
    kind = SOURCES[study.datasets[job.dataset].source].kind
    return network_target(job.network), HELD[kind].target, FEEDS[kind].target


def network_target(network):
    """The code that builds a network."""
    return ARCHITECTURES[network.architecture].target


def source_targets(name):
    """The code that reads, prepares and holds a data set."""
    source = SOURCES[study.datasets[name].source]
    return source.target, PREPARED[source.kind].target, HELD[source.kind].target


def data_parameters(wildcards):
    """The parameters of a data set's preparation; a tokenizer may be a folder of the user's."""
    job, name = data_job(plan, wildcards.dataset), wildcards.dataset
    if job.content is None and job.spec.tokenizer:
        content = guarded(model_content, job.spec.tokenizer)
        job = job.model_copy(update={"content": content})
    return parameters(job, "data.py", *source_targets(name))


def model_parameters(wildcards):
    """The parameters of a pre-trained model; it may be a folder of the user's."""
    job = plan.model_job(wildcards.network)
    content = guarded(model_content, job.model)
    return parameters(job.model_copy(update={"content": content}), "model.py")


def model_input(ticket):
    """The pre-trained model that the network of a ticket starts from, if any."""
    network = study.tickets[ticket].network
    return {"model": plan.model_file(network)} if study.networks[network].model else {}


def round_inputs(wildcards):
    """The data set, and the tickets (and trained weights) that the round is derived from: none, one or two."""
    ticket, seed, number = wildcards.ticket, wildcards.seed, int(wildcards.round)
    inputs = {
        "data": paths.dataset(plan.dataset(ticket, number)),
        **model_input(ticket),
    }
    if scored := plan.scored_dataset(ticket, number):
        inputs["scored"] = paths.dataset(scored)
    if given := study.tickets[ticket].options.input_file(int(seed)):
        inputs["given"] = given
    parents = plan.parents(ticket, number)
    for name, (parent, parent_round) in zip(("parent", "other"), parents):
        inputs[name] = paths.round_file(
            "ticket.safetensors", parent, seed, parent_round
        )
        if plan.needs_trained(ticket, number):
            inputs[f"{name}_trained"] = paths.round_file(
                "trained.safetensors", parent, seed, parent_round
            )
    return inputs


def round_outputs(keep):
    """The files of a round; trained weights are temporary unless `keep`."""
    trained = paths.round_file("trained.safetensors")
    return {
        "ticket": paths.round_file("ticket.safetensors"),
        "trained": trained if keep else temp(trained),
        **{name: paths.round_file(f"{name}.csv") for name in ROUND_TABLES},
    }


def in_rounds(kept=False):
    """A pattern of tickets' names in the folders of their rounds; if `kept`, of those whose trained weights stay."""
    patterns = []
    for ticket in study.tickets:
        rounds = [
            r for r in plan.rounds(ticket) if not kept or plan.keeps_weights(ticket, r)
        ]
        patterns.append(
            rf"{ticket}(?=/seed\d+/round({one_of(f'{r:02d}' for r in rounds)})/)"
        )
    return one_of(patterns)


def round_group(wildcards):
    """The rounds of a chain that one cluster job runs one after the other."""
    part = plan.part(wildcards.ticket, int(wildcards.round))
    if part is None:
        return None
    return f"{wildcards.ticket}-seed{wildcards.seed}-part{part}"


def round_parameters(wildcards):
    """The parameters of a round."""
    job = plan.round_job(wildcards.ticket, int(wildcards.seed), int(wildcards.round))
    score = job.options.get("score")
    targets = METHODS[job.method].target, *([SCORES[score].target] if score else [])
    return parameters(job, "round.py", *trained_targets(job), *targets)


def control_parameters(wildcards):
    """The parameters of a control; its weights may be drawn by another initialisation than the network's."""
    job = plan.control_job(arm_of(wildcards), int(wildcards.seed))
    return parameters(job, "control.py", network_target(job.network))


def arm_of(wildcards, classes=None):
    """The arm that the wildcards of a control's folder are of."""
    return Arm(
        wildcards.ticket,
        wildcards.kind,
        int(wildcards.round),
        initialisation=wildcards.get("initialisation"),
        new_output=classes,
    )


def new_output_inputs(wildcards):
    """The ticket that gets a new output layer: one of a chain, or a control."""
    return {
        "ticket": paths.made_or_found(arm_of(wildcards), wildcards.seed),
        **model_input(wildcards.ticket),
    }


def new_output_parameters(wildcards):
    """The parameters of a ticket with a new output layer."""
    arm = arm_of(wildcards, int(wildcards.classes))
    job = plan.new_output_job(arm, int(wildcards.seed))
    return parameters(job, "new_output.py", network_target(job.network))


def evaluation_inputs(wildcards):
    """The ticket of an arm, and the target data set."""
    arm = plan.arm(wildcards.evaluation, wildcards.arm)
    return {
        "data": paths.dataset(study.evaluations[wildcards.evaluation].dataset),
        "ticket": paths.arm_ticket(arm, wildcards.seed),
        **model_input(arm.ticket),
    }


def evaluation_outputs(keep=False):
    """The files of an evaluation; trained weights only of those that keep them."""
    files = (*paths.arm_files, *(["trained.safetensors"] if keep else []))
    names = {file: file.partition(".")[0] for file in files} | {ARM_FILES[-1]: "record"}
    return {names[file]: paths.evaluated(file) for file in files}


def evaluation_parameters(wildcards):
    """The parameters of an evaluation."""
    arm = plan.arm(wildcards.evaluation, wildcards.arm)
    job = plan.evaluation_job(wildcards.evaluation, arm, int(wildcards.seed))
    return parameters(job, "evaluate.py", *trained_targets(job))


def asked_minutes(each, attempt):
    """Requested minutes, increasing with each attempt."""
    return asked(each, attempt, study.compute.longest_minutes)


def asked_mb(each, attempt):
    """Requested megabytes, increasing with each attempt."""
    return asked(each, attempt, study.compute.most_memory_mb)


def round_limits(resource):
    """Minutes or megabytes for a round, increasing with each attempt."""

    def limit(wildcards, attempt):
        ticket, number = wildcards.ticket, int(wildcards.round)
        if resource == "runtime":
            most = longest_minutes(plan, ticket, number)
            return asked(round_minutes(plan, ticket, number), attempt, most)
        network = study.tickets[ticket].network
        return asked_mb(memory_mb(plan, plan.dataset(ticket, number), network), attempt)

    return limit


def mask_limit(wildcards, attempt):
    """Megabytes for a job that makes a ticket of another, increasing with each attempt."""
    return asked_mb(mask_mb(plan, study.tickets[wildcards.ticket].network), attempt)


def evaluation_limits(resource):
    """Minutes or megabytes for the evaluation of an arm, increasing with each attempt."""

    def limit(wildcards, attempt):
        if resource == "runtime":
            return asked_minutes(
                evaluation_minutes(plan, wildcards.evaluation), attempt
            )
        arm = plan.arm(wildcards.evaluation, wildcards.arm)
        data = study.evaluations[wildcards.evaluation].dataset
        network = study.tickets[arm.ticket].network
        return asked_mb(memory_mb(plan, data, network), attempt)

    return limit


def summary(script, *targets):
    """The parameters of a summary: the study without options that change no result."""
    settings = study.model_dump(mode="json", exclude=NO_RESULT)
    return {"study": settings, "code": code(script, *targets)}


def table_files(evaluation=None):
    """The tables of an evaluation, or of the study, by name."""
    if evaluation is None:
        return {name: f"{TABLES}/{name}.csv" for name in study_tables(study)}
    names = evaluation_tables(study)
    return {name: f"{TABLES}/{evaluation}/{name}.csv" for name in names}


def figure_files(evaluation=None):
    """The figures of an evaluation or comparison, or of the study."""
    folder = FIGURE_FILES if evaluation is None else f"{FIGURE_FILES}/{evaluation}"
    return [f"{folder}/{name}.svg" for name in figures_of(plan, evaluation)]


def figure_copies(evaluation=None):
    """The same figures in the other formats that the study asks for."""
    return [
        str(Path(file).with_suffix(f".{form}"))
        for file in figure_files(evaluation)
        for form in study.figures.beside_svg
    ]


def pictured(file, ticket=None):
    """A file of each round of the first seed, of all tickets or of one."""
    tickets = None if ticket is None else [ticket]
    return all_rounds(paths, file, tickets, study.seeds[:1])


def last_trained():
    """The trained weights of the first seed that stay: of the last round of each ticket."""
    last = {ticket: plan.last_round(ticket) for ticket in study.tickets}
    return [
        paths.round_file("trained.safetensors", ticket, study.seeds[0], round_)
        for ticket, round_ in last.items()
    ]


def of_all(files):
    """Files of the study, and of all its evaluations and comparisons."""
    return [file for e in (None, *plan.assessments) for file in files(e)]


# `snakemake --report` reads captions from files, `lth` makes them of the study. They are written here for the lifetime of
# this process, so that a new caption changes the parameters of no job but the report's.
all_words = all_captions(plan)
captions = None
if workflow.is_main_process:
    captions = TemporaryDirectory(prefix="lth-captions-")
    write_captions(Path(captions.name), all_words)


def caption_file(figure, assessment):
    """The caption of a figure of an assessment, or of the study (None), as a file for Snakemake's report."""
    return f"{captions.name}/{assessment or ''}/{figure}.rst" if captions else None


def report_words():
    """The words of the report that its code's fingerprint leaves out: the page's parts and the captions."""
    words = {
        assessment: {
            figure: [FIGURES[figure].about, caption]
            for figure, caption in found.items()
        }
        for assessment, found in all_words.items()
    }
    parts = template_text(*(f"report/{name}" for name in REPORT_PARTS))
    return {"captions": words, "page": parts}


def template_text(*files):
    """Files of a page that are not Python, as one text; their paths are those below `lth/analysis`."""
    folder = Path(lth.analysis.__file__).parent
    return "".join((folder / file).read_text(encoding="utf-8") for file in files)
