"""Make a control of a ticket (`lth/catalog/controls.py`)."""

from pathlib import Path

from lth.methods.controls import make_control
from lth.plan.jobs import ControlJob
from lth.running.jobs import job

spec = ControlJob.model_validate(snakemake.params.cfg["job"])
with job(f"control {spec.ticket}-{spec.kind} seed {spec.seed}", snakemake.log[0]) as running:
    make_control(spec, Path(snakemake.input.ticket), Path(snakemake.output.ticket), running)
