"""Give the ticket of an arm a new output layer, for a data set of other classes."""

from pathlib import Path

from lth.methods.new_output import make_new_output
from lth.plan.jobs import NewOutputJob
from lth.running.jobs import job

spec, out = NewOutputJob.model_validate(snakemake.params.cfg["job"]), Path(snakemake.output.ticket)
with job(f"new output layer {out.parents[2].name} seed {spec.seed}", snakemake.log[0]) as running:
    make_new_output(spec, Path(snakemake.input.ticket), out, running)
