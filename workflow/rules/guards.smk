# One run of a study at a time, and a scratch folder that is cleared of nothing but what this workflow made.
import atexit

from lth.files import check_writable
from lth.running.scratch_folder import claim, clear
from lth.running.study_lock import take_study


def guarded(action, *arguments):
    """What a function returns; what it says to the user is said without a traceback."""
    try:
        return action(*arguments)
    except UserError as error:
        raise WorkflowError(str(error)) from None


def begin():
    """Before the first job: whether results can be written, nobody else runs this study, and scratch is ours."""
    guarded(check_writable, Path(RESULTS))
    warning = guarded(take_study, Path(RESULTS))
    if warning:
        logger.warning(warning)
    guarded(claim, SCRATCH, study.study, Path(RESULTS))


def clear_scratch():
    """Nobody needs locks and states once all of the study is there; a run of other targets leaves them alone."""
    needed = (*paths.artifacts(), f"{RESULTS}/report.html", f"{RESULTS}/manifest.json")
    if not all(Path(file).is_file() for file in needed):
        return
    left = clear(SCRATCH, Path(RESULTS))
    if left:
        names = ", ".join(str(path) for path in left[:3])
        more = f" and {len(left) - 3} more" if len(left) > 3 else ""
        logger.warning(
            f"not deleted, since not of a finished job of this study: {names}{more}"
        )


def clear_if_nothing_was_to_be_done():
    """Snakemake then calls no hook; what a run left that was killed at its very end would stay for good."""
    ran = getattr(workflow, "scheduler", None) is not None and not workflow.dryrun
    if ran and len(workflow.dag) == 0 and SCRATCH.exists():
        try:
            take_study(Path(RESULTS))
        except UserError:
            return  # another run is at work, and clears in its turn
        clear_scratch()


if workflow.is_main_process:
    atexit.register(clear_if_nothing_was_to_be_done)
