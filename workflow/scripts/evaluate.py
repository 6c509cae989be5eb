"""Train an arm on the evaluation's data set."""

from pathlib import Path

from lth.config.jobs import EvaluationJob
from lth.config.models import Compute
from lth.evaluate import EvaluationFiles, run_evaluation
from lth.jobs import job
from lth.scratch import Scratch

told, compute = snakemake.params.cfg, Compute.model_validate(snakemake.config.get("compute", {}))
spec = EvaluationJob.model_validate(told["job"])
inputs, outputs = ({name: Path(str(path)) for name, path in io.items()} for io in (snakemake.input, snakemake.output))
scratch = Scratch.of(outputs["history"], told, inputs.values(), compute)
title = f"evaluation {spec.evaluation} {spec.arm} seed {spec.seed}"
with job(title, snakemake.log[0]) as running, scratch.held(running.log):
    run_evaluation(spec, EvaluationFiles(**inputs, **outputs), compute, running, scratch)
