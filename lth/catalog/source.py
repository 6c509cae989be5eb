"""What is known of a source of examples before it is read."""

import re
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from lth.catalog.registry import Entry

DATA_ROOT: ContextVar[Path | None] = ContextVar("data root", default=None)
"""Where the study that is being checked has its data sets."""
UNSTATED = "not stated here: ask where the data come from"


@dataclass(frozen=True, kw_only=True)
class Source(Entry):
    """A source of labelled examples, with so many of them for training and for testing."""

    kind: ClassVar[str]
    """How they are prepared and held: a name in `lth.catalog.kinds`."""
    classes: int
    train: int
    test: int
    counted: bool = True
    """Whether it has exactly so many; if not, it has at most so many, and a study says how many it takes."""
    licence: str = UNSTATED
    """Of the data, for whoever passes on what was made from them."""


@dataclass(frozen=True, kw_only=True)
class ImageSource(Source):
    """Square images, all of one size."""

    kind: ClassVar[str] = "dataset"
    channels: int
    size: int
    """Pixels a side; 0 where images differ in size or are not square, so that a study has to name a `size`."""


@dataclass(frozen=True, kw_only=True)
class FileSource(ImageSource):
    """Images that are read one by one, or in part, from files: only those that a study takes are held."""

    kind: ClassVar[str] = "files"


@dataclass(frozen=True, kw_only=True)
class OwnSource(FileSource):
    """A data set of the user's own, whose facts are found in its files; `test` is 0 where it has no test images."""

    which: str
    """What the study says of it: a path."""
    identity: str
    """`module:function` of that, which says what its files hold: equal for equal content, whatever their dates."""

    def load(self) -> Any:
        """The function that opens it; imports its module."""
        return partial(super().load(), self.which)

    def content(self) -> str:
        """What its files hold, as a digest."""
        module, _, attribute = self.identity.partition(":")
        found: str = getattr(import_module(module), attribute)(self.which)
        return found


@dataclass(frozen=True, kw_only=True)
class TextSource(Source):
    """Sentences, or pairs of sentences."""

    kind: ClassVar[str] = "texts"


def short_name(source: str) -> str:
    """What a data set of a source is called in a study: of `torchvision:svhn` it is `svhn`."""
    words = re.findall(r"[a-z0-9]+", source.rpartition(":")[2].rpartition("/")[2].lower())
    name = "_".join(words)[:30].strip("_")
    return name if name[:1].isalpha() else f"data_{name}".strip("_")
