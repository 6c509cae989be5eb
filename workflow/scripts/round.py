"""Run a round of a ticket: prune, rewind, train."""

from pathlib import Path

from lth.config.study import Compute
from lth.plan.jobs import RoundJob
from lth.running.jobs import job
from lth.running.stopping import is_away

parameters, compute = snakemake.params.cfg, Compute.model_validate(snakemake.config.get("compute", {}))
spec = RoundJob.model_validate(parameters["job"])
inputs, outputs = ({name: Path(str(path)) for name, path in io.items()} for io in (snakemake.input, snakemake.output))
with job(f"ticket {spec.ticket} seed {spec.seed} round {spec.round}", snakemake.log[0]) as running:
    # These import torch, which takes seconds; signals are handled from here on.
    from lth.methods.round import RoundFiles, run_round
    from lth.running.scratch import Scratch

    scratch = Scratch.of(outputs["history"], parameters, inputs.values(), compute)
    scratch.keeps = compute.rounds_per_job > 1 and is_away()
    with scratch.held(running.log, running.announce):
        run_round(spec, RoundFiles(**inputs, **outputs), compute, running, scratch)
