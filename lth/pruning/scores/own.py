"""Scores by name, those of the user's among them, which are seen to be scores whenever they are used."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lth.catalog.scores import SCORES, OwnScore
from lth.errors import UserError, reason
from lth.printable import printable
from lth.pruning.scores.evidence import Evidence, Scorer
from lth.pruning.scores.passes import modes


def scorer(name: str) -> Scorer:
    """The score of a name.

    Raises:
        UserError: it cannot be imported. One of the user's raises it also where it fails, returns something other than
            a score for each prunable weight, or changes what it was given.
    """
    known = SCORES[name]
    score: Scorer = known.load()
    return _checked(score, f"score '{printable(shown_score(name))}'") if isinstance(known, OwnScore) else score


def shown_score(name: str) -> str:
    """What messages call a score: of one that the library was given, the function's name."""
    return name.removeprefix("in_memory:").rsplit("-", 2)[0] if name.startswith("in_memory:") else name


def _checked(score: Scorer, shown: str) -> Scorer:
    def checked(evidence: Evidence) -> dict[str, Tensor]:
        network = evidence.network
        given = replace(
            evidence,
            masks={name: mask.clone() for name, mask in evidence.masks.items()},
            weights={name: weight.clone() for name, weight in evidence.weights.items()},
            sample=evidence.sample if evidence.per_class else _no_images,
        )
        before = [*network.state_dict()]
        buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
        devices = {mask.device for mask in evidence.masks.values() if mask.device.type == "cuda"}
        try:
            with modes(network), _seeded(evidence.stream.initial_seed(), devices):
                found = score(given)
        except UserError:
            raise
        except Exception as error:
            raise UserError(f"{shown}: fails with {type(error).__name__}: {reason(error)}") from error
        finally:
            network.zero_grad(set_to_none=True)
            for name, buffer in network.named_buffers():
                if name in buffers:
                    buffer.copy_(buffers[name])
        _check_unchanged(evidence, before, shown)
        return _scores(found, evidence, shown)

    return checked


def _no_images(_: int) -> tuple[Tensor, Tensor]:
    raise UserError("the score asks for images: say how many of each class it sees (`per_class`)")


@contextmanager
def _seeded(seed: int, devices: Iterable[torch.device]) -> Iterator[None]:
    """What is drawn from global random states is the same each time, and moves none of them."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[*devices]):
            torch.manual_seed(seed)
            random.seed(seed)
            np.random.seed(seed % 2**32)
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


def _check_unchanged(evidence: Evidence, before: Sequence[str], shown: str) -> None:
    after = [*evidence.network.state_dict()]
    if other := next((name for name in [*before, *after] if name not in before or name not in after), None):
        raise UserError(f"{shown}: changes the network's modules ('{printable(other)}'); compute with a copy")
    now = dict(evidence.network.named_parameters())
    for name in evidence.masks:
        if not now[name].detach().equal(evidence.weights[name]):
            raise UserError(f"{shown}: changes the network's '{printable(name)}'; compute with a copy")


def _scores(found: Any, evidence: Evidence, shown: str) -> dict[str, Tensor]:
    if not isinstance(found, Mapping):
        raise UserError(
            f"{shown}: returns {type(found).__name__}, where a dict of one tensor for each prunable weight is needed, "
            f"by the names in `evidence.masks`"
        )
    if other := next((name for name in evidence.masks if name not in found), None):
        raise UserError(f"{shown}: has no scores for '{printable(other)}'; each name in `evidence.masks` needs them")
    if other := next((name for name in found if name not in evidence.masks), None):
        raise UserError(
            f"{shown}: has scores for '{printable(str(other))}', which is no prunable weight; go through the "
            "names in `evidence.masks`"
        )
    return {
        name: _of_weight(found[name], mask, f"{shown}: of '{printable(name)}'") for name, mask in evidence.masks.items()
    }


def _of_weight(scores: Any, mask: Tensor, shown: str) -> Tensor:
    if not isinstance(scores, Tensor) or scores.is_complex():
        what = f"{scores.dtype}" if isinstance(scores, Tensor) else type(scores).__name__
        raise UserError(f"{shown} it returns {what}, where a tensor of real numbers is needed")
    if scores.shape != mask.shape:
        raise UserError(f"{shown} it returns the shape {list(scores.shape)}, the weight has {list(mask.shape)}")
    exact = scores.detach() if scores.dtype in (torch.float32, torch.float64) else scores.detach().double()
    if bool((exact.isnan() & mask.to(exact.device)).any()):
        raise UserError(f"{shown} a score is NaN; every kept weight needs a number (infinite ones are allowed)")
    return exact.to(mask.device)
