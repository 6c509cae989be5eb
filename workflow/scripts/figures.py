"""Draw the figures of the study, or of one evaluation or comparison, from its tables."""

from pathlib import Path

from lth.analysis.figures.draw import draw_figure
from lth.analysis.tables.files import read_sealed
from lth.running.jobs import job

parameters = snakemake.params.cfg
with job(f"figures of {parameters['of']}", snakemake.log[0]) as running:
    tables = {name: read_sealed(paths) for name, paths in snakemake.input.items()}
    files = {}
    for out in map(Path, snakemake.output):  # of one figure perhaps several, in different formats
        files.setdefault(out.stem, []).append(out)
    for name, outs in files.items():
        draw_figure(name, tables, parameters["places"], *outs)
        running.log(f"drew {', '.join(map(str, outs))}")
    running.found = f"{len(files)} drawn"
