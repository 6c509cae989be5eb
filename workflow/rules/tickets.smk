def round_inputs(wildcards):
    """A round prunes with what the round before it trained; a chain's first round takes over a mask, if any."""
    ticket, seed, number = wildcards.ticket, wildcards.seed, int(wildcards.round)
    inputs = {"images": dataset(plan.dataset(ticket, number))}
    start = study.tickets[ticket].start
    if number > plan.first_round(ticket):
        inputs["parent"] = round_file("ticket.safetensors", ticket, seed, number - 1)
        inputs["parent_trained"] = round_file("trained.safetensors", ticket, seed, number - 1)
    elif start:
        inputs["parent"] = round_file("ticket.safetensors", start.ticket, seed, start.round)
        if study.tickets[ticket].rewind == "parent":
            inputs["parent_trained"] = round_file(
                "trained.safetensors", start.ticket, seed, start.round
            )
    return inputs


def round_parameters(wildcards):
    """What a round is told."""
    job = plan.round_job(wildcards.ticket, int(wildcards.seed), int(wildcards.round))
    return told(job, "round.py", network_target(job.network), SCORES[job.score].target)


# Trained weights are large and serve only the next round, so they are temporary; those of a chain's last round stay, so
# that the chain can be made longer without training that round again.
rule round:
    input:
        unpack(round_inputs),
    output:
        ticket=round_file("ticket.safetensors"),
        trained=temp(round_file("trained.safetensors")),
        history=round_file("history.csv"),
        layers=round_file("layers.csv"),
    log:
        f"{RESULTS}/logs/tickets/{{ticket}}/seed{{seed}}/round{{round}}.log",
    params:
        cfg=round_parameters,
    threads: study.compute.threads
    resources:
        gpu=int(GPU),
        mem_mb=1500,
    script:
        "../scripts/round.py"


use rule round as last_round with:
    output:
        ticket=round_file("ticket.safetensors"),
        trained=round_file("trained.safetensors"),
        history=round_file("history.csv"),
        layers=round_file("layers.csv"),
    wildcard_constraints:
        ticket="|".join(rf"{t}(?=/seed\d+/round{plan.last_round(t):02d}/)" for t in study.tickets),


ruleorder: last_round > round
