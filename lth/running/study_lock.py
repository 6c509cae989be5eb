"""One run at a time of a study: whoever runs its jobs holds a lock below its results until the process ends.

Snakemake's own lock is not enough: it is removed when any run in the folder ends, stays when one is killed, and knows
nothing of runs from another folder with the same results.
"""

import atexit
import json
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

from lth.artifacts.origin import LAST_RUN
from lth.errors import UserError
from lth.files import write_text
from lth.plan.plan import Plan
from lth.running.locks import Busy, acquire

FOLDER = Path(LAST_RUN).parent.name
_held: dict[Path, FileLock] = {}


def take_study(results: Path) -> str:
    """Keep all other runs out until this process ends; once it is held, taking it again does nothing.

    Args:
        results: `results/<study>`.

    Returns:
        a warning where the file system has no locks (the run then has to do without), else nothing.

    Raises:
        UserError: another run is at work.
    """
    folder = (results / FOLDER).resolve()
    if folder in _held:
        return ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _held[folder] = acquire(folder / "lock", folder / "owner.json")
    except Busy as busy:
        raise UserError(f"{results}: {busy} is running this study; wait until it ends, or end it") from None
    except (OSError, NotImplementedError) as error:
        return f"{results}: cannot be locked: {error}; make sure that no other run works on this study"
    atexit.register(leave_study, results.resolve())
    return ""


def note_study(results: Path, plan: Plan, cores: int | None) -> None:
    """Note what is run, for `lth status` and for commands that repair; where no file can be made, they do without."""
    kept = {name: [k for k in plan.rounds(name) if plan.keeps_weights(name, k)] for name in plan.study.tickets}
    note = {"study": plan.study.model_dump(mode="json"), "cores": cores, "kept_weights": kept}
    with suppress(UserError):
        write_text(results / LAST_RUN, json.dumps(note))


def leave_study(results: Path) -> None:
    """Let other runs in, if this process keeps them out.

    The lock file stays: whoever waits for one that is deleted would be alone with it.
    """
    folder = (results / FOLDER).resolve()
    if (held := _held.pop(folder, None)) is not None:
        with suppress(OSError):
            (folder / "owner.json").unlink(missing_ok=True)
        held.release()
