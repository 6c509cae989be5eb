# One run of a study at a time; only files of this workflow are deleted from the scratch folder.
import atexit

from lth.files import check_writable
from lth.running.scratch_folder import claim, clear
from lth.running.study_lock import leave_study, note_study, take_study


def guarded(action, *arguments):
    """Call a function; report its UserError without a traceback."""
    try:
        return action(*arguments)
    except UserError as error:
        raise WorkflowError(str(error)) from None


def begin():
    """Before the first job: check that results are writable, lock the study, claim the scratch folder."""
    guarded(check_writable, Path(RESULTS))
    warning = guarded(take_study, Path(RESULTS))
    if warning:
        logger.warning(warning)
    note_study(Path(RESULTS), plan, workflow.resource_settings.cores)
    guarded(claim, SCRATCH, study.study, Path(RESULTS))


def clear_scratch():
    """Delete locks and training states once the study is complete; runs of other targets leave them alone."""
    needed = {*paths.artifacts()} - paths.may_be_gone()
    needed |= {f"{RESULTS}/report.html", f"{RESULTS}/manifest.json"}
    if not all(Path(file).is_file() for file in needed):
        return
    left = clear(SCRATCH, Path(RESULTS))
    if left:
        names = ", ".join(str(path) for path in left[:3])
        more = f" and {len(left) - 3} more" if len(left) > 3 else ""
        logger.warning(
            f"scratch folder: not deleted, because no finished job of this study wrote them: {names}{more}"
        )


def clear_if_nothing_was_to_be_done():
    """Snakemake calls no hook if there is nothing to do, but a run killed at its end may have left states behind."""
    ran = getattr(workflow, "scheduler", None) is not None and not workflow.dryrun
    if ran and len(workflow.dag) == 0 and SCRATCH.exists():
        try:
            take_study(Path(RESULTS))
        except UserError:
            return  # another run is active, and clears the folder itself
        clear_scratch()
        leave_study(
            Path(RESULTS)
        )  # while Python ends, it calls nothing that is registered by now


if workflow.is_main_process:
    atexit.register(clear_if_nothing_was_to_be_done)
