"""Which columns of a Hugging Face data set hold images and labels."""

from collections.abc import Mapping
from typing import Any

from lth.errors import UserError
from lth.printable import printable


def image_and_label(about: str, columns: Mapping[str, Any], wanted: str | None, name_one: str) -> tuple[str, str]:
    """The columns with images and with labels, by the types of the features.

    Args:
        about: the data set, for sentences.
        columns: the features of `datasets`, by name.
        wanted: the column of labels that was asked for; None if there should be one only.
        name_one: how one of several columns of labels is named, for the sentence; `{}` is the first.

    Raises:
        UserError: there is not one column of images, or not the column of labels.
    """
    of_kind = {
        kind: [name for name, feature in columns.items() if type(feature).__name__ == kind]
        for kind in ("Image", "ClassLabel")
    }
    images, labels = of_kind["Image"], of_kind["ClassLabel"]
    if len(images) != 1 or not labels:
        found = printable(", ".join(f"{name} ({type(feature).__name__})" for name, feature in columns.items()), 200)
        message = f"{about}: needs one column of images (Image) and one of labels (ClassLabel), found {found}"
        raise UserError(f"{message}; choose another set, or save it with such columns")
    if (wanted or labels[0]) not in labels or (wanted is None and len(labels) > 1):
        raise UserError(f"{about}: has the columns of labels {', '.join(labels)}; {name_one.replace('{}', labels[0])}")
    return images[0], wanted or labels[0]
