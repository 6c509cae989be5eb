"""Three classes of small images that are learnt in seconds, and a small network for them."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from lth.artifacts.tickets import Ticket
from lth.catalog.methods import METHODS
from lth.config.data import Network
from lth.config.layers import Scope
from lth.data.images import Images, Split
from lth.plan.jobs import RoundJob
from lth.pruning import masks as algebra
from lth.pruning.allocation import Target, allocate
from lth.seeds import generator

NETWORK = Network(architecture="lenet5_classic", size=16, classes=3)
CPU = torch.device("cpu")


def tiny_images(sizes: tuple[int, int, int] = (70, 20, 25), noise: float = 40) -> Images:
    """Three classes of 16x16 images: a bright band at a third of the height each, and noise."""
    draw = generator(0, "tiny images")
    splits = {}
    for name, size in zip(("train", "validation", "test"), sizes, strict=True):
        labels = torch.arange(size) % 3
        pixels = 60 + noise * torch.randn(size, 1, 16, 16, generator=draw)
        for row, label in enumerate(labels.tolist()):
            pixels[row, :, 5 * label : 5 * label + 5] += 90
        splits[name] = Split(pixels.clamp(0, 255).to(torch.uint8), labels)
    return Images("tiny", splits, ("a", "b", "c"), torch.tensor([90.0]), torch.tensor([60.0]))


def sparse_ticket(seed: int = 0, share: float = 0.4) -> Ticket:
    dense = Ticket.dense(NETWORK, seed)
    front = {n: (torch.arange(m.numel()) < share * m.numel()).view_as(m) for n, m in dense.masks.items()}
    return dense.derive(algebra.random_like(front, generator(seed, "test mask")), dense.weights)


def at_density(
    scores: Mapping[str, Tensor], masks: algebra.Masks, density: Fraction, scope: Scope = "layerwise"
) -> dict[str, Tensor]:
    """The masks at a density."""
    return allocate(scores, masks, Target(scope=scope, density=density))


def round_job(**given: Any) -> RoundJob:
    """What the job of a round is told: of a dense first one, but for what is given. The options of its method are given
    beside it, as in a study file."""
    fields = {
        **{"study": "s", "ticket": "t", "seed": 3, "round": 0, "method": "imp", "dataset": "tiny", "network": NETWORK},
        **{"prunes": False, "density": "1"},
        **{key: value for key, value in given.items() if key in RoundJob.model_fields},
    }
    own = {key: value for key, value in given.items() if key not in RoundJob.model_fields}
    options = METHODS[fields["method"]].options_model().model_validate(own)
    return RoundJob.model_validate({**fields, "options": options.model_dump(mode="json")})
