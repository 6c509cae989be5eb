"""What a user's own folder of a model or tokenizer holds, without importing torch."""

from lth.data.listing import listing_digest
from lth.paths import expanded
from lth.printable import printable


def model_content(name: str) -> str | None:
    """A digest of the files of a folder; None where the name is one of a package or of the hub.

    Raises:
        UserError: it can be no path, or a file cannot be read.
    """
    folder = expanded(name, f"model '{printable(name)}'")
    if not folder.is_dir():
        return None
    return listing_digest(folder, [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()])
