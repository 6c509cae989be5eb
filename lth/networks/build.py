"""Building a network, drawing its initial weights from a named stream, and saying which of them are prunable."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from lth.config.models import Network
from lth.networks import ARCHITECTURES
from lth.seeds import generator

PRUNABLE = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm)

INITIALISATIONS: dict[str, Callable[..., Tensor]] = {
    "glorot_normal": nn.init.xavier_normal_,
    "glorot_uniform": nn.init.xavier_uniform_,
    "kaiming_normal": nn.init.kaiming_normal_,
}


def build(spec: Network) -> nn.Module:
    """The network, its parameters allocated but not yet drawn.

    It is laid out on the meta device first: the constructors of torch's layers would otherwise draw default weights
    from the global random state.
    """
    with torch.device("meta"):
        network: nn.Module = ARCHITECTURES[spec.architecture].load()(spec.channels, spec.size, spec.classes)
    return network.to_empty(device="cpu")


def initial_weights(spec: Network, seed: int, purpose: str = "initialisation") -> dict[str, Tensor]:
    """Every parameter and buffer, drawn from the stream (seed, purpose): weights as the network says, biases zero."""
    network, stream = build(spec), generator(seed, purpose)
    draw = INITIALISATIONS[spec.initialisation]
    for module in network.modules():
        if isinstance(module, PRUNABLE):
            draw(module.weight, generator=stream)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, NORMS):
            module.reset_parameters()
        elif list(module.parameters(recurse=False)):
            raise NotImplementedError(f"{type(module).__name__} has parameters that nothing initialises")
    return {name: tensor.detach() for name, tensor in network.state_dict().items()}


def prunable_names(network: nn.Module) -> list[str]:
    """The prunable parameters, in network order: weights of convolutions and linear layers; no biases, no norms."""
    return [f"{name}.weight" for name, module in network.named_modules() if isinstance(module, PRUNABLE)]


def load_weights(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Copy weights into a network, names and shapes having to match exactly."""
    network.load_state_dict(dict(weights), strict=True)
