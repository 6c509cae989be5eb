rule data:
    output:
        f"{RESULTS}/data/{{dataset}}.safetensors",
    log:
        f"{RESULTS}/logs/data/{{dataset}}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=lambda wildcards, attempt: asked_mb(
            preparation_mb(plan, wildcards.dataset), attempt
        ),
    params:
        cfg=data_parameters,
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
        mem_mb=lambda wildcards, attempt: asked_mb(MODEL_MB, attempt),
    params:
        cfg=model_parameters,
    script:
        "../scripts/model.py"
