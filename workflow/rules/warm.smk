# Jobs begin as forks of a process that has imported torch once (lth/running/warm.py has the reasons and the exceptions).
# Only scripts of these rules, only where this Snakemake starts them on CPUs, and never in environments of their own. If
# another version of Snakemake changes what is replaced here, jobs begin cold.
from contextlib import suppress

from snakemake.script import PythonScript

from lth.running.warm import start_server

TRAINERS = (
    *("round", "kept_round", "evaluation", "evaluation_with_weights"),
    *("control", "control_of_initialisation"),
    *("new_output", "new_output_of_initialisation"),
)
WORTH_IT = 3  # jobs that import torch; the server takes as long as one of them
# What trains, and what Snakemake puts before every script.
IMPORTED = [
    *(
        f"lth.methods.{name}"
        for name in ("round", "evaluate", "controls", "new_output")
    ),
    *(f"snakemake.{name}" for name in ("logging", "iocontainers")),
]
warm_python = []


def begin_warm():
    """Start the server, in the process that runs jobs on this machine, if there are enough of them."""
    here = workflow.is_main_process and workflow.local_exec and not workflow.touch
    jobs = [job for job in workflow.dag.needrun_jobs() if job.rule.name in TRAINERS]
    if here and not GPU and len(jobs) >= WORTH_IT:
        command = start_server(IMPORTED, study.compute.threads)
        warm_python.extend([command] if command else [])


def warm(execute_script):
    """Snakemake's own way to run a script, but for the Python."""

    def execute(self, fname, edit=False):
        environments = (self.conda_env, self.container_img, self.env_modules)
        script = Path(self.path.get_path_or_uri(secret_free=True)).resolve()
        if not warm_python or any(environments) or script.parent != SCRIPTS.resolve():
            return execute_script(self, fname, edit=edit)
        self._execute_cmd(
            "{python} {fname:q}",
            python=warm_python[0],
            fname=fname,
            is_python_script=True,
        )

    return execute


with suppress(AttributeError):
    PythonScript.execute_script = warm(PythonScript.execute_script)
