"""A network of the user's on trial, before anything is trained."""

from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack

import torch
from torch import Tensor, nn

from lth.config.data import Network
from lth.errors import UserError, reason
from lth.networks.build import build, holding, initial_weights, layer_kinds, prunable_names
from lth.networks.cost import weight_uses
from lth.networks.own import is_plain
from lth.printable import printable
from lth.pruning.scores.evidence import Evidence
from lth.pruning.scores.own import scorer, shown_score
from lth.seeds import generator

HOMOGENEOUS = (
    nn.Conv2d,
    nn.Linear,
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.ReLU,
    nn.MaxPool2d,
    nn.AvgPool2d,
    nn.AdaptiveAvgPool2d,
    nn.Dropout,
    nn.Dropout2d,
    nn.Flatten,
    nn.Identity,
    nn.Sequential,
)
"""Modules through which a scaled input gives a scaled output, as SynFlow needs it."""


def tried(spec: Network) -> nn.Module:
    """The network, once it has been seen to turn images into logits with every layer that can be pruned.

    Two images of noise are sent through it.

    Raises:
        UserError: it cannot be built, has a tensor under two names, does not take its images, does not return logits,
            has nothing to prune or nothing to train, or does not use what it has.
    """
    shown = f"network '{printable(spec.architecture)}'"
    weights = initial_weights(spec, 0)
    network = holding(spec, weights).eval()
    check_names(network, shown)
    _check_repeats(spec, weights, shown)
    _check_prunable(network, shown)
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise UserError(
            f"{shown}: has no parameter that is trained (requires_grad is False for all); leave some of them trainable"
        )
    images = f"{spec.channels}x{spec.size}x{spec.size} images"
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            noise = torch.randn(2, spec.channels, spec.size, spec.size)
            output, uses = network(noise.clone()), weight_uses(network, noise[:1].clone())
            alone, again = network(noise[:1].clone()), network(noise.clone())
            last = _last_called(network, noise)
    except Exception as error:
        raise UserError(f"{shown}: fails on {images} with {type(error).__name__}: {reason(error)}") from error
    if not isinstance(output, Tensor):
        raise UserError(f"{shown}: returns {type(output).__name__}, where one tensor of logits is needed")
    if output.shape != (2, spec.classes):
        raise UserError(
            f"{shown}: returns {list(output.shape)} for 2 {images}, where logits of [2, {spec.classes}] are needed, "
            f"one for each class"
        )
    if alone.shape != (1, spec.classes):
        raise UserError(
            f"{shown}: returns {list(alone.shape)} for one image, where [1, {spec.classes}] is needed; keep the first "
            f"axis, as flatten(1) does and squeeze() does not"
        )
    if not torch.equal(output, again):
        raise UserError(
            f"{shown}: two evaluations of the same images differ; forward must not draw random numbers in evaluation "
            f"mode (functional.dropout needs training=self.training)"
        )
    if spec.classes > 1 and bool((output >= 0).all()) and output.sum(1).sub(1).abs().max() < 1e-4:
        raise UserError(f"{shown}: returns probabilities (each row sums to 1); return logits, without the softmax")
    if unused := next((name for name, count in uses.items() if not count), None):
        raise UserError(
            f"{shown}: forward does not call the layer '{printable(unused.rpartition('.')[0])}' in evaluation mode, so "
            f"it cannot be pruned; take it out, or call it as a module"
        )
    _check_output_layer(network, spec, last, shown)
    return network


def _last_called(network: nn.Module, images: Tensor) -> str:
    """The prunable layer that `forward` calls last as a module; empty where it calls none so."""
    last = [""]

    def note(name: str) -> Callable[[nn.Module, object, object], None]:
        return lambda *_: last.append(name)

    with ExitStack() as stack:
        for name in (weight.rpartition(".")[0] for weight in prunable_names(network)):
            stack.enter_context(network.get_submodule(name).register_forward_hook(note(name)))
        network(images.clone())
    return last[-1]


def _check_output_layer(network: nn.Module, spec: Network, last: str, shown: str) -> None:
    """The layer that is taken for the output, the last that was registered, is the one that gives the logits."""
    *_, registered = prunable_names(network)
    outputs = len(network.get_parameter(registered))
    called = f"{last}.weight" if last else "weight"
    if called not in dict(network.named_parameters()) or called == registered or outputs == spec.classes:
        return
    if len(network.get_parameter(called)) == spec.classes:
        raise UserError(
            f"{shown}: '{printable(called)}' gives the logits, but '{printable(registered)}' was registered after it, "
            f"so that it is taken for the output layer; assign the output layer last in __init__"
        )


def _check_repeats(spec: Network, weights: Mapping[str, Tensor], shown: str) -> None:
    """Drawn once more with the same seed, the initial weights are the same, and so is what else the network holds."""
    held = [_held(build(spec)) for _ in range(2)]
    if other := next((name for name, one in held[0].items() if not torch.equal(one, held[1].get(name, one))), None):
        raise UserError(
            f"{shown}: two calls give different '{printable(other)}'; draw from torch's global random state, which is "
            f"seeded for each call"
        )
    again = initial_weights(spec, 0)
    if other := next((name for name, tensor in weights.items() if not torch.equal(tensor, again[name])), None):
        raise UserError(
            f"{shown}: two calls with one seed give different '{printable(other)}'; draw from torch's global random "
            f"state, which is seeded for each call"
        )


def _held(network: nn.Module) -> dict[str, Tensor]:
    """Tensors that are in no `state_dict`: buffers that are not saved, and plain attributes."""
    found = dict(network.named_buffers())
    for place, module in network.named_modules():
        found |= {f"{place}.{name}".strip("."): one for name, one in vars(module).items() if isinstance(one, Tensor)}
    return {name: tensor for name, tensor in found.items() if name not in network.state_dict()}


def frozen_layer(network: nn.Module, unpruned: Collection[str]) -> str | None:
    """The first layer that is pruned (its kind is not among `unpruned`) and not trained."""
    parameters = dict(network.named_parameters())
    pruned = [name for name, kind in layer_kinds(network).items() if kind not in unpruned]
    return next((name for name in pruned if not parameters[name].requires_grad), None)


def frozen_misfit(score: str, layer: str) -> str:
    """Why a score of how much weights move does not fit a network with a frozen layer."""
    words = f"'{score}' ranks weights by how much they move, and '{layer}' is frozen (requires_grad is False)"
    return f"{words}; leave its kind out with `unpruned`, or use another score"


def signed_misfit(score: str, architecture: str) -> str:
    """Why a score that needs a homogeneous network cannot be used with one of the user's."""
    return (
        f"'{score}' needs a network whose modules are torch's convolutions, linear layers, batch norm, ReLU and "
        f"pooling, which '{printable(architecture)}' is not; use another score or network"
    )


def check_names(network: nn.Module, shown: str) -> None:
    """Each tensor of a network has one name: of a module under two, one would be masked and the other loaded over it.

    Args:
        network: on any device, `meta` included.
        shown: what the sentence calls it.

    Raises:
        UserError: a parameter or buffer has two names.
    """
    first: dict[int, str] = {}
    for name, tensor in network.state_dict(keep_vars=True).items():
        if isinstance(tensor, Tensor) and (other := first.setdefault(id(tensor), name)) != name:
            raise UserError(
                f"{shown}: has one tensor under two names, '{printable(other)}' and '{printable(name)}'; name a module "
                f"once, and give each layer weights of its own"
            )


def _check_prunable(network: nn.Module, shown: str) -> None:
    """There are layers to prune, and the weights of each are a parameter."""
    if not (names := prunable_names(network)):
        raise UserError(f"{shown}: has no layer to prune; convolutions, linear layers and attention can be pruned")
    parameters = {name for name, _ in network.named_parameters()}
    if other := next((name for name in names if name not in parameters), None):
        layer, _, weight = other.rpartition(".")
        raise UserError(
            f"{shown}: the layer '{printable(layer)}' has no parameter '{weight}' of its own, so it cannot be pruned; "
            f"take off what computes it (weight norm or another parametrisation)"
        )


def try_score(spec: Network, name: str, per_class: int | None) -> None:
    """See that a score of the user's scores a network of images: its initial weights, unpruned, on noise.

    Raises:
        UserError: the score cannot be imported, is none for this network, or ranks nothing.
    """
    scores = scorer(name)(evidence_of_noise(spec, per_class or 0))
    first, *_ = scores.values()
    if all(bool((layer == first.view(-1)[0]).all()) for layer in scores.values()):
        raise UserError(
            f"score '{printable(shown_score(name))}': all scores of the initial weights are equal, so that the place "
            f"of a weight alone would decide whether it is kept"
        )


def evidence_of_noise(spec: Network, per_class: int) -> Evidence:
    """What a score looks at in an untrained network: initial weights, unpruned, and images of noise.

    Args:
        spec: the network, of images.
        per_class: images of each class that the score sees; 0 for none.
    """
    weights = initial_weights(spec, 0)
    network = holding(spec, weights)
    shape = (spec.channels, spec.size, spec.size)

    def sample(count: int) -> tuple[Tensor, Tensor]:
        noise = torch.randn(count * spec.classes, *shape, generator=generator(0, "score on trial"))
        return noise, torch.arange(spec.classes).repeat_interleave(count)

    return Evidence(
        network=network,
        masks={name: torch.ones_like(weights[name], dtype=torch.bool) for name in prunable_names(network)},
        weights=weights,
        shape=shape,
        stream=generator(0, "random scores"),
        sample=sample,
        per_class=per_class,
    )


def is_homogeneous(network: nn.Module) -> bool:
    """Whether a network is known to be homogeneous: made of such modules of torch's only, without code of its own."""
    return is_plain(network) and all(isinstance(module, HOMOGENEOUS) for module in network.modules())
