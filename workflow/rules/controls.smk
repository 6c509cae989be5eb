from lth.config.plan import Arm


rule control:
    input:
        ticket=round_file("ticket.safetensors"),
    output:
        ticket=control_file(),
    log:
        f"{RESULTS}/logs/controls/{{ticket}}-{{kind}}/seed{{seed}}/round{{round}}.log",
    params:
        cfg=lambda wildcards: told(
            plan.control_job(
                Arm(wildcards.ticket, wildcards.kind, int(wildcards.round)), int(wildcards.seed)
            ),
            "control.py",
            network_target(plan.network(wildcards.ticket)),
        ),
    resources:
        mem_mb=1000,
    script:
        "../scripts/control.py"
