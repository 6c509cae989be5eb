rule data:
    output:
        f"{RESULTS}/data/{{dataset}}.safetensors",
    log:
        f"{RESULTS}/logs/data/{{dataset}}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=lambda wildcards: preparation_mb(plan, wildcards.dataset),
    params:
        cfg=lambda wildcards: parameters(
            data_job(plan, wildcards.dataset),
            "data.py",
            *source_targets(wildcards.dataset),
        ),
    script:
        "../scripts/data.py"


rule model:
    output:
        f"{RESULTS}/models/{{network}}.safetensors",
    log:
        f"{RESULTS}/logs/models/{{network}}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
    params:
        cfg=lambda wildcards: parameters(plan.model_job(wildcards.network), "model.py"),
    script:
        "../scripts/model.py"
