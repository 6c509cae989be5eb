"""Make the zoo of the project's own tickets: a folder of shared tickets for each study of `zoo/index.yaml`.

`make zoo` runs this where the results of these studies are. Each folder is what `lth share` writes: verified tickets,
the settings of their study, a model card, a manifest. A folder is replaced whole or not at all.
"""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from lth.checks.read import load_study
from lth.errors import UserError
from lth.pages.share import share

INDEX = "index.yaml"
KEYS = {"results", "study", "tickets", "densities"}
"""Of an entry of the index; `study` only of one that is not finished."""


def make(zoo: Path, root: Path = Path()) -> Iterator[str]:
    """Pack all studies whose results are there; lines that say what was done.

    Args:
        zoo: the folder with `index.yaml`.
        root: where the paths in it are seen from.

    Raises:
        UserError: the index has other keys, or a study cannot be packed.
    """
    index = yaml.safe_load((zoo / INDEX).read_text(encoding="utf-8"))
    for name, entry in index.items():
        if not isinstance(entry, dict) or "results" not in entry or not {*entry} <= KEYS:
            raise UserError(f"{zoo / INDEX}: {name}: needs `results`, and may have {', '.join(sorted(KEYS))}")
        results = root / entry["results"]
        if not results.is_dir():
            yield f"{zoo / name}: left as it is: {results} is not there"
            continue
        study = load_study(root / entry["study"]) if "study" in entry else None
        with TemporaryDirectory(dir=zoo, prefix=".") as temporary:
            folder = Path(temporary, name)
            [_, *lines] = share(
                results, folder, entry.get("densities", ()), tickets=entry.get("tickets", ()), study=study
            )
            shutil.rmtree(zoo / name, ignore_errors=True)
            folder.rename(zoo / name)
        size = sum(file.stat().st_size for file in (zoo / name).rglob("*") if file.is_file())
        yield f"{zoo / name}: {size / 1e6:.2f} MB"
        yield from lines


if __name__ == "__main__":
    try:
        print(*make(Path("zoo")), sep="\n")
    except UserError as error:
        sys.exit(str(error))
