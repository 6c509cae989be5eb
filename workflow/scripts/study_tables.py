"""Write the tables of the study from all rounds of all tickets."""

from pathlib import Path

from lth.analysis.tables import write_study_tables
from lth.analysis.tables.checks import check_records
from lth.config.study import Study
from lth.running.jobs import job

with job("tables", snakemake.log[0]) as running:
    files = {name: [Path(path) for path in paths] for name, paths in snakemake.input.items()}
    out = {name: Path(path) for name, path in snakemake.output.items()}
    study = Study.model_validate(snakemake.params.cfg["study"])
    check_records(study, files.pop("records"))
    write_study_tables(study, **files, out=out)
    running.found = ", ".join(out)
