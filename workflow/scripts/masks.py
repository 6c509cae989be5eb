"""Write the page of masks."""

from pathlib import Path

from lth.analysis.pictures.page import write_masks_page
from lth.analysis.pictures.rounds import chains_of_files
from lth.running.jobs import job

with job("masks", snakemake.log[0]) as running:
    chains = chains_of_files(map(Path, snakemake.input.tickets), map(Path, snakemake.params.cfg["trained"]))
    title = snakemake.params.cfg["title"]
    running.found = write_masks_page(title, chains, Path(snakemake.output[0]), report="report.html")
