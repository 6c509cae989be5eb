"""Cross-dataset lottery tickets: one graph of four verbs, find, transform, train and compare, read from one study file."""

import sys

from snakemake.utils import min_version

min_version("9.0")
sys.path.insert(0, workflow.basedir)  # the core is found beside this file, installed or not


# Another study replaces the default one; Snakemake alone would merge the two.
if not workflow.overwrite_configfiles:

    configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/tickets.smk"
include: "workflow/rules/controls.smk"
include: "workflow/rules/transfer.smk"


rule all:
    default_target: True
    input:
        [evaluated("history.csv", e, a.name, s) for e in study.evaluations for a in plan.arms(e) for s in study.seeds],


localrules:
    all,
