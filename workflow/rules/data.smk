rule data:
    output:
        f"{RESULTS}/data/{{dataset}}.safetensors",
    log:
        f"{RESULTS}/logs/data/{{dataset}}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
    params:
        cfg=lambda wildcards: told(
            plan.data_job(wildcards.dataset),
            "data.py",
            SOURCES[study.datasets[wildcards.dataset].source].target,
        ),
    script:
        "../scripts/data.py"
