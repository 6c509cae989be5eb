"""A network with another number of outputs: which parameters are its output layer, and that nothing else changes."""

from lth.config.data import MOST_CLASSES, Network
from lth.errors import UserError
from lth.networks.build import head_names, layout
from lth.printable import printable


def with_classes(network: Network, classes: int) -> Network:
    """The network with so many outputs.

    Raises:
        UserError: a network cannot have so many.
    """
    if not 2 <= classes <= MOST_CLASSES:
        raise UserError(f"a network has from 2 to {MOST_CLASSES} outputs, and {classes} classes are asked for")
    return network.model_copy(update={"classes": classes})


def new_output_names(network: Network, classes: int) -> list[str]:
    """The parameters of the output layer, which alone differ in shape if the network has so many classes.

    Raises:
        UserError: others differ as well, or the output layer does not follow `classes`.
    """
    changed = with_classes(network, classes)
    built, other = layout(network), layout(changed)
    head = head_names(other)
    shapes, others = ({name: tensor.shape for name, tensor in one.state_dict().items()} for one in (built, other))
    shown = f"network '{printable(network.architecture)}'"
    for name in {**shapes, **others}:
        if name not in head and shapes.get(name) != others.get(name):
            raise UserError(f"{shown} differs in '{printable(name)}' if it has {classes} classes, so no layer fits")
    if classes != network.classes and all(shapes.get(name) == others[name] for name in head):
        raise UserError(
            f"{shown} cannot be built with {classes} classes: it is a module that was given as it is, or code that "
            f"does not use `classes`; a class or function that builds it with a parameter `classes` is needed"
        )
    return head
