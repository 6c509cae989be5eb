"""Train an arm of an evaluation on the target data set."""

from pathlib import Path

from lth.config.study import Compute
from lth.plan.jobs import EvaluationJob
from lth.running.jobs import job

parameters, compute = snakemake.params.cfg, Compute.model_validate(snakemake.config.get("compute", {}))
spec = EvaluationJob.model_validate(parameters["job"])
inputs, outputs = ({name: Path(str(path)) for name, path in io.items()} for io in (snakemake.input, snakemake.output))
with job(f"evaluation {spec.evaluation} {spec.arm} seed {spec.seed}", snakemake.log[0]) as running:
    # These import torch, which takes seconds; signals are handled from here on.
    from lth.methods.evaluate import EvaluationFiles, run_evaluation
    from lth.running.scratch import Scratch

    scratch = Scratch.of(outputs["history"], parameters, inputs.values(), compute)
    with scratch.held(running.log, running.announce):
        run_evaluation(spec, EvaluationFiles(**inputs, **outputs), compute, running, scratch)
