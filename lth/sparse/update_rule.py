"""The update rules of torch's optimisers, on flat arrays of the kept weights."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lth.compiling import ONE, ZERO, compiled
from lth.sparse.table import Arrays, Floats, Integers


class Rule(NamedTuple):
    """The update rule. For Adam, `momentum` is beta1."""

    adam: bool
    decoupled: bool
    momentum: float
    beta2: float
    nesterov: bool
    decay: float
    clip: float
    """0 for none."""
    smoothing: float
    freeze: int
    """0: none; 1: no gradient for weights below the threshold; 2: for those whose magnitude is below it."""
    threshold: float


class State(NamedTuple):
    """What the update rule keeps of each parameter, and where weight decay acts."""

    first: Floats
    """Momentum, or the mean of gradients."""
    second: Floats
    """For Adam, the mean of squared gradients."""
    decays: NDArray[np.bool_]
    """By piece."""
    freezes: NDArray[np.bool_]
    """Whether the freeze rule is for a piece: for weights of layers."""
    pieces: Integers
    """Where runs of parameters that are alike begin, and where the last ends."""


@compiled
def update(a: Arrays, s: State, r: Rule, rate: float, step: int) -> None:
    """One step of the update rule, number `step` (from 1), on all parameters.

    float32 throughout and in torch's order of operations, so that results differ from its own by rounding of sums only.
    """
    gradient = a.parameter_gradients
    if r.freeze:
        for piece in range(len(s.freezes)):
            if s.freezes[piece]:
                for n in range(s.pieces[piece], s.pieces[piece + 1]):
                    weight = abs(a.parameters[n]) if r.freeze == 2 else a.parameters[n]
                    if weight < np.float32(r.threshold):
                        gradient[n] = ZERO
    if r.clip > 0:
        square = 0.0
        for n in range(len(gradient)):
            square += np.float64(gradient[n]) * np.float64(gradient[n])
        factor = np.float32(min(1.0, r.clip / (np.sqrt(square) + 1e-6)))
        for n in range(len(gradient)):
            gradient[n] *= factor
    for piece in range(len(s.decays)):
        begin, end = s.pieces[piece], s.pieces[piece + 1]
        decay = np.float32(r.decay) if s.decays[piece] else ZERO
        if r.adam:
            _adam(
                a.parameters[begin:end],
                gradient[begin:end],
                s.first[begin:end],
                s.second[begin:end],
                r,
                decay,
                rate,
                step,
            )
        else:
            _sgd(a.parameters[begin:end], gradient[begin:end], s.first[begin:end], r, decay, np.float32(rate))


@compiled
def _adam(
    weight: Floats, gradient: Floats, mean: Floats, square: Floats, r: Rule, decay: float, rate: float, step: int
) -> None:
    one, two = np.float32(1 - r.momentum), np.float32(1 - r.beta2)
    beta2 = np.float32(r.beta2)
    size = np.float32(rate / (1 - r.momentum**step))
    root = np.float32(np.sqrt(1 - r.beta2**step))
    eps = np.float32(1e-8)
    shrink = ONE - np.float32(rate) * decay if r.decoupled else ONE
    added = ZERO if r.decoupled else decay
    for n in range(len(weight)):
        w = weight[n] * shrink
        g = gradient[n] + added * w
        m = mean[n] + one * (g - mean[n])
        v = beta2 * square[n] + two * g * g
        mean[n] = m
        square[n] = v
        weight[n] = w - size * m / (np.sqrt(v) / root + eps)


@compiled
def _sgd(weight: Floats, gradient: Floats, momentum: Floats, r: Rule, decay: float, rate: float) -> None:
    factor = np.float32(r.momentum)
    for n in range(len(weight)):
        g = gradient[n] + decay * weight[n]
        m = factor * momentum[n] + g
        momentum[n] = m
        weight[n] -= rate * (g + factor * m if r.nesterov else m)
