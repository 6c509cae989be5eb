"""What the caller calls a network, as the networks of a study are described."""

import warnings
from collections.abc import Callable
from typing import Any

from torch import nn

from lth.artifacts.tickets import Ticket
from lth.catalog.architectures import ARCHITECTURES, IN_MEMORY, OwnArchitecture
from lth.catalog.importing import colon_hint
from lth.checks.wording import did_you_mean, listed
from lth.config.data import Initialisation, Network
from lth.data.images import Images
from lth.errors import UserError
from lth.library.named import code_name, remembered
from lth.library.sentences import in_library
from lth.networks.build import prunable_names
from lth.networks.own import Given
from lth.networks.trial import tried
from lth.printable import printable

AnyModel = str | nn.Module | Callable[..., nn.Module]
"""A name from `lth list`, an import path, a function or class that builds the network, or the network itself."""


def network_for(model: AnyModel, images: Images, initialisation: Initialisation | None = None) -> Network:
    """The network for some images, tried on two of their size.

    Args:
        model: see `AnyModel`.
        images: give the channels, the size and the number of classes.
        initialisation: how its weights are drawn; without it, by the network itself (`constructor`) if it is the
            caller's, and as studies do it by default if it is one of ours.

    Raises:
        UserError: no such network, or one that does not fit the images.
    """
    _, channels, size, _ = images.splits["train"].images.shape
    network, own = described(model, (channels, size), max(2, len(images.classes)), initialisation)
    if own:
        _warn_of_unpruned(tried(network))
    return network


_MUCH = 0.05
"""The share of a network's weights outside of what is pruned from which on a warning is due."""


def _warn_of_unpruned(network: nn.Module) -> None:
    """Densities are of layers that can be pruned; where others hold much, the network is not as sparse as they say."""
    pruned = {*prunable_names(network)}
    sizes = {name: one.numel() for name, one in network.named_parameters() if one.ndim > 1}
    others = {name: size for name, size in sizes.items() if name not in pruned}
    share = sum(others.values()) / sum(sizes.values())
    if share >= _MUCH:
        names = listed(sorted(others, key=lambda name: -others[name]), 3)
        words = f"{100 * share:.0f} % of the network's weights are in layers that are not pruned ({names})"
        warnings.warn(f"{words}; densities are those of the other layers", stacklevel=5)


def described(
    model: AnyModel, shape: tuple[int, int], classes: int, initialisation: Initialisation | None = None
) -> tuple[Network, bool]:
    """The description of a network for images of some channels and pixels a side, and whether it is the caller's own.

    Raises:
        UserError: there is no such network, or there are no networks for such images.
    """
    name = architecture_name(model)
    if name not in ARCHITECTURES:
        meant = did_you_mean(name, ARCHITECTURES)
        raise UserError(
            f"model: there is no architecture '{printable(name, 60)}'{meant or colon_hint(name)}; `lth list` shows "
            f"them, or give a torch.nn.Module"
        )
    if ARCHITECTURES[name].text:
        raise UserError(f"model: '{name}' reads texts; the library takes images (studies take texts as well)")
    own = isinstance(ARCHITECTURES[name], OwnArchitecture)
    scheme = initialisation or ("constructor" if own else None)
    told: dict[str, Any] = {"initialisation": scheme} if scheme else {}
    with in_library("networks", "model: "):
        network = Network(architecture=name, channels=shape[0], size=shape[1], classes=classes, **told)
    return network, own


def fitting(ticket: Ticket, images: Images) -> Network:
    """The ticket's network.

    Raises:
        UserError: it does not take these images, or this process does not know it.
    """
    check_reads_images(ticket)
    network = ticket.network
    _, channels, size, width = images.splits["train"].images.shape
    given = (channels, size, width, len(images.classes))
    taken = (network.channels, network.size, network.size, network.classes)
    if given != taken:
        shapes = ["{}x{}x{} images in {} classes".format(*shape) for shape in (given, taken)]
        resized = (channels, network.size, network.size, len(images.classes)) == taken
        advice = f"; `size={network.size}` of `lth.dataset` resizes images" if resized else ""
        raise UserError(f"data: '{images.name}' has {shapes[0]}, and the ticket's network takes {shapes[1]}{advice}")
    return network


def check_reads_images(ticket: Ticket) -> None:
    """Raises UserError for a ticket of a network that reads texts."""
    if ARCHITECTURES[ticket.network.architecture].text:
        message = f"ticket: its network ({ticket.network.architecture}) reads texts, and the library trains on images"
        raise UserError(f"{message}; a study trains it on texts, as `start` or with `method: given`")


def architecture_name(model: AnyModel) -> str:
    """The name of an architecture; a model that has none gets one in this process."""
    if isinstance(model, str):
        return model
    if isinstance(model, nn.Module):
        return remembered(IN_MEMORY, type(model).__name__, Given(model))
    if not callable(model):
        what = type(model).__name__
        raise UserError(
            f"model: found {what}; a torch.nn.Module, a function or class that builds one, or a name is needed"
        )
    return code_name(IN_MEMORY, model)
