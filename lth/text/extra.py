"""The optional packages of texts, imported when they are first used, with a sentence where they are missing."""

from importlib import import_module
from typing import Any

from lth.errors import UserError


def transformers() -> Any:
    """The package `transformers`; what it logs of its own accord is left out."""
    library = _imported("transformers")
    library.logging.set_verbosity_error()
    return library


def datasets() -> Any:
    """The package `datasets`, which downloads."""
    return _imported("datasets")


def _imported(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise UserError(
            f"texts need the package {name} ({error}): pip install -r requirements-text.txt, or `make setup-text`"
        ) from None
