"""What every benchmark says of itself: the machine, the versions, the command, and a table in Markdown."""

import os
import platform
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The repository; its packages need not be installed."""


def processor() -> str:
    """The processor's name, as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = dict(line.split(":", 1) for line in lines if ":" in line)
    return next((facts[key].strip() for key in facts if key.startswith("model name")), platform.machine())


def describe() -> str:
    """One line: processor, cores, versions, and how busy the machine was."""
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f", load average {os.getloadavg()[0]:.1f} at the end" if hasattr(os, "getloadavg") else ""
    python, instructions = platform.python_version(), torch.backends.cpu.get_cpu_capability()
    return f"{processor()}, {cores} cores ({instructions}), Python {python}, torch {torch.__version__}{load}"


def command() -> str:
    """The command that is running, without this machine's folders."""
    script = f"benchmarks/{Path(sys.argv[0]).name}"
    arguments = [Path(a).name if Path(a).is_absolute() else a for a in sys.argv[1:]]
    return shlex.join(["python", script, *arguments])


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, the first column left, the others right."""
    align = [":--", *["--:"] * (len(header) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, align, *rows])


def report(title: str, parts: Sequence[str], out: Path | None) -> None:
    """Print a section of Markdown that says where and how it was measured; write it too where `out` is given."""
    text = "\n\n".join([f"## {title}", *parts, f"Machine: {describe()}.", f"Command: `{command()}`"]) + "\n"
    print(text)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
