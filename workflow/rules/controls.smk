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
        cfg=control_parameters,
    script:
        "../scripts/control.py"


# The same, of weights that are drawn by another initialisation than the network's.
use rule control as control_of_initialisation with:
    output:
        ticket=paths.control_file(initialisation="{initialisation}"),
    log:
        f"{RESULTS}/logs/controls/{{ticket}}-{{kind}}-{{initialisation}}/seed{{seed}}/round{{round}}.log",
