"""Prepare a data set: read, transform, split."""

from pathlib import Path

from lth.config.jobs import DataJob
from lth.data.prepare import data_root, prepare
from lth.jobs import job

spec = DataJob.model_validate(snakemake.params.cfg["job"])
with job(f"data {spec.dataset}", snakemake.log[0]) as running:
    images = prepare(spec.dataset, spec.spec, data_root(snakemake.config.get("data_root")))
    images.save(Path(snakemake.output[0]))
    running.found = ", ".join(f"{len(split)} {name}" for name, split in images.splits.items()) + " images"
