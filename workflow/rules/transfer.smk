rule evaluation:
    input:
        unpack(evaluation_inputs),
    output:
        history=paths.evaluated("history.csv"),
        confusion=paths.evaluated("confusion.csv"),
        record=paths.evaluated("evaluation.json"),
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
