rule data:
    output:
        f"{RESULTS}/data/{{dataset}}.safetensors",
    log:
        f"{RESULTS}/logs/data/{{dataset}}.log",
    params:
        cfg=lambda wildcards: told(
            plan.data_job(wildcards.dataset),
            "data.py",
            SOURCES[study.datasets[wildcards.dataset].source].target,
        ),
    resources:
        mem_mb=2000,
    script:
        "../scripts/data.py"
