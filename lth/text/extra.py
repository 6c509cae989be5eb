"""The optional packages of texts, imported when they are first used, with a sentence where they are missing."""

from typing import Any

from lth.catalog.importing import optional


def transformers() -> Any:
    """The package `transformers`; what it logs of its own accord is left out."""
    library = optional("transformers", "texts")
    library.logging.set_verbosity_error()
    return library


def datasets() -> Any:
    """The package `datasets`, which downloads."""
    return optional("datasets", "texts")
