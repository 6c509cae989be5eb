"""Draw the rounds of a ticket, or the training of its last one, as an animation."""

from pathlib import Path

from lth.analysis.pictures.rounds import chains_of_files
from lth.analysis.pictures.write import draw_chains
from lth.running.jobs import job

with job(f"animation {snakemake.wildcards.ticket} {snakemake.wildcards.animation}", snakemake.log[0]) as running:
    chains = chains_of_files(map(Path, snakemake.input.tickets), trained=())
    told = {"training": snakemake.wildcards.animation == "training"}
    running.found = draw_chains(snakemake.wildcards.ticket, chains, Path(snakemake.output[0]), **told)
