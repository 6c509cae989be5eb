"""Draw the figures of the study, or of an evaluation or comparison, from its tables."""

from pathlib import Path

from lth.analysis.figures.draw import draw_figure
from lth.analysis.tables.files import read_table
from lth.running.jobs import job

told = snakemake.params.cfg
with job(f"figures of {told['of']}", snakemake.log[0]) as running:
    tables = {name: read_table(Path(path), sealed=True) for name, path in snakemake.input.items()}
    for name, out in snakemake.output.items():
        draw_figure(name, tables, told["places"], Path(out))
        running.log(f"drew {out}")
    running.found = f"{len(snakemake.output)} drawn"
