"""`lth report`: the reports of several finished studies as one page, with their answers side by side."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from lth.analysis.report.page import write_page
from lth.analysis.report.section import StudyFiles
from lth.artifacts.records import MANIFEST, read_json
from lth.errors import UserError
from lth.pages.pack import finished_study
from lth.printable import printable


def join_reports(folders: Sequence[Path], out: Path) -> Iterator[str]:
    """Write one page of the studies in these results folders; yields what was done.

    Raises:
        UserError: a study is not finished or altered, or two have the same name.
    """
    names: dict[str, Path] = {}
    sources = []
    for results in folders:
        study = finished_study(results)
        if study is None:
            raise UserError(f"{printable(results)}: has no {MANIFEST}, so the study is not finished; run it to its end")
        if study.study in names:
            raise UserError(
                f"{printable(results)}: study {study.study}, as in {printable(names[study.study])}; "
                f"links on one page need studies of different names"
            )
        names[study.study] = results
        base = Path(os.path.relpath(results, out.parent)).as_posix()
        sources.append(
            StudyFiles(
                study=study,
                tables=sorted((results / "tables").rglob("*.csv")),
                figures=sorted((results / "figures").rglob("*.svg")),
                artifacts=read_json(results / MANIFEST)["artifacts"],
                results=results,
                base=f"{base}/",
            )
        )
    write_page(sources, out)
    yield f"{printable(out)}: studies {', '.join(names)}, {out.stat().st_size / 1e6:.1f} MB"
