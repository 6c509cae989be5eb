"""What the loss hangs on a weight: SNIP of untrained weights, Taylor's of trained ones, and the bare gradient."""

from torch import Tensor

from lth.pruning.scores.evidence import Evidence


def snip(evidence: Evidence) -> dict[str, Tensor]:
    """|g w|, the change of the loss to first order if the weight goes (Lee et al. 2019, section 4).

    The paper scores one batch as it comes (100 images of MNIST, 128 of CIFAR-10); here classes are balanced, with 13
    images each unless the study says otherwise. The paper's sum over all weights in the denominator changes no order
    and is left out. Its code also prunes biases, and leaves batch norm to the running statistics of an untrained
    network; here as in training (`passes.losses`).

    Of trained weights the same product is Taylor's criterion (Molchanov et al. 2017, section 2.2, by weight; the
    gradient pruning of Blalock et al. 2020).
    """
    slopes = evidence.gradient()
    return {
        name: (slopes[name] * evidence.weights[name]).abs().to(mask.device) for name, mask in evidence.masks.items()
    }


def steepness(evidence: Evidence) -> dict[str, Tensor]:
    """|g| of the loss on a class-balanced sample, whatever the weight is: those that the loss is flat in go first.

    Weights that are pruned already have a gradient, too; they are worth nothing.
    """
    slopes = evidence.gradient()
    return {name: slopes[name].to(mask.device).abs() * mask for name, mask in evidence.masks.items()}
