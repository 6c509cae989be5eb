# The stages of a study by name: `snakemake --configfile STUDY.yaml --cores 2 -- tickets`. Each is what its files need and
# nothing after it.
rule tickets:
    input:
        all_rounds(paths, "ticket.safetensors"),


# The tickets that were found on more than one data set: over a chain, or from another's round on.
rule cross:
    input:
        crossing(paths, "ticket.safetensors"),


rule controls:
    input:
        made_controls(paths),


rule transfer:
    input:
        [
            file
            for evaluation in study.evaluations
            for file in all_arms(paths, "evaluation.json", evaluation)
        ],


rule figures:
    input:
        of_all(figure_files),


rule animations:
    input:
        animation_files(paths),


localrules:
    animations,
    tickets,
    cross,
    controls,
    transfer,
    figures,
