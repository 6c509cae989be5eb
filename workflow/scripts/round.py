"""One round of a chain: prune with the weights of the round before, rewind, train."""

from pathlib import Path

from lth.config.jobs import RoundJob
from lth.config.models import Compute
from lth.jobs import job, round_of
from lth.methods.round import RoundFiles, run_round

spec = RoundJob.model_validate(snakemake.params.cfg["job"])
files = {name: Path(str(path)) for io in (snakemake.input, snakemake.output) for name, path in io.items()}
number = round_of(snakemake.config, spec.ticket, spec.round)
with job(f"ticket {spec.ticket} seed {spec.seed} {number}", snakemake.log[0]) as running:
    run_round(spec, RoundFiles(**files), Compute.model_validate(snakemake.config.get("compute", {})), running)
