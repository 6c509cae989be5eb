"""Networks of the user's: how they are built, and drawn by their own constructor."""

import inspect
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from lth.catalog.architectures import ARCHITECTURES, OwnArchitecture
from lth.config.data import Network
from lth.errors import UserError, reason
from lth.printable import printable
from lth.seeds import derive


class Given:
    """A module that was given as it is, in the role of a constructor: its copies have the same initial weights."""

    def __init__(self, module: nn.Module) -> None:
        """Copy a module.

        Raises:
            UserError: it cannot be copied, or has hooks on parameters, which a copy loses.
        """
        instead = "give the class or function that builds it instead"
        if hooked := next((name for name, one in module.named_parameters() if _is_hooked(one)), None):
            raise UserError(f"model: the parameter '{printable(hooked)}' has a hook, which a copy loses; {instead}")
        try:
            self.module = deepcopy(module).cpu()  # frozen parameters stay frozen
        except Exception as error:
            raise UserError(
                f"model: cannot be copied ({reason(error)}); {instead}, or take off what holds computed tensors first "
                f"(torch.nn.utils.prune.remove, remove_weight_norm)"
            ) from error

    def __call__(self) -> nn.Module:
        """A copy."""
        return deepcopy(self.module)

    def redrawn(self) -> nn.Module:
        """A copy whose weights are drawn anew from torch's global stream, as each layer's `reset_parameters` does it.

        Raises:
            UserError: a module has parameters and no `reset_parameters`.
        """
        copy = self()
        for name, module in copy.named_modules():
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()
            elif own := [parameter for parameter, _ in module.named_parameters(recurse=False)]:
                where = f"'{name}.{own[0]}'" if name else f"'{own[0]}'"
                raise UserError(
                    f"new initial weights are needed, and the network has a parameter {where} that nothing draws: "
                    f"{type(module).__name__} has no reset_parameters(); give the function that builds the network"
                )
        return copy


def _is_hooked(parameter: nn.Parameter) -> bool:
    hooks = ("_backward_hooks", "_post_accumulate_grad_hooks")
    return any(getattr(parameter, name, None) for name in hooks)


def is_given(spec: Network) -> bool:
    """Whether a network is a module that was given as it is."""
    return isinstance(ARCHITECTURES[spec.architecture].load(), Given)


def constructed(spec: Network, architecture: OwnArchitecture) -> nn.Module:
    """A new module from the user's function, on the CPU; torch's global random state is as it was before.

    What the function draws is the same each time: also what is in no `state_dict`, such as a permutation of the inputs.

    Raises:
        UserError: the function takes other arguments, fails, or returns something that cannot be trained.
    """
    constructor = architecture.load()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(0, "construction"))
        return _called(constructor, spec, architecture.target)


def drawn_by_constructor(spec: Network, seed: int, *purpose: str | int) -> dict[str, Tensor]:
    """Every parameter and buffer as the network's constructor draws them, by name.

    Args:
        spec: the network.
        seed: with the purpose, what torch's global random state is set to for the call; it is put back afterwards.
        *purpose: none for theta_0. A module that was given as it is has the weights that it was given with, and with
            a purpose those that its layers' `reset_parameters` draw.
    """
    architecture = ARCHITECTURES[spec.architecture]
    constructor = architecture.load()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, *(purpose or ("initialisation",)), "constructor"))
        if isinstance(constructor, Given):
            network = constructor.redrawn() if purpose else constructor()
        elif isinstance(architecture, OwnArchitecture):
            network = _called(constructor, spec, architecture.target)
        else:
            keywords = {"dropout": spec.dropout} if architecture.dropout else {}
            network = constructor(spec.channels, spec.size, spec.classes, **keywords)
    return {name: tensor.detach() for name, tensor in network.state_dict().items()}


def _called(constructor: Callable[..., Any], spec: Network, name: str) -> nn.Module:
    given = {key: getattr(spec, key) for key in ("channels", "size", "classes", "dropout")}
    shown = printable(name)
    try:
        parameters = inspect.signature(constructor).parameters.values()
    except (TypeError, ValueError) as error:
        raise UserError(f"network '{shown}': {reason(error)}; a function or class is needed") from None
    needed = [p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if other := [key for key in needed if key not in given]:
        raise UserError(
            f"network '{shown}': needs the argument '{other[0]}', and is called with `channels`, `size`, `classes` and "
            f"`dropout` at most; give it a default"
        )
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
    if spec.dropout and not takes_any and "dropout" not in {p.name for p in parameters}:
        raise UserError(f"network '{shown}': takes no argument `dropout`, found {spec.dropout:g}; leave it out")
    # a rate of dropout that nobody asked for is the network's own
    told = {p.name for p in parameters if p.name != "dropout" or spec.dropout or p.name in needed}
    if takes_any and spec.dropout:
        told.add("dropout")
    try:
        network = constructor(**{name: given[name] for name in given if name in told})
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"network '{shown}': building it fails with {type(error).__name__}: {reason(error)}") from error
    if not isinstance(network, nn.Module):
        raise UserError(f"network '{shown}': returns {type(network).__name__}, where a torch.nn.Module is needed")
    for problem in _untrainable(network):
        raise UserError(f"network '{shown}': {problem}")
    return network


def _untrainable(network: nn.Module) -> Iterator[str]:
    for name, parameter in network.named_parameters():
        if is_lazy(parameter):
            yield f"'{name}' belongs to a lazy layer, whose size is not known yet; give the layer its size"
        elif parameter.dtype != torch.float32:
            yield f"'{name}' is {_dtype(parameter)}; parameters must be float32"
    saved = {*network.state_dict(keep_vars=True)}
    for name, buffer in network.named_buffers():
        if name not in saved:
            continue
        if buffer.dtype not in (torch.float32, torch.int64, torch.int32, torch.bool):
            words = f"buffer '{name}' is {_dtype(buffer)}; buffers must be float32, int64, int32 or bool"
            yield f"{words}, or registered with persistent=False"
        elif not buffer.isfinite().all():
            yield f"buffer '{name}' holds values that are not finite; register it with persistent=False"


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def memory_layout(network: nn.Module) -> torch.memory_format:
    """How its tensors are best laid out: channels last, but for code of the user's, which may rely on the default.

    Nor where a 1x1 convolution of few channels takes every second pixel: over channels last its backward pass writes
    past its memory in torch 2.13 on CPUs.
    """
    strided = (module for module in network.modules() if isinstance(module, nn.Conv2d) and max(module.stride) > 1)
    unsafe = any(module.kernel_size == (1, 1) and module.in_channels % 8 for module in strided)
    return torch.channels_last if is_plain(network) and not unsafe else torch.contiguous_format


def is_plain(network: nn.Module) -> bool:
    """Whether all modules with code of their own are torch's or ours: others may draw random numbers in `forward`."""
    return all(type(m).__module__.partition(".")[0] in ("torch", "torchvision", "lth") for m in network.modules())
