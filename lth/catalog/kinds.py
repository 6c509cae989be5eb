"""The kinds of data sets: how each is prepared, and what holds it (torch is imported only where one is used)."""

from lth.catalog.registry import Entry, Registry

PREPARED = Registry(
    {
        "dataset": Entry(target="lth.data.prepare:prepare", about="images, as bytes"),
        "files": Entry(target="lth.data.assembled:prepare", about="images, from files as they are needed"),
        "texts": Entry(target="lth.text.prepare:prepare", about="texts, as numbers of tokens"),
    }
)
"""Functions `(name, spec, root) -> Examples`."""

HELD = Registry(
    {
        "dataset": Entry(target="lth.data.images:Images", about="images, as bytes"),
        "files": Entry(target="lth.data.images:Images", about="images, as bytes"),
        "texts": Entry(target="lth.text.texts:Texts", about="texts, as numbers of tokens"),
    }
)
"""Classes that hold a prepared data set, by the kind that its artifact says."""

FEEDS = Registry(
    {
        "dataset": Entry(target="lth.data.feed:ImageFeed", about="batches of images"),
        "files": Entry(target="lth.data.feed:ImageFeed", about="batches of images"),
        "texts": Entry(target="lth.text.feed:TextFeed", about="batches of texts"),
    }
)
"""Classes `(examples, device, augment)` that make batches of it."""
