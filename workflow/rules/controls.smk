rule control:
    input:
        unpack(lambda wildcards: model_input(wildcards.ticket)),
        ticket=paths.round_file("ticket.safetensors"),
    output:
        ticket=paths.control_file(),
    log:
        f"{RESULTS}/logs/controls/{{ticket}}-{{kind}}/seed{{seed}}/round{{round}}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=1000,
    params:
        cfg=lambda wildcards: parameters(
            plan.control_job(
                Arm(wildcards.ticket, wildcards.kind, int(wildcards.round)),
                int(wildcards.seed),
            ),
            "control.py",
            network_target(plan.network(wildcards.ticket)),
        ),
    script:
        "../scripts/control.py"
