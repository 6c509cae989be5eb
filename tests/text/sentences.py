"""Small texts and a small encoder, made on the spot."""

from pathlib import Path

import torch

from lth.config.data import Dataset, Network
from lth.text.checkpoints import save_model
from lth.text.prepare import prepare
from lth.text.texts import Texts

CPU = torch.device("cpu")


def opinions(train: int = 96, *, source: str = "opinions") -> Texts:
    """A drawn data set, cut by the tokenizer of `tiny`."""
    return prepare("reviews", Dataset(source=source, tokenizer="tiny", validation=40, train=train, test=50), None)


def tiny(folder: Path, *, dropout: float = 0.0) -> Network:
    """The encoder `tiny`, as jobs are told of it."""
    path = folder / "tiny.safetensors"
    if not path.exists():
        save_model("tiny", path)
    return Network(architecture="bert", model=str(path), classes=2, dropout=dropout)
