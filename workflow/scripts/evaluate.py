"""Train an arm on the evaluation's data set."""

from pathlib import Path

from lth.config.study import Compute
from lth.plan.jobs import EvaluationJob
from lth.running.jobs import job

told, compute = snakemake.params.cfg, Compute.model_validate(snakemake.config.get("compute", {}))
spec = EvaluationJob.model_validate(told["job"])
inputs, outputs = ({name: Path(str(path)) for name, path in io.items()} for io in (snakemake.input, snakemake.output))
with job(f"evaluation {spec.evaluation} {spec.arm} seed {spec.seed}", snakemake.log[0]) as running:
    # These bring torch, which takes seconds: a job that is orphaned or told to stop meanwhile has to hear it.
    from lth.methods.evaluate import EvaluationFiles, run_evaluation
    from lth.running.scratch import Scratch

    scratch = Scratch.of(outputs["history"], told, inputs.values(), compute)
    with scratch.held(running.log, running.announce):
        run_evaluation(spec, EvaluationFiles(**inputs, **outputs), compute, running, scratch)
