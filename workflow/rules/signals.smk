# Reliable handling of SIGTERM. If another version of Snakemake changes what is patched here, only this is lost.
from contextlib import suppress

from lth.running.stopping import in_thread

with suppress(ImportError, AttributeError):
    from snakemake.scheduling.job_scheduler import JobScheduler

    # Snakemake's handler takes the scheduler's lock, in the main thread. Where the signal arrives while that thread holds
    # it (it does while it writes the metadata of finished jobs), the run hangs for ever (docs/LOG.md).
    if not hasattr(JobScheduler.exit_gracefully, "__wrapped__"):
        JobScheduler.exit_gracefully = in_thread(JobScheduler.exit_gracefully)
