def evaluation_inputs(wildcards):
    """An arm's ticket, and the data set that it is tried on."""
    arm = plan.arm(wildcards.evaluation, wildcards.arm)
    return {
        "images": dataset(study.evaluations[wildcards.evaluation].dataset),
        "ticket": arm_ticket(arm, wildcards.seed),
    }


def evaluation_parameters(wildcards):
    """What an evaluation is told."""
    arm = plan.arm(wildcards.evaluation, wildcards.arm)
    job = plan.evaluation_job(wildcards.evaluation, arm, int(wildcards.seed))
    return told(job, "evaluate.py", network_target(job.network))


rule evaluation:
    input:
        unpack(evaluation_inputs),
    output:
        history=evaluated("history.csv"),
        confusion=evaluated("confusion.csv"),
    log:
        f"{RESULTS}/logs/evaluations/{{evaluation}}/{{arm}}/seed{{seed}}.log",
    params:
        cfg=evaluation_parameters,
    threads: study.compute.threads
    resources:
        gpu=int(GPU),
        mem_mb=1500,
    script:
        "../scripts/evaluate.py"
