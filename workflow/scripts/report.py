"""Write the report, one page that leads with the verdict."""

from pathlib import Path

from lth.config.study import Study
from lth.jobs import job
from lth.report import write_report

with job("report", snakemake.log[0]) as running:
    study = Study.model_validate(snakemake.params.cfg["study"])
    tables, figures = map(Path, snakemake.input.tables), map(Path, snakemake.input.figures)
    write_report(study, tables, figures, Path(snakemake.output[0]))
    running.found = snakemake.output[0]
