"""Cross-dataset lottery tickets: the workflow lies in `workflow/`, as the catalog of Snakemake workflows has it."""


include: "workflow/Snakefile"


# An included file's own choice of a target does not count.
workflow.default_target = "all"
