"""Scores that follow from weights alone, whatever the network."""

from torch import Tensor

from lth.pruning.scores.evidence import Evidence


def magnitude(evidence: Evidence) -> dict[str, Tensor]:
    """|w|, of trained weights (Han et al. 2015; Frankle & Carbin 2019, section 1) or of initial ones."""
    return {name: evidence.weights[name].abs().to(mask.device) for name, mask in evidence.masks.items()}


def stability(evidence: Evidence) -> dict[str, Tensor]:
    """-|w_best - w_last|: a weight that still moved after the epoch of least validation loss is worth less.

    Where the best epoch is the last, all are worth the same (the caller should look: pruning would go by index).

    Raises:
        ValueError: there are no weights of a best epoch.
    """
    if evidence.best is None:
        raise ValueError("stability needs the weights of the best epoch")
    best, last = evidence.best, evidence.weights
    return {name: -(best[name] - last[name]).abs().to(mask.device) for name, mask in evidence.masks.items()}
