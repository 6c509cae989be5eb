"""Collect an evaluation's arms into its tables, and say what they show."""

from pathlib import Path

from lth.config.models import Study
from lth.jobs import job
from lth.tables import write_evaluation_tables

evaluation = snakemake.wildcards.evaluation
with job(f"tables {evaluation}", snakemake.log[0]) as running:
    files = {name: [Path(path) for path in paths] for name, paths in snakemake.input.items()}
    out = {name: Path(path) for name, path in snakemake.output.items()}
    write_evaluation_tables(Study.model_validate(snakemake.params.cfg["study"]), evaluation, **files, out=out)
    running.found = ", ".join(out)
