rule evaluation:
    input:
        unpack(evaluation_inputs),
    output:
        **evaluation_outputs(),
    log:
        f"{RESULTS}/logs/evaluations/{{evaluation}}/{{arm}}/seed{{seed}}.log",
    conda:
        ENVIRONMENT
    threads: study.compute.threads
    resources:
        gpu=int(GPU),
        mem_mb=evaluation_limits("memory"),
        runtime=evaluation_limits("runtime"),
    params:
        cfg=evaluation_parameters,
    script:
        "../scripts/evaluate.py"


# Trained weights are an output of those evaluations only that keep them: what others have is complete without.
KEEPING = [name for name, spec in study.evaluations.items() if spec.keep_weights]
if KEEPING:

    use rule evaluation as evaluation_with_weights with:
        output:
            **evaluation_outputs(keep=True),
        wildcard_constraints:
            evaluation="|".join(KEEPING),

    ruleorder: evaluation_with_weights > evaluation
