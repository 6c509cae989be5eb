"""Cross-dataset lottery tickets: one graph of four verbs, find, transform, train and compare, read from one study file."""

from snakemake.utils import min_version

min_version("9.0")

# Another study replaces the default one; Snakemake alone would merge the two.
if not workflow.overwrite_configfiles:

    configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/speed.smk"
include: "workflow/rules/signals.smk"
include: "workflow/rules/common.smk"
include: "workflow/rules/guards.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/tickets.smk"
include: "workflow/rules/controls.smk"
include: "workflow/rules/transfer.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        f"{RESULTS}/report.html",
        f"{RESULTS}/manifest.json",


localrules:
    all,


# Each pass of Snakemake's scheduler starts a timer that starts another pass a second later, as part of a limit to jobs a
# second that nothing here needs; over hundreds of jobs the passes add up to a whole core (docs/LOG.md).
onstart:
    workflow.scheduler.job_rate_limiter = None
    begin()


# Not with `shutil.rmtree`: `compute.scratch` may name any folder.
onsuccess:
    clear_scratch()
