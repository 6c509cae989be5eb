"""Draw the figures of the study, or of one evaluation or comparison, from its tables."""

from pathlib import Path

from lth.analysis.figures.draw import draw_figure
from lth.analysis.tables.files import read_table
from lth.running.jobs import job

parameters = snakemake.params.cfg
with job(f"figures of {parameters['of']}", snakemake.log[0]) as running:
    tables = {name: read_table(Path(path), sealed=True) for name, path in snakemake.input.items()}
    for name, out in snakemake.output.items():
        draw_figure(name, tables, parameters["places"], Path(out))
        running.log(f"drew {out}")
    running.found = f"{len(snakemake.output)} drawn"
