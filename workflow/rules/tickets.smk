# Trained weights are large and only needed by other rounds, so they are temporary. Kept are those of the last round and
# those that `one_shot` prunes, so that a ticket gets further densities without retraining, and those of all rounds of
# tickets that say `keep_weights`. Snakemake evaluates a group function once per job, so there is one only where rounds
# share a job.
rule round:
    input:
        unpack(round_inputs),
    output:
        **round_outputs(keep=False),
    log:
        f"{RESULTS}/logs/tickets/{{ticket}}/seed{{seed}}/round{{round}}.log",
    wildcard_constraints:
        ticket=in_rounds(),
    group:
        round_group if study.compute.rounds_per_job > 1 else None
    conda:
        ENVIRONMENT
    threads: study.compute.threads
    resources:
        gpu=int(GPU),
        mem_mb=round_limits("memory"),
        runtime=round_limits("runtime"),
    params:
        cfg=round_parameters,
    script:
        "../scripts/round.py"


use rule round as kept_round with:
    output:
        **round_outputs(keep=True),
    wildcard_constraints:
        ticket=in_rounds(kept=True),


ruleorder: kept_round > round
