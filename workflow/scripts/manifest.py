"""Write the manifest: all artifacts of the finished study with their checksums."""

from pathlib import Path

from lth.config.study import Study
from lth.running.jobs import job
from lth.verification.manifest import write_manifest

with job("manifest", snakemake.log[0]) as running:
    study = Study.model_validate(snakemake.params.cfg["study"])
    count = write_manifest(Path(snakemake.output[0]).parent, study, map(Path, snakemake.input))
    running.found = f"{count} files"
