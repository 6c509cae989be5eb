"""Collect the histories and layer counts of all tickets into the study's tables."""

from pathlib import Path

from lth.config.models import Study
from lth.jobs import job
from lth.tables import write_study_tables

with job("tables", snakemake.log[0]) as running:
    out = {name: Path(path) for name, path in snakemake.output.items()}
    study = Study.model_validate(snakemake.params.cfg["study"])
    write_study_tables(study, map(Path, snakemake.input.histories), map(Path, snakemake.input.layers), out)
    running.found = ", ".join(out)
