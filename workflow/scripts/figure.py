"""Draw a figure from tables."""

from pathlib import Path

from lth.figures.draw import draw
from lth.jobs import job

told = snakemake.params.cfg
with job(f"figure {told['figure']}", snakemake.log[0]) as running:
    tables = {name: Path(path) for name, path in snakemake.input.items()}
    draw(told["figure"], tables, told["tickets"], Path(snakemake.output[0]))
    running.found = snakemake.output[0]
