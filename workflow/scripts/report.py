"""Write the report."""

from pathlib import Path

from lth.analysis.report.page import write_report
from lth.config.study import Study
from lth.running.jobs import job
from lth.verification.listing import artifacts_checksum, listed_files, settings

with job("report", snakemake.log[0]) as running:
    study = Study.model_validate(snakemake.params.cfg["study"])
    out = Path(snakemake.output[0])
    tables, figures = list(map(Path, snakemake.input.tables)), list(map(Path, snakemake.input.figures))
    files = listed_files(out.parent, study, map(Path, snakemake.input))
    write_report(study, tables, figures, out, artifacts_checksum(settings(study), files))
    running.found = snakemake.output[0]
