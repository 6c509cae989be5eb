"""Rules of texts: what reads them starts from the model whose tokenizer cut them, and images have no tokenizer."""

from collections.abc import Iterator

from lth.config.check_lengths import met
from lth.config.draft import Unknown
from lth.config.lookup import architecture_of, source_of
from lth.config.models import Dataset, Network, Recipe, Study
from lth.config.problems import Fault
from lth.config.wording import listed
from lth.data.sources import ImageSource
from lth.networks import ARCHITECTURES

OF_IMAGES = {"grey": False, "size": None}
OF_TEXTS = ("tokenizer", "max_length")


def text_misfit(study: Study, dataset: str, network: str) -> str | None:
    """Why a data set cannot go into a network, one of them at least being of text, or nothing if it can."""
    data, net = study.datasets[dataset], study.networks[network]
    source, reads_texts = source_of(data), architecture_of(net).text
    if isinstance(source, ImageSource) == reads_texts:
        held, taken = ("images", "texts") if reads_texts else ("texts", "images")
        return f"data set '{dataset}' holds {held}, but network '{network}' ({net.architecture}) takes {taken}"
    if source.classes != net.classes:
        return (
            f"data set '{dataset}' has {source.classes} classes, but network '{network}' has {net.classes}; "
            f"set `classes: {source.classes}` on the network"
        )
    if data.tokenizer is None or net.model is None:
        raise Unknown  # reported where it is missing
    if data.tokenizer != net.model:
        return (
            f"data set '{dataset}' is cut by the tokenizer of '{data.tokenizer}', but network '{network}' starts from "
            f"'{net.model}', whose numbers mean other tokens; set both to the same model"
        )
    return None


def _of_its_kind(_: Study, name: str, dataset: Dataset) -> Iterator[Fault]:
    """Keys of images on images, keys of texts on texts."""
    path = ("datasets", name)
    if isinstance(source_of(dataset), ImageSource):
        for key in OF_TEXTS:
            if getattr(dataset, key) is not None:
                yield (*path, key), f"is for texts, and '{dataset.source}' holds images; leave it out"
        return
    for key, default in OF_IMAGES.items():
        if getattr(dataset, key) != default:
            yield (*path, key), f"is for images, and '{dataset.source}' holds texts; leave it out"
    if dataset.tokenizer is None:
        yield path, "`tokenizer` is missing: the model whose tokenizer cuts the texts, such as OWNER/NAME@COMMIT"


def _model(_: Study, name: str, network: Network) -> Iterator[Fault]:
    """A model for the architectures that start from one, and for no other."""
    text = architecture_of(network).text
    if text and network.model is None:
        yield (
            ("networks", name),
            "`model` is missing: the pre-trained encoder, such as OWNER/NAME@COMMIT",
        )
    elif not text and network.model is not None:
        having = [other for other, entry in ARCHITECTURES.items() if entry.text]
        yield ("networks", name, "model"), f"'{network.architecture}' starts from no model; {listed(having)} does"


def _not_augmented(study: Study, name: str, recipe: Recipe) -> Iterator[Fault]:
    """Augmentation changes pixels."""
    texts = [data for data in met(study, name) if not isinstance(source_of(study.datasets[data]), ImageSource)]
    if recipe.augment is not None and texts:
        yield ("recipes", name, "augment"), f"changes images, and {listed(texts)} holds texts; use a recipe without it"


TEXT_RECIPE_RULES = (_not_augmented,)
TEXT_DATASET_RULES = (_of_its_kind,)
TEXT_NETWORK_RULES = (_model,)
