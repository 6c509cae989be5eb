"""Flipped bits, in every kind of artifact of a finished study.

Half of them keep the file's time stamp, as a disk that rots does: then no run reads the file, and `verify` must name
it. The others look like an edit: the next run reads the file and must refuse it, or `verify` must name it afterwards.
"""

import os
import random
from pathlib import Path

from arena import Arena, documented
from verdicts import Attack

WHOLE_COMMAND = 50
"""Every so many flips, the documented command is run instead of the next stage alone."""


def attack(number: int, chance: random.Random, arena: Arena) -> Attack:
    """Flip one bit, and look at who says so."""
    by_kind: dict[str, list[str]] = {}
    for name in arena.names:
        by_kind.setdefault(kind_of(name), []).append(name)
    kinds = sorted(by_kind)
    name = chance.choice(by_kind[kinds[number % len(kinds)]])
    content = (arena.finished.results / name).read_bytes()
    place, bit, rots = _place(content, name, chance), chance.randrange(8), chance.random() < 0.5
    what = f"{name}: bit {bit} of byte {place} of {len(content)}, {'time stamp kept' if rots else 'as an edit'}"
    if number % WHOLE_COMMAND == WHOLE_COMMAND - 1:
        project = arena.finished.copy(arena.folder / f"flip{number}")
        flip(project.results / name, place, bit, rots)
        return Attack(f"flips:{number}", f"{what}, the documented command", documented(project, arena.finished, name))
    flip(arena.project.results / name, place, bit, rots)
    try:
        return Attack(f"flips:{number}", what, _judged(arena, name, rots))
    finally:
        arena.restore()


def kind_of(name: str) -> str:
    """The kind of artifact: by its name, or of summaries by the ending."""
    top, path = name.partition("/")[0], Path(name)
    return f"{top} {path.name if top in ('tickets', 'controls', 'evaluations') else path.suffix}"


def flip(path: Path, place: int, bit: int, rots: bool) -> None:
    """Flip one bit; the file's time stamp stays if it rots."""
    stamp, content = path.stat(), bytearray(path.read_bytes())
    content[place] ^= 1 << bit
    path.write_bytes(content)
    if rots:
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))


def _place(content: bytes, name: str, chance: random.Random) -> int:
    """Anywhere; of a safetensors file half of them in its header, which is small."""
    if name.endswith(".safetensors") and chance.random() < 0.5:
        return chance.randrange(8 + int.from_bytes(content[:8], "little"))
    return chance.randrange(len(content))


def _judged(arena: Arena, name: str, rots: bool) -> dict[str, str]:
    artifact = name.endswith(".safetensors")
    calls = [] if rots and not artifact else [arena.call(arena.stages.after(name))]
    calls.append(arena.call(arena.stages.verify, cpu_seconds=60))  # it reads everything
    if artifact:
        calls.append(arena.call(lambda: arena.stages.show(name)))
    found: dict[str, str] = {}
    for said in calls:
        found |= said.faults()
    if not found and not any(said.status for said in calls[:2]):
        found["wrong"] = f"neither the next stage nor verify says so:\n{calls[-1].text}"
    return {**found, **arena.lost(name)}
