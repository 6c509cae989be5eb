"""Cross-dataset lottery tickets: find sparse trainable subnetworks, carry them across data sets, compare them honestly.

    ticket = lth.find(Net, "mnist", rounds=10, rate=0.2, recipe=lth.recipe(epochs=2), seed=0)
    result = lth.train(ticket, "fashion_mnist", lth.recipe(epochs=2))

Importing this package is cheap: torch is imported when one of its names is used. It also makes torchvision importable
beside any torch build: see `lth.torchvision_shim`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lth.torchvision_shim import install

if TYPE_CHECKING:
    from lth.artifacts.tickets import Ticket as Ticket
    from lth.config.training import Recipe as Recipe
    from lth.errors import UserError as UserError
    from lth.library.compare import Compared as Compared
    from lth.library.compare import compare as compare
    from lth.library.data import dataset as dataset
    from lth.library.exporting import export_ticket as export_ticket
    from lth.library.find import find as find
    from lth.library.find import find_rounds as find_rounds
    from lth.library.load import load as load
    from lth.library.match import Matched as Matched
    from lth.library.match import matching as matching
    from lth.library.pictures import draw_masks as draw_masks
    from lth.library.recipe import recipe as recipe
    from lth.library.result import Result as Result
    from lth.library.train import control as control
    from lth.library.train import train as train
    from lth.pruning.scores.evidence import Evidence as Evidence

__version__ = "0.1.0"

_WHERE = {
    "find": "lth.library.find",
    "find_rounds": "lth.library.find",
    "train": "lth.library.train",
    "control": "lth.library.train",
    "compare": "lth.library.compare",
    "matching": "lth.library.match",
    "load": "lth.library.load",
    "export_ticket": "lth.library.exporting",
    "draw_masks": "lth.library.pictures",
    "dataset": "lth.library.data",
    "recipe": "lth.library.recipe",
    "Ticket": "lth.artifacts.tickets",
    "Result": "lth.library.result",
    "Compared": "lth.library.compare",
    "Matched": "lth.library.match",
    "Recipe": "lth.config.training",
    "Evidence": "lth.pruning.scores.evidence",
    "UserError": "lth.errors",
}
"""The names of the library, and the module of each."""

__all__ = list(_WHERE)

install()


def __getattr__(name: str) -> Any:
    """Import a name of the library when it is first used."""
    if name not in _WHERE:
        raise AttributeError(f"module 'lth' has no attribute '{name}'")
    found = getattr(import_module(_WHERE[name]), name)
    globals()[name] = found  # a submodule of the same name would take its place otherwise
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})
