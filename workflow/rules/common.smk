# Reads and checks the study; paths and lookups for all rules. No torch here: the graph is built in well under a second.
import os
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from lth.config.plan import Plan
from lth.config.problems import StudyError
from lth.config.read import read_study
from lth.data.sources import SOURCES
from lth.fingerprint import fingerprint
from lth.networks import ARCHITECTURES
from lth.scores import SCORES

try:
    study, warnings = read_study(config, workflow.configfiles)
except StudyError as error:
    raise WorkflowError(str(error)) from None
if workflow.is_main_process:
    for warning in warnings:
        logger.warning(str(warning))
plan = Plan(study)

RESULTS = f"results/{study.study}"
SCRIPTS = Path(workflow.basedir, "workflow", "scripts")
GPU = study.compute.device == "cuda" or (
    study.compute.device == "auto" and os.path.exists("/dev/nvidiactl")
)

# Jobs find the core beside the Snakefile, in whatever environment they run.
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [workflow.basedir, os.environ.get("PYTHONPATH")])
)


wildcard_constraints:
    dataset=r"[a-z0-9_]+",
    ticket=r"[a-z0-9_]+",
    evaluation=r"[a-z0-9_]+",
    arm=r"[a-z0-9_]+(-[a-z]+)?",
    kind="fresh|shuffled|random",
    seed=r"\d+",
    round=r"\d\d+",


def dataset(name):
    """Where a prepared data set lies."""
    return f"{RESULTS}/data/{name}.safetensors"


def round_file(name, ticket="{ticket}", seed="{seed}", round="{round}"):
    """Where a file of a ticket's round lies; rounds are given as numbers or left as a wildcard."""
    number = round if isinstance(round, str) else f"{round:02d}"
    return f"{RESULTS}/tickets/{ticket}/seed{seed}/round{number}/{name}"


def control_file(ticket="{ticket}", kind="{kind}", seed="{seed}", round="{round}"):
    """Where a control's ticket lies."""
    number = round if isinstance(round, str) else f"{round:02d}"
    return f"{RESULTS}/controls/{ticket}-{kind}/seed{seed}/round{number}/ticket.safetensors"


def evaluated(name, evaluation="{evaluation}", arm="{arm}", seed="{seed}"):
    """Where a file of an arm's evaluation lies."""
    return f"{RESULTS}/evaluations/{evaluation}/{arm}/seed{seed}/{name}"


def arm_ticket(arm, seed):
    """The ticket that an arm trains: one of a chain, or a control made of it."""
    if arm.is_control:
        return control_file(arm.ticket, arm.kind, seed, arm.round)
    return round_file("ticket.safetensors", arm.ticket, seed, arm.round)


def code(script, *targets):
    """What a job does, apart from what it is told: changes when its behaviour can, not when a comment does."""
    return fingerprint(targets, SCRIPTS / script)


def told(job, script, *targets):
    """A rule's only parameter: what the job is told, and the code that does it."""
    return {"job": job.model_dump(mode="json"), "code": code(script, *targets)}


def network_target(network):
    """The code that builds a network."""
    return ARCHITECTURES[network.architecture].target
