rule evaluation:
    input:
        unpack(evaluation_inputs),
    output:
        history=layout.evaluated("history.csv"),
        confusion=layout.evaluated("confusion.csv"),
        record=layout.evaluated("evaluation.json"),
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
