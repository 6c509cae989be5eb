"""Which layers keep how much: kinds of layers, layers by their names, and what is pruned as one."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field, StringConstraints

from lth.config.base import Density, Fault, Model, Rate

LayerKind = Literal["first", "convolution", "dense", "output", "pooler"]
"""First convolution, other convolutions, linear layers, the last layer; what pools an encoder's output."""
Scope = Literal["layerwise", "global", "erk"]
Groups = Literal["filters", "channels"]
"""What is kept or pruned as one: all weights of an output (a filter), or all that read an input channel."""
Pattern = Annotated[str, StringConstraints(pattern=r"^[\w.*?\[\]!-]+$", max_length=200)]
LayerDensities = Annotated[
    dict[Pattern, Annotated[tuple[Density, ...], Field(min_length=1, max_length=500)]],
    Field(min_length=1, max_length=500),
]
"""By a pattern of layers' names, the density of each round."""


class LayerRates(Model):
    """Pruning rates of kinds of layers that differ from the ticket's `rate`."""

    convolution: Rate | None = None
    """Of convolutions."""
    dense: Rate | None = None
    """Of linear layers before the last."""
    output: Rate | None = None
    """Of the last layer (half of `rate`, in Frankle & Carbin 2019)."""

    covers: ClassVar[Mapping[str, tuple[LayerKind, ...]]] = {
        "convolution": ("convolution", "first"),
        "dense": ("dense", "pooler"),
        "output": ("output",),
    }
    """The kinds of layers that each rate is for."""


RATED: tuple[LayerKind, ...] = tuple(kind for kind in get_args(LayerKind) if kind in LayerRates.model_fields)
"""Kinds of layers that may have rates of their own."""


def faults_of_layers(
    densities: tuple[float, ...] | None, scope: Scope, by_name: LayerDensities | None, groups: Groups | None
) -> Iterator[Fault]:
    """What is wrong between a ticket's keys about layers: `densities`, `scope`, `layer_densities` and `groups`."""
    if by_name is not None and scope != "layerwise":
        yield ("layer_densities",), f"needs `scope: layerwise`, found '{scope}'; take one of them out"
    elif by_name is not None and not densities:
        yield ("layer_densities",), "goes with `densities`, found none; say the other layers' densities there"
    for pattern, own in (by_name or {}).items() if densities else ():
        if len(own) != len(densities or ()):
            message = f"needs a density for each of the {len(densities or ())} of `densities`, found {len(own)}"
            yield ("layer_densities", pattern), message
        for position, (before, after) in enumerate(pairwise(own), start=1):
            if Fraction(str(after)) > Fraction(str(before)):
                message = f"densities must not rise from round to round, found {after:g} after {before:g}"
                yield ("layer_densities", pattern, position), message
    if groups is not None and scope == "global":
        message = f"'{groups}' are ranked within each layer, found `scope: global`; use layerwise or erk scope"
        yield ("groups",), message
