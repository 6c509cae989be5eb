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
        mem_mb=mask_limit,
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


# The ticket of an arm of any kind with a new output layer, for an evaluation on a data set of other classes.
rule new_output:
    input:
        unpack(new_output_inputs),
    output:
        ticket=paths.control_file(classes="{classes}"),
    log:
        f"{RESULTS}/logs/controls/{{ticket}}-{{kind}}-{{classes}}_classes/seed{{seed}}/round{{round}}.log",
    wildcard_constraints:
        kind="|".join(ARM_KINDS),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mask_limit,
    params:
        cfg=new_output_parameters,
    script:
        "../scripts/new_output.py"


use rule new_output as new_output_of_initialisation with:
    output:
        ticket=paths.control_file(
            initialisation="{initialisation}", classes="{classes}"
        ),
    log:
        f"{RESULTS}/logs/controls/{{ticket}}-{{kind}}-{{initialisation}}-{{classes}}_classes/seed{{seed}}/round{{round}}.log",
    wildcard_constraints:
        kind="|".join(ARM_KINDS),
