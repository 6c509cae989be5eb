"""Architectures as plain modules, and the table of their names (torch is imported only when one is built)."""

from dataclasses import dataclass

from lth.registry import Entry, Registry


@dataclass(frozen=True, kw_only=True)
class Architecture(Entry):
    """A function `(channels, size, classes) -> nn.Module` whose images must have at least `smallest` pixels a side."""

    smallest: int = 8


ARCHITECTURES = Registry(
    {
        "lenet_300_100": Architecture(
            target="lth.networks.lenet:lenet_300_100",
            about="784-300-100-10 on 28x28 (LeCun et al. 1998; Frankle & Carbin 2019)",
        ),
        "lenet5": Architecture(
            target="lth.networks.lenet:lenet5",
            about="two 3x3 convolutions of 64, three dense layers of 256-256-10; 3.3M parameters on 28x28 grey",
        ),
        "lenet5_classic": Architecture(
            target="lth.networks.lenet:lenet5_classic",
            about="convolutions of 6 and 16, dense 120-84-10; 61,706 parameters on 28x28 grey (LeCun et al. 1998)",
            smallest=16,
        ),
    }
)
