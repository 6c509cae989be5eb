"""Building a network, drawing its initial weights from a named stream, and saying what its layers are."""

import math
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.modules.module import register_module_parameter_registration_hook

from lth.catalog.architectures import ARCHITECTURES, OwnArchitecture
from lth.config.data import Network
from lth.config.layers import LayerKind
from lth.errors import UserError
from lth.networks import own
from lth.networks.pretrained import Pretrained
from lth.seeds import generator

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
PRUNABLE = (*CONVOLUTIONS, nn.Linear)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm)
"""Of our own networks, which draws them."""
_ALL_NORMS = (_NormBase, nn.GroupNorm, nn.LayerNorm, nn.RMSNorm)

INITIALISATIONS: dict[str, Callable[..., Tensor]] = {
    "glorot_normal": nn.init.xavier_normal_,
    "glorot_uniform": nn.init.xavier_uniform_,
    "kaiming_normal": nn.init.kaiming_normal_,
    "kaiming_normal_fan_out": partial(nn.init.kaiming_normal_, mode="fan_out"),
    "lecun_normal": partial(nn.init.kaiming_normal_, nonlinearity="linear"),
    "glorot_normal_normal_biases": nn.init.xavier_normal_,
}
"""How the weights of a layer are drawn, in place (`torch.nn.init`): Glorot & Bengio 2010; He et al. 2015, by fan-in
or fan-out; LeCun et al. 1998."""

NORMAL_BIASES = {"glorot_normal_normal_biases"}
"""Schemes whose biases are drawn from N(0, 1), in a stream of their own: weights are those of the other scheme."""

CONSTANTS = {
    "in_proj_bias": 0.0,  # attention: the biases of query, key and value
    "class_token": 0.0,  # ViT
    "layer_scale": 1e-6,  # ConvNeXt
    "logit_scale": math.log(10),  # Swin v2
}
"""What a module's parameters of these names begin as, which are weights of no layer: as torchvision has it."""

NORMAL = ("pos_embedding", "relative_position_bias_table")
"""Parameters that say where something is (ViT; Swin, MaxViT): drawn from a normal distribution of deviation 0.02."""

RATES = ("dropout", "attention_dropout", "drop_rate")
"""Attributes under which attention and DenseNet keep the rate of a dropout that is no module of its own."""


def build(spec: Network) -> nn.Module:
    """The network on the CPU, its parameters allocated but not yet drawn; its buffers are as they should be.

    Raises:
        UserError: images or dropout that the architecture is not made for.
    """
    network = layout(spec)
    if isinstance(ARCHITECTURES[spec.architecture], OwnArchitecture):
        return network  # its parameters have memory already, and may have hooks
    allocated = {
        parameter: nn.Parameter(torch.empty(parameter.shape, dtype=parameter.dtype), parameter.requires_grad)
        for parameter in network.parameters()
    }
    for module in network.modules():
        for name, parameter in list(module.named_parameters(recurse=False, remove_duplicate=False)):
            setattr(module, name, allocated[parameter])
    return network


def layout(spec: Network) -> nn.Module:
    """The network with its parameters on the meta device: names and shapes, at no cost whatever its size.

    One of the user's is built as it is, since its constructor may do what the meta device cannot.

    Raises:
        UserError: images or dropout that the architecture is not made for.
    """
    architecture = ARCHITECTURES[spec.architecture]
    if problem := architecture.misfit(spec.size, spec.dropout):
        raise UserError(f"network '{spec.architecture}' {problem}")
    if isinstance(architecture, OwnArchitecture):
        return own.constructed(spec, architecture)
    constructor = architecture.load()
    keywords = {"dropout": spec.dropout} if architecture.dropout else {}
    given = (spec.model, spec.classes) if architecture.text else (spec.channels, spec.size, spec.classes)
    with _parameters_on_meta():
        network: nn.Module = constructor(*given, **keywords)
    return network


def names_of(network: nn.Module, kinds: Collection[Literal["bias", "norm"]]) -> set[str]:
    """Parameters of the kinds, by name: all biases (those of norms, too), and all parameters of norms."""
    found = set()
    for place, module in network.named_modules():
        for name, _ in module.named_parameters(recurse=False):
            if ("bias" in kinds and (name.endswith("bias") or name.startswith("bias_"))) or (
                "norm" in kinds and isinstance(module, _ALL_NORMS)
            ):
                found.add(f"{place}.{name}" if place else name)
    return found


@contextmanager
def _parameters_on_meta() -> Iterator[None]:
    """Parameters of the modules made here go to the meta device as soon as they have a name.

    The constructors of layers draw default weights from the global random state; on the meta device these draws do
    nothing and cost nothing. Not so all tensors: buffers hold what nothing could put back (statistics of batch norms,
    the tables of positions of Swin and MaxViT), and RegNet computes its widths with tensors. What is drawn before it
    has a name (the positions of ViT) is thrown away, and the global state put back.
    """

    def to_meta(_module: nn.Module, _name: str, parameter: nn.Parameter) -> nn.Parameter | None:
        if parameter.is_meta:  # one that two modules share: leave it shared
            return None
        return nn.Parameter(torch.empty_like(parameter, device="meta"), parameter.requires_grad)

    hook = register_module_parameter_registration_hook(to_meta)  # type: ignore[arg-type]  # it may return a parameter
    try:
        with torch.random.fork_rng(devices=[]), torch.device("cpu"):
            yield
    finally:
        hook.remove()


@torch.no_grad()
def initial_weights(spec: Network, seed: int, *purpose: str | int) -> dict[str, Tensor]:
    """Every parameter and buffer, drawn from the stream (seed, purpose), module by module in network order.

    With the scheme `constructor` as the network's own constructor draws them. Otherwise
    weights of convolutions and linear layers as the network says (query, key and value of an attention each on its
    own, as the three layers that they are; so each group of a convolution in groups, which has the fans of its own
    channels alone), biases zero but for `NORMAL_BIASES`, norms one and zero, the rest as
    `CONSTANTS` and `NORMAL` say.
    A network that starts from a pre-trained model has its weights, unless there is a purpose.
    """
    if spec.initialisation == "constructor":
        return own.drawn_by_constructor(spec, seed, *purpose)
    network, stream = build(spec), generator(seed, *(purpose or ("initialisation",)))
    if isinstance(network, Pretrained):
        network.initialise(stream, reinitialised=bool(purpose))
        return {name: tensor.detach() for name, tensor in network.state_dict().items()}
    draw = INITIALISATIONS[spec.initialisation]
    biases = (
        generator(seed, *(purpose or ("initialisation",)), "biases") if spec.initialisation in NORMAL_BIASES else None
    )
    for module in network.modules():
        if isinstance(module, NORMS):
            module.reset_parameters()
        elif isinstance(module, PRUNABLE):
            for group in module.weight.chunk(getattr(module, "groups", 1)):  # each is a convolution of its own
                draw(group, generator=stream)
            if module.bias is not None and biases is not None:
                nn.init.normal_(module.bias, generator=biases)
            elif module.bias is not None:
                nn.init.zeros_(module.bias)
        else:
            _initialise_own(module, draw, stream)
    return {name: tensor.detach() for name, tensor in network.state_dict().items()}


def _initialise_own(module: nn.Module, draw: Callable[..., Tensor], stream: torch.Generator) -> None:
    """The parameters of a module that is no layer: of attention, embeddings of positions, learnt scales."""
    for name, parameter in module.named_parameters(recurse=False):
        if name == "in_proj_weight" and isinstance(module, nn.MultiheadAttention):
            for matrix in parameter.chunk(3):  # query, key, value: [width, width] each
                draw(matrix, generator=stream)
        elif name in NORMAL:
            nn.init.normal_(parameter, std=0.02, generator=stream)
        elif name in CONSTANTS:
            nn.init.constant_(parameter, CONSTANTS[name])
        else:
            what = f"{type(module).__name__} has a parameter '{name}' that no scheme draws"
            raise UserError(f"network: {what}; set `initialisation: constructor`, which leaves it to the network")


def prunable_names(network: nn.Module) -> list[str]:
    """The prunable parameters, in network order: weights of convolutions and linear layers; no biases, no norms.

    An attention's query, key and value are linear layers that torch keeps as one matrix (`in_proj_weight`), so that
    matrix is prunable like the separate ones of other implementations. Embeddings, tokens and scales are not,
    nor a matrix that several modules share, nor what a pre-trained network keeps whole.
    """
    return [name for name, _ in _prunable(network)]


def layer_kinds(network: nn.Module) -> dict[str, LayerKind]:
    """The kind of each prunable parameter, in network order.

    The last one is the `output`, also where it is a convolution (SqueezeNet); the first convolution is `first`, and a
    network without convolutions has none; the others are `convolution` or `dense` by their module. Of a pre-trained
    encoder, whose classifier is not prunable, there is no `output` but a `pooler`.
    """
    kinds: dict[str, LayerKind] = {
        name: "convolution" if isinstance(module, CONVOLUTIONS) else "dense" for name, module in _prunable(network)
    }
    if isinstance(network, Pretrained):
        return {name: "pooler" if name.startswith(network.pooler) else kind for name, kind in kinds.items()}
    first = next((name for name, kind in kinds.items() if kind == "convolution"), None)
    if first is not None:
        kinds[first] = "first"
    if kinds:
        kinds[next(reversed(kinds))] = "output"
    return kinds


def _prunable(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Each prunable parameter's name and its module."""
    whole, shared = network.whole if isinstance(network, Pretrained) else (), _shared(network)
    for path, module in network.named_modules():
        if path.startswith(whole) or id(getattr(module, "weight", None)) in shared:
            continue
        prefix = f"{path}." if path else ""
        if isinstance(module, PRUNABLE):
            yield f"{prefix}weight", module
        elif isinstance(module, nn.MultiheadAttention) and module.in_proj_weight is not None:
            yield f"{prefix}in_proj_weight", module


def _shared(network: nn.Module) -> set[int]:
    """The identities of parameters that several modules have."""
    owners = Counter(id(p) for module in network.modules() for p in module.parameters(recurse=False))
    return {identity for identity, count in owners.items() if count > 1}


def head_names(network: nn.Module) -> list[str]:
    """The parameters of the last layer, or of a pre-trained network's classifier."""
    last = network.head if isinstance(network, Pretrained) else prunable_names(network)[-1].rpartition(".")[0]
    prefix = f"{last}." if last else ""  # a network that is itself its last layer is its own head
    return [name for name, _ in network.named_parameters() if name.startswith(prefix)]


def has_randomness(network: nn.Module) -> bool:
    """Whether a forward pass in training mode may draw random numbers: dropout of any kind, or stochastic depth.

    Code of the user's may always do so. Torch's modules draw them from its global random state; who runs such a network
    has to seed that.
    """
    return not own.is_plain(network) or any(isinstance(m, nn.RReLU) or _rate(m) > 0 for m in network.modules())


def _rate(module: nn.Module) -> float:
    """The largest share that a module itself drops while training."""
    depth = type(module).__name__ == "StochasticDepth"  # torchvision's, which need not be there
    rates = [getattr(module, "p")] if depth or isinstance(module, _DropoutNd) else []  # noqa: B009
    rates += [getattr(module, name, 0.0) for name in RATES]
    return max(rate for rate in (0.0, *rates) if isinstance(rate, int | float))


def holding(spec: Network, weights: Mapping[str, Tensor]) -> nn.Module:
    """The network with these weights, on the CPU."""
    network = build(spec)
    load_weights(network, weights)
    return network


def load_weights(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Copy weights into a network, names and shapes having to match exactly."""
    state = OrderedDict(weights)
    # the versions of its modules' state: without them MNASNet takes the weights for those of an old release
    state._metadata = network.state_dict()._metadata  # type: ignore[attr-defined]
    network.load_state_dict(state, strict=True)
