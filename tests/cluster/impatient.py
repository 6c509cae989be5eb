"""Snakemake, whose SLURM plugin looks every two seconds; as it is, it waits ten more after each look in vain."""

from snakemake.cli import main
from snakemake_executor_plugin_slurm import Executor

SECONDS = 2
Executor.next_seconds_between_status_checks = property(lambda _: SECONDS, lambda _, __: None)

main()
