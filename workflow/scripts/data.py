"""Prepare a data set: read, transform and split it."""

from pathlib import Path

from lth.catalog.datasets import SOURCES
from lth.catalog.kinds import PREPARED
from lth.data.root import data_root
from lth.plan.jobs import DataJob
from lth.running.jobs import job

spec = DataJob.model_validate(snakemake.params.cfg["job"])
with job(f"data {spec.dataset}", snakemake.log[0]) as running:
    prepare = PREPARED[SOURCES[spec.spec.source].kind].load()
    examples = prepare(spec.dataset, spec.spec, data_root(snakemake.config.get("data_root")))
    examples.save(Path(snakemake.output[0]))
    counts = ", ".join(f"{len(split)} {name}" for name, split in examples.splits.items())
    running.found = f"{counts} {examples.noun}"
