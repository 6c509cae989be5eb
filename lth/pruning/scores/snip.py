"""SNIP: a weight is worth what the loss hangs on it."""

from torch import Tensor

from lth.pruning.scores.evidence import Evidence
from lth.pruning.scores.passes import gradient, losses, prunable_weights


def snip(evidence: Evidence) -> dict[str, Tensor]:
    """|g w|, the change of the loss to first order if the weight goes (Lee et al. 2019, section 4).

    The paper scores one batch as it comes (100 images of MNIST, 128 of CIFAR-10); here classes are balanced, with 13
    images each unless the study says otherwise. The paper's sum over all weights in the denominator changes no order
    and is left out. Its code also prunes biases, and leaves batch norm to the running statistics of an untrained
    network; here as in training (`passes.losses`).
    """
    weights = prunable_weights(evidence)
    slopes = gradient(losses(evidence), weights)
    return {
        name: (slopes[name] * weight).detach().abs().to(evidence.masks[name].device) for name, weight in weights.items()
    }
