"""What every job of the workflow shares: a log, one line on the terminal, and sentences instead of tracebacks."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from lth.errors import UserError
from lth.printable import escaped, printable
from lth.running.stopping import EXIT_STOPPED, Stopped, listening


@dataclass
class Job:
    """A running job, as its script sees it."""

    title: str
    log: Callable[[str], None]
    """Writes a line of progress to the job's log file."""
    found: str = ""
    """What the job found, for the line on the terminal."""
    started: float = field(default_factory=time.perf_counter)

    def announce(self, line: str) -> None:
        """Write a line that cannot wait to the job's log and to the terminal."""
        self.log(line)
        print(f"{self.title}: {line}", file=sys.stderr, flush=True)


@contextmanager
def job(title: str, log: str) -> Iterator[Job]:
    """Run a script's work: progress goes to the log file, one line to the terminal when it ends.

    A UserError ends the process with 1 and its sentence, in the log and on the terminal; a training that was told to
    stop ends it with `EXIT_STOPPED`; any other exception is our fault and goes on, traceback and all.
    """
    with _written_to(Path(log)) as write, listening():
        running = Job(title, lambda line: write(f"{title}  {line}"))
        try:
            yield running
        except UserError as error:
            write(f"{title}: {error}")
            print(f"{title}: {error}", file=sys.stderr)
            sys.exit(1)
        except Stopped as stopped:
            write(f"{title}: {stopped}; run it again to go on")
            print(f"{title}: {stopped}; run it again to go on", file=sys.stderr)
            sys.exit(EXIT_STOPPED)
        seconds = time.perf_counter() - running.started
        running.log(f"done in {seconds:.1f} s: {running.found}")
        print(printable(f"{title}: {running.found} ({seconds:.1f} s)"), file=sys.stderr)


@contextmanager
def _written_to(log: Path) -> Iterator[Callable[[str], None]]:
    """Writes lines to a new file, each at once; what a terminal would obey is escaped, since logs are shown on one.

    Lines that cannot be written are lost: where the disk is full, the job's own files say so in a sentence.
    """
    with ExitStack() as opened:
        file = None
        with suppress(OSError):
            log.parent.mkdir(parents=True, exist_ok=True)
            file = opened.enter_context(log.open("wb", buffering=0))

        def write(line: str) -> None:
            with suppress(OSError):
                if file:
                    file.write(f"{escaped(line)}\n".encode())

        yield write
