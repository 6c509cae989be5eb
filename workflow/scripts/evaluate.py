"""Train an arm on the evaluation's data set."""

from pathlib import Path

from lth.config.jobs import EvaluationJob
from lth.config.models import Compute
from lth.evaluate import EvaluationFiles, run_evaluation
from lth.jobs import job

spec = EvaluationJob.model_validate(snakemake.params.cfg["job"])
files = {name: Path(str(path)) for io in (snakemake.input, snakemake.output) for name, path in io.items()}
with job(f"evaluation {spec.evaluation} {spec.arm} seed {spec.seed}", snakemake.log[0]) as running:
    run_evaluation(spec, EvaluationFiles(**files), Compute.model_validate(snakemake.config.get("compute", {})), running)
