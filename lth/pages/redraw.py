"""`lth redraw`: make tables and figures of all pages from their data, and check numbers in their prose."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from lth.errors import UserError
from lth.files import write_bytes
from lth.pages.data import StudyData, opened_data
from lth.pages.headlines import headline_table
from lth.pages.markup import Made, Page, PageError, Prose, assembled, is_marked, parsed_page
from lth.pages.numbers import unfounded
from lth.pages.parts import drawn_figure, made_part
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
                faults.append(f"{path}: is not what its data give; run `lth redraw {folder}`")
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
    return [path.name for path in _pages(folder) if not is_marked(_text(path))]


def _pages(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*.md")) if path.is_file()]


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is no UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8") from None


def _marked(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; expected the folder of the pages, such as docs/results")
    without = pages_without_data(folder)
    pages = [path for path in _pages(folder) if path.name not in without]
    if not pages:
        raise UserError(f"{folder}: no page names its data (<!-- data: STUDY -->)")
    return pages


def _page(folder: Path, path: Path, opened: Callable[[Path], StudyData], faults: list[str]) -> dict[Path, bytes]:
    """The new content of a page and of its figures, by file; wrong numbers are added to the faults.

    The first study that a page names is meant from its beginning, a later one below its marker.
    """
    page = parsed_page(path, _text(path))
    studies = _studies_of(folder, page, opened)
    meant = next(iter(studies.values()), None)
    made: list[Sequence[str]] = []
    figures: dict[Path, bytes] = {}
    for part in page.parts:
        if isinstance(part, Prose):
            faults += [f"{path}:{line}: {words}" for line, words in unfounded(part, meant, studies)]
        elif part.kind == "headlines":
            made.append([*headline_table(folder / (part.argument or "headlines.yaml"), opened)])
        else:
            if part.kind == "data":
                meant = studies[part.argument]
            data = _needed(part, meant)
            made.append(made_part(part, data))
            figures |= {folder / link: file.read_bytes() for link, file in drawn_figure(part, data)}
    return {path: assembled(page, map(_spaced, made)).encode()} | figures


def _spaced(lines: Sequence[str]) -> list[str]:
    """With blank lines around: Markdown would take a table right below a comment for its text."""
    return ["", *lines, ""]


def _studies_of(folder: Path, page: Page, opened: Callable[[Path], StudyData]) -> dict[str, StudyData]:
    """The data of the studies that a page names, in its order."""
    studies: dict[str, StudyData] = {}
    for part in page.made:
        if part.kind == "data":
            if part.argument in studies:
                raise PageError(part.line, f"the data of {printable(part.argument)} are named a second time")
            studies[part.argument] = opened(_data_folder(folder, part))
    return studies


def _data_folder(folder: Path, part: Made) -> Path:
    name = part.argument
    data = folder / "data" / name
    if not name or "/" in name or not data.is_dir():
        raise PageError(
            part.line,
            f"no folder {printable(data)}; to make it: `lth collect results/{printable(name)}`",
        )
    return data


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
