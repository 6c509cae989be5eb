"""Cross-dataset lottery tickets: the workflow lies in `workflow/`, as the catalog of Snakemake workflows has it."""


include: "workflow/Snakefile"
