"""What `bsub` is asked for: its command line, taken as LSF takes it, and refused where LSF refuses it."""

import re
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

MOST_CHARACTERS = 4094
"""Of a file's name and a job's name."""
SECTIONS = ("select", "order", "rusage", "span", "same", "cu", "affinity")
"""Of a resource requirement."""
RESERVED = ("mem", "swp", "tmp", "ngpus_physical")
"""What a job may reserve; only memory and GPUs count here."""
GPU_WORDS = ("num", "mode", "mps", "j_exclusive", "aff", "block", "gpack", "glink", "gvendor", "gmodel", "gmem", "mig")
ALONE = {"r", "rn", "N", "B", "x"}
"""Options without a value: rerun when a host dies, mail, exclusive. They change nothing where one host never dies."""
OTHERS = """
a app b C c clusters cn_cu cn_mem core_isolation D data E Ep eptl ext F f freq G g H hl hostfile I Ip Is i is Jd jsdl K
k L Lp M m mig notify outdir p pack ptl rcacct rnc S s sla smt sp stage T t U u ul v w We XF Zs
"""
"""Options that LSF has and this stand-in has not."""


class Refused(Exception):
    """A job that LSF would not take, in LSF's words."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A job as it was asked for."""

    command: str
    name: str
    queue: str
    folder: str
    """Where it runs."""
    output: str = "/dev/null"
    errors: str | None = None
    """None: where the output goes."""
    append: bool = True
    project: str = "default"
    slots: int = 1
    minutes: int | None = None
    """Its limit of time."""
    warn_minutes: int | None = None
    """How long before the limit it is warned."""
    warning: str | None = None
    """The name of the signal that warns it."""
    memory: float = 0.0
    """What it reserves on its host, in the cluster's unit."""
    gpus: int = 0
    own_gpus: bool = False
    """Whether no other job may use them meanwhile."""
    requeue: tuple[int, ...] = field(default=())
    """Exit codes with which it goes back into the queue."""


def parse(arguments: Sequence[str], folder: str, default_queue: str) -> Request:
    """The job that a command line asks for.

    Args:
        arguments: those of `bsub`, as the shell passes them.
        folder: where `bsub` was called.
        default_queue: of the cluster.

    Raises:
        Refused: LSF would not take it, or this stand-in does not know the option.
    """
    options, rest = _split(arguments)
    command = " ".join(rest)
    if not command.strip():
        raise Refused("Empty job. Job not submitted.")
    request = Request(command=command, name=command[:MOST_CHARACTERS], queue=default_queue, folder=folder)
    for name, value in options:
        if value is not None:
            request = replace(request, **READERS[name](value))
    return replace(request, folder=str(Path(folder, request.folder)))


def _split(arguments: Sequence[str]) -> tuple[list[tuple[str, str | None]], Sequence[str]]:
    """Options, and the command, which begins at the first word that is none."""
    options: list[tuple[str, str | None]] = []
    at = 0
    while at < len(arguments) and arguments[at].startswith("-"):
        name = arguments[at][1:]
        if name in ALONE:
            options.append((name, None))
            at += 1
        elif name in READERS:
            if at + 1 == len(arguments):
                raise Refused(f"-{name}: Option requires an argument. Job not submitted.")
            options.append((name, arguments[at + 1]))
            at += 2
        elif name in OTHERS.split():
            raise Refused(f"-{name}: LSF knows this option, this stand-in for it does not")
        else:
            raise Refused(f"-{name}: Illegal option. Job not submitted.")
    return options, arguments[at:]


def _name(value: str) -> dict[str, Any]:
    if not value or len(value) > MOST_CHARACTERS:
        raise Refused("Bad job name. Job not submitted.")
    if re.search(r"\[.*\]", value):
        raise Refused(f"-J {value}: LSF makes an array of jobs of this, this stand-in for it does not")
    return {"name": value}


def _file(option: str, append: bool) -> Callable[[str], dict[str, Any]]:
    def read(value: str) -> dict[str, Any]:
        if len(value) > MOST_CHARACTERS:
            raise Refused(f"{value}: File name too long. Job not submitted.")
        return {option: value, "append": append}

    return read


def _environment(value: str) -> dict[str, Any]:
    if value != "all":
        raise Refused(f"-env {value}: LSF knows this, this stand-in for it only knows -env all")
    return {}


def _slots(value: str) -> dict[str, Any]:
    """`-n 4`; a range `2,4` is met with its least."""
    match = re.fullmatch(r"(-?\d+)(?:,(-?\d+))?", value)
    if not match:
        raise Refused("Bad argument for option -n. Job not submitted.")
    least, most = int(match[1]), int(match[2] or match[1])
    if least <= 0 or most <= 0:
        raise Refused("The number of processors must be a positive integer. Job not submitted.")
    if least > most:
        raise Refused("Bad argument for option -n. Job not submitted.")
    return {"slots": least}


def minutes_of(value: str) -> int | None:
    """`[hour:]minute`, as LSF counts: minutes may be more than 59, seconds and fractions there are none."""
    match = re.fullmatch(r"(?:(\d+):)?(\d+)", value)
    return 60 * int(match[1] or 0) + int(match[2]) if match else None


def _limit(value: str) -> dict[str, Any]:
    time, _, host = value.partition("/")
    minutes = minutes_of(time)
    if minutes is None or ("/" in value and not host):
        raise Refused(f"{value}: Bad RUNLIMIT specification. Job not submitted.")
    return {"minutes": minutes or None}


def _warn_minutes(value: str) -> dict[str, Any]:
    minutes = minutes_of(value)
    if minutes is None:
        raise Refused("Bad time specification. Job not submitted.")
    return {"warn_minutes": minutes}


def _warning(value: str) -> dict[str, Any]:
    """A signal's name, with or without SIG."""
    name = value.removeprefix("SIG")
    if f"SIG{name}" not in signal.Signals.__members__:
        raise Refused(f"{value}: Illegal signal value. Job not submitted.")
    return {"warning": f"SIG{name}"}


def _requeue(value: str) -> dict[str, Any]:
    if not re.fullmatch(r"\d+( \d+)*", value):
        raise Refused(f"-Q {value}: LSF knows more than a list of exit codes, this stand-in for it does not")
    return {"requeue": tuple(map(int, value.split()))}


def _requirement(value: str) -> dict[str, Any]:
    """`select[...] rusage[...] span[...]`: what is reserved; the rest only has to be well formed."""
    found: dict[str, Any] = {}
    for section, content in _sections(value):
        if section == "rusage":
            found |= _reserved(content)
        elif section == "span" and not re.fullmatch(r"hosts=-?1|ptile=(\d+|'!')|stripe(=\d+)?", content):
            raise Refused("Bad resource requirement syntax. Job not submitted.")
    return found


def _sections(value: str) -> Iterator[tuple[str, str]]:
    rest = value.strip()
    while rest:
        match = re.match(r"(\w+)\[([^\[\]]*)\]\s*", rest)
        if not match or match[1] not in SECTIONS or not match[2].strip():
            raise Refused("Bad resource requirement syntax. Job not submitted.")
        yield match[1], match[2].strip()
        rest = rest[match.end() :]


def _reserved(content: str) -> dict[str, Any]:
    """`mem=1300:tmp=20`; LSF also has durations and alternatives, which are refused here as bad syntax."""
    found: dict[str, Any] = {}
    for item in re.split(r"[:,]", content):
        match = re.fullmatch(r"\s*(\w+)\s*=\s*(\d+(?:\.\d+)?)\s*", item)
        if not match or match[1] not in RESERVED:
            raise Refused("Bad resource requirement syntax. Job not submitted.")
        if match[1] == "mem":
            found["memory"] = float(match[2])
        elif match[1] == "ngpus_physical":
            found["gpus"] = int(float(match[2]))
    return found


def _gpus(value: str) -> dict[str, Any]:
    """`num=1:mode=shared:j_exclusive=yes`, or `-` for the default: one, which others may use as well."""
    words = {} if value == "-" else dict(_gpu_words(value))
    number = re.fullmatch(r"(\d+)(?:/(?:task|host))?", words.get("num", "1"))
    if not number or not int(number[1]) or words.get("mode", "shared") not in ("shared", "exclusive_process"):
        raise Refused("Bad GPU requirement syntax. Job not submitted.")
    own = words.get("j_exclusive") == "yes" or words.get("mode") == "exclusive_process"
    return {"gpus": int(number[1]), "own_gpus": own}


def _gpu_words(value: str) -> Iterator[tuple[str, str]]:
    for item in value.split(":"):
        name, equals, word = item.partition("=")
        if not equals or not word or name not in GPU_WORDS:
            raise Refused("Bad GPU requirement syntax. Job not submitted.")
        yield name, word


READERS: dict[str, Callable[[str], dict[str, Any]]] = {
    "J": _name,
    "o": _file("output", append=True),
    "oo": _file("output", append=False),
    "e": _file("errors", append=True),
    "eo": _file("errors", append=False),
    "env": _environment,
    "P": lambda value: {"project": value},
    "q": lambda value: {"queue": value},
    "W": _limit,
    "n": _slots,
    "R": _requirement,
    "gpu": _gpus,
    "cwd": lambda value: {"folder": value},
    "wa": _warning,
    "wt": _warn_minutes,
    "Q": _requeue,
}
"""The options with a value that are understood here, and what each says about the job."""
