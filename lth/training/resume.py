"""A training in progress as tensors and words, and back, so that it goes on as if it had never stopped.

Everything that a later step depends on is in it: weights and buffers, the optimiser's state, masks, what was seen since
the last scoring, costs, history and what was best. Random numbers need no state: each stream is derived from the seed,
its purpose, and the epoch or step.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from lth.training.history import Row
from lth.training.loop import Loop
from lth.training.optimisers import trained_parameters
from lth.training.trained import Trained

_COUNTED = ("forward_images", "backward_images", "flops")


def snapshot(loop: Loop, trained: Trained, step: int) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The state before a step is scored or made.

    Args:
        loop: the network, its optimiser and masks.
        trained: what has been found so far.
        step: the next one.
    """
    loop.settle()
    tensors = {f"network/{name}": tensor for name, tensor in loop.network.state_dict().items()}
    for place, state in _optimiser_state(loop).items():
        tensors |= {f"optimiser/{place}/{key}": value for key, value in state.items()}
    tensors |= {f"mask/{name}": mask.to(torch.uint8) for name, mask in loop.masking.masks.items()}
    for moment in ("best", "early"):
        tensors |= {f"{moment}/{name}": tensor for name, tensor in getattr(trained, moment).items()}
    tensors |= {"predictions": trained.predictions, "losses": loop.losses, "correct": loop.correct}
    told = {
        "step": step,
        "images": loop.images,
        "best_step": trained.best_step,
        "history": [asdict(row) for row in trained.history],
        "cost": {name: getattr(loop.meter, name) for name in _COUNTED},
    }
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}, told


@torch.no_grad()
def restore(loop: Loop, trained: Trained, tensors: Mapping[str, Tensor], told: Mapping[str, Any]) -> int:
    """Put a state back into a loop that has just begun; the next step."""
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        part, _, rest = name.partition("/")
        parts.setdefault(part, {})[rest] = tensor
    order = loop.masking.masks  # of the network: safetensors sorts, and where scores tie the earlier layer is kept
    loop.change_masks({name: parts["mask"][name].bool().to(loop.feed.device) for name in order})
    for name, tensor in loop.network.state_dict().items():
        tensor.copy_(parts["network"][name])  # in place, so that layouts in memory stay
    _restore_optimiser(loop, parts.get("optimiser", {}))
    loop.static.forget()  # the optimiser's state has another place in memory
    trained.best, trained.early = dict(parts.get("best", {})), dict(parts.get("early", {}))
    trained.predictions, trained.best_step = tensors["predictions"], told["best_step"]
    trained.history += [Row(**row) for row in told["history"]]
    loop.losses.copy_(tensors["losses"])
    loop.correct.copy_(tensors["correct"])
    loop.images = told["images"]
    for name, value in told["cost"].items():
        setattr(loop.meter, name, value)
    return int(told["step"])


def _optimiser_state(loop: Loop) -> dict[int, dict[str, Tensor]]:
    """By the place of the parameter among those that are trained; empty before the first step."""
    parameters = trained_parameters(loop.optimiser)
    return {place: loop.optimiser.state[p] for place, p in enumerate(parameters) if p in loop.optimiser.state}


def _restore_optimiser(loop: Loop, saved: Mapping[str, Tensor]) -> None:
    """Moments get the layout of their parameter, and with the number of steps its device: fused kernels take both for
    granted."""
    parameters = trained_parameters(loop.optimiser)
    for name, tensor in saved.items():
        place, _, key = name.partition("/")
        parameter = parameters[int(place)]
        alike = tensor.shape == parameter.shape
        like = torch.empty_like(parameter) if alike else torch.empty_like(tensor, device=parameter.device)
        loop.optimiser.state[parameter][key] = like.copy_(tensor)
