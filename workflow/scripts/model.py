"""Download a pre-trained model and store its weights as an artifact."""

from pathlib import Path

from lth.plan.jobs import ModelJob
from lth.running.jobs import job
from lth.text.checkpoints import save_model

spec = ModelJob.model_validate(snakemake.params.cfg["job"])
with job(f"model {spec.network}", snakemake.log[0]) as running:
    values = save_model(spec.model, Path(snakemake.output[0]))
    running.found = f"{spec.model}, {values:,} values"
