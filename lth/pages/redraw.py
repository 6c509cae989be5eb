"""`python -m lth redraw`: make tables and figures of all pages from their data, and check numbers in their prose."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from lth.errors import UserError
from lth.files import write_bytes
from lth.pages.data import StudyData, opened_data
from lth.pages.headlines import headline_table
from lth.pages.markup import Made, Page, PageError, assembled, is_marked, parsed_page
from lth.pages.numbers import unfounded
from lth.pages.parts import drawn_figures, made_part
from lth.printable import printable


def redraw(folder: Path, *, check: bool = False) -> Iterator[str]:
    """Make the generated parts of the pages in a folder, and the figures that they show; yields lines.

    Args:
        folder: the pages (`*.md`), `data/<study>/` and `figures/`.
        check: write nothing; whatever would change is a fault.

    Raises:
        UserError: data are missing or altered; or, after everything else, a page has faults, which were yielded.
    """
    pages = _marked(folder)
    faults: list[str] = []
    whole = True
    with TemporaryDirectory(prefix="lth-pages-") as scratch:

        @cache
        def opened(data: Path) -> StudyData:
            return opened_data(data, Path(scratch, data.name))

        wanted: dict[Path, bytes] = {}
        for path in pages:
            try:
                wanted |= _page(folder, path, opened, faults)
            except PageError as error:
                faults.append(f"{path}:{error.line}: {error.words}")
                whole = False
        changed = [path for path, content in wanted.items() if not path.is_file() or path.read_bytes() != content]
        for path in changed:
            if check:
                faults.append(f"{path}: is not what its data give; run `python -m lth redraw {folder}`")
            else:
                write_bytes(path, wanted[path])
                yield f"wrote {path}"
        if whole:
            faults += _unshown(folder, pages, wanted)
    yield from faults
    if faults:
        raise UserError(f"{folder}: {len(faults)} fault{'s' * (len(faults) > 1)} in {len(pages)} pages")
    yield f"{folder}: {len(pages)} pages, {len(wanted) - len(pages)} figures, {len(changed)} files changed"


def pages_without_data(folder: Path) -> list[str]:
    """The pages of a folder that name no data, so that nothing checks their numbers."""
    return [path.name for path in sorted(folder.glob("*.md")) if not is_marked(path.read_text(encoding="utf-8"))]


def _marked(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; expected the folder of the pages, such as docs/results")
    without = pages_without_data(folder)
    pages = [path for path in sorted(folder.glob("*.md")) if path.name not in without]
    if not pages:
        raise UserError(f"{folder}: no page names its data (<!-- data: STUDY -->)")
    return pages


def _page(folder: Path, path: Path, opened: Callable[[Path], StudyData], faults: list[str]) -> dict[Path, bytes]:
    """The new content of a page and of its figures, by file; wrong numbers are added to the faults."""
    page = parsed_page(path, path.read_bytes().decode())
    data = _data_of(folder, page, opened)
    made = [
        [*headline_table(folder / (part.argument or "headlines.yaml"), opened)]
        if part.kind == "headlines"
        else made_part(part, _needed(part, data))
        for part in page.made
    ]
    wanted = {path: assembled(page, map(_spaced, made)).encode()}
    if data:
        wanted |= {folder / link: file.read_bytes() for link, file in drawn_figures(page.made, data).items()}
    faults += [f"{path}:{line}: {words}" for line, words in unfounded(page.prose, data)]
    return wanted


def _spaced(lines: Sequence[str]) -> list[str]:
    """With blank lines around: Markdown would take a table right below a comment for its text."""
    return ["", *lines, ""]


def _data_of(folder: Path, page: Page, opened: Callable[[Path], StudyData]) -> StudyData | None:
    named = [part for part in page.made if part.kind == "data"]
    if len(named) > 1:
        raise PageError(named[1].line, "a page has the data of one study; it names them a second time")
    if not named:
        return None
    name = named[0].argument
    data = folder / "data" / name
    if not name or "/" in name or not data.is_dir():
        raise PageError(
            named[0].line,
            f"no folder {printable(data)}; to make it: `python -m lth collect results/{printable(name)}`",
        )
    return opened(data)


def _needed(part: Made, data: StudyData | None) -> StudyData:
    if data is None:
        raise PageError(part.line, f"'{part.kind}' needs the data of a study; name it above (<!-- data: STUDY -->)")
    return data


def _unshown(folder: Path, pages: Sequence[Path], wanted: dict[Path, bytes]) -> Iterator[str]:
    """Figures of studies with data that no page shows: nothing would make them again."""
    studies = {path.name for path in (folder / "data").glob("*/")}
    for study in sorted(studies):
        for path in sorted((folder / "figures" / study).rglob("*.svg")):
            if path not in wanted:
                yield f"{path}: is shown by none of {len(pages)} pages; delete it"
