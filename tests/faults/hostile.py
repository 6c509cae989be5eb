"""Hostile files: study files, artifacts, data files, and links and FIFOs planted among results.

Each is a file and what a user would do with it. It must end in a sentence, or, where that is as well, in success.
"""

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import hostile_files as files
from arena import Arena, documented
from bad_inputs import _command, _file
from sandbox import Said, call
from verdicts import Attack

TICKET = "tickets/digits/seed0/round01/ticket.safetensors"
HISTORY = "evaluations/transfer/dense/seed0/history.csv"
Found = dict[str, str]
RUNS = 11
"""How many of them, the last ones, run the documented command."""


@dataclass(frozen=True)
class Hostile:
    """A file, and what it comes to."""

    name: str
    do: Callable[[Arena, Path], Found]
    """In an empty folder; what was found."""


def attack(number: int, chance: random.Random, arena: Arena) -> Attack:
    """The one with this number, mixed so that a few are of every kind; those that run the workflow come last."""
    all_of_them = [*hostile()]
    mixed = random.Random(0).sample(all_of_them[:-RUNS], len(all_of_them) - RUNS)
    chosen = [*mixed, *all_of_them[-RUNS:]][number % len(all_of_them)]
    folder = arena.folder / f"hostile{number}"
    folder.mkdir()
    try:
        return Attack(f"hostile:{number}", chosen.name, chosen.do(arena, folder))
    finally:
        shutil.rmtree(folder)


def hostile() -> Iterator[Hostile]:
    """All of them."""
    for name, content, accepted in files.studies():
        yield Hostile(f"study: {name}", _read("check", "study.yaml", content, accepted))
    for name, make in files.special():
        yield Hostile(f"study: {name}", _special("check", make))
        yield Hostile(f"artifact: {name}", _special("show", make))
        yield Hostile(f"data: {name}", _special_data(make))
    for name, content in files.artifacts():
        yield Hostile(f"artifact: {name}", _artifact(content))
    for name, place in files.data():
        yield Hostile(f"data: {name}", _data(place))
    for name, make in files.special():
        for place in (TICKET, HISTORY, "manifest.json"):
            yield Hostile(f"results: {place} is {name}", _in_place(place, make))
    for name, plant in files.plants():
        yield Hostile(f"results: {name}", _planted(plant))
    yield from _of_runs()


def _refused(said: Said, accepted: bool = False) -> Found:
    """What must end in a sentence, unless it may be accepted."""
    if found := said.faults():
        return found
    return {} if said.status or accepted else {"wrong": f"accepted without a word:\n{said.text}"}


def _read(command: str, name: str, content: Callable[[], bytes], accepted: bool) -> Callable[[Arena, Path], Found]:
    def do(arena: Arena, folder: Path) -> Found:
        _file(folder / name, content())
        fast = ("--fast",) if command == "check" else ()  # what is accepted is not to be measured
        return _refused(call(lambda: _command(command, name, *fast), folder), accepted)

    return do


def _special(command: str, make: Callable[[Path], None]) -> Callable[[Arena, Path], Found]:
    def do(arena: Arena, folder: Path) -> Found:
        make(folder / "given")
        return _refused(call(lambda: _command(command, "given"), folder))

    return do


def _special_data(make: Callable[[Path], None]) -> Callable[[Arena, Path], Found]:
    def do(arena: Arena, folder: Path) -> Found:
        place = folder / "glue/SST-2"
        _file(place / "train.tsv", files.SENTENCES)
        make(place / "dev.tsv")
        return _refused(call(lambda: files.read_sst2(folder), folder))

    return do


def _artifact(content: Callable[[], bytes]) -> Callable[[Arena, Path], Found]:
    """Shown, and read as a ticket."""

    def do(arena: Arena, folder: Path) -> Found:
        from lth.artifacts.tickets import Ticket

        _file(folder / "ticket.safetensors", content())
        shown = call(lambda: _command("show", "ticket.safetensors"), folder)
        read = call(lambda: Ticket.load(Path("ticket.safetensors")), folder)
        return {**shown.faults(), **_refused(read)}

    return do


def _data(place: Callable[[Path], Callable[[], object]]) -> Callable[[Arena, Path], Found]:
    def do(arena: Arena, folder: Path) -> Found:
        read = place(folder)
        found = _refused(call(read, folder))
        return {**found, "wrong": "a file ran code"} if [*folder.rglob("bad")] else found

    return do


def _in_place(name: str, make: Callable[[Path], None]) -> Callable[[Arena, Path], Found]:
    """Something else than a file in the place of an artifact: `verify`, `show` and the next stage."""

    def do(arena: Arena, folder: Path) -> Found:
        path = arena.project.results / name
        path.unlink()
        make(path)
        try:
            calls = [arena.call(arena.stages.after(name))] if name != "manifest.json" else []
            calls += [arena.call(arena.stages.verify, cpu_seconds=60), arena.call(lambda: arena.stages.show(name))]
            found: Found = {}
            for said in calls:
                found |= said.faults()
            if not found and not any(said.status for said in calls[:-1]):
                found["wrong"] = f"nothing says so:\n{calls[-2].text}"
            return {**found, **arena.lost(name)}
        finally:
            arena.restore()

    return do


def _planted(plant: Callable[[Path, Path], None]) -> Callable[[Arena, Path], Found]:
    """Something planted beside the artifacts, which `verify` must name; what it leads to stays as it is."""

    def do(arena: Arena, folder: Path) -> Found:
        outside = folder / "outside"
        _file(outside / "mine.txt", "mine")
        try:
            plant(arena.project.results, outside)
            said = arena.call(arena.stages.verify, cpu_seconds=60)
            gone = {} if (outside / "mine.txt").is_file() else {"lost": "a file outside is gone"}
            return {**_refused(said), **gone}
        finally:
            arena.restore()

    return do


def _of_runs() -> Iterator[Hostile]:
    """Through the documented command: what a run deletes, and what it follows."""
    for name, change, mine in files.scratches():
        yield Hostile(f"run: {name}", _scratch(change, mine))
    for name in (TICKET, HISTORY, "tables/rounds.csv", "data/textures.safetensors"):
        yield Hostile(f"run: {name} is a link to a copy elsewhere", _linked(name))


def _scratch(change: str, mine: str) -> Callable[[Arena, Path], Found]:
    """A scratch folder that holds, or is, something of the user's: nothing of it may go, refused or not."""

    def do(arena: Arena, folder: Path) -> Found:
        project = arena.finished.copy(folder / "project")
        outside = folder / "outside"
        _file(outside / "mine.txt", "mine")
        if mine.startswith("link:"):
            files.link(project, mine, outside)
        else:
            _file(project.folder / mine, "mine")
        kept = [outside / "mine.txt"] if mine.startswith("link:") else [project.folder / mine]
        text = project.study.read_text()
        project.study.write_text(text + (f"compute: {{scratch: {change}}}\n" if change else ""))
        (project.results / "report.html").unlink()
        before = project.files("**/*")
        outcome = project.run()
        gone = [str(path) for path in kept if not path.is_file()]
        gone += [name for name in before if name not in project.files("**/*") and "scratch" not in name]
        if gone:
            return {"lost": f"{gone[:5]} ({len(gone)}), status {outcome.status}\n{outcome.text[-400:]}"}
        return {"traceback": outcome.text} if "Traceback (most recent" in outcome.text else {}

    return do


def _linked(name: str) -> Callable[[Arena, Path], Found]:
    """A link to an altered copy, in the place of an artifact."""

    def do(arena: Arena, folder: Path) -> Found:
        project = arena.finished.copy(folder / "project")
        path, elsewhere = project.results / name, folder / "elsewhere"
        content = bytearray(path.read_bytes())
        content[-3] ^= 1
        elsewhere.write_bytes(content)
        path.unlink()
        path.symlink_to(elsewhere)
        found = documented(project, arena.finished, name)
        return found if elsewhere.is_file() else {**found, "lost": "the file that the link leads to is gone"}

    return do
