"""Write the tables and the verdict of an evaluation or comparison."""

from pathlib import Path

from lth.analysis.tables import write_evaluation_tables
from lth.analysis.tables.checks import check_records
from lth.config.study import Study
from lth.running.jobs import job

assessment = snakemake.wildcards.evaluation
with job(f"tables {assessment}", snakemake.log[0]) as running:
    files = {name: [Path(path) for path in paths] for name, paths in snakemake.input.items()}
    out = {name: Path(path) for name, path in snakemake.output.items()}
    study = Study.model_validate(snakemake.params.cfg["study"])
    check_records(study, files.pop("records"), files["arm_tickets"])
    write_evaluation_tables(study, assessment, **files, out=out)
    running.found = ", ".join(out)
