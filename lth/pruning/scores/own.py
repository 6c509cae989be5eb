"""Scores by name, those of the user's among them, which are seen to be scores whenever they are used."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

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
        buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
        devices = {mask.device for mask in evidence.masks.values() if mask.device.type == "cuda"}
        try:
            # what it draws without the stream is the same each time, and moves no other stream
            with modes(network), torch.random.fork_rng(devices=[*devices]):
                torch.manual_seed(evidence.stream.initial_seed())
                found = score(given)
        except UserError:
            raise
        except Exception as error:
            raise UserError(f"{shown}: fails with {type(error).__name__}: {reason(error)}") from error
        finally:
            network.zero_grad(set_to_none=True)
            for name, buffer in network.named_buffers():
                buffer.copy_(buffers[name])
        _check_unchanged(evidence, shown)
        return _scores(found, evidence, shown)

    return checked


def _no_images(_: int) -> tuple[Tensor, Tensor]:
    raise UserError("the score asks for images: say how many of each class it sees (`per_class`)")


def _check_unchanged(evidence: Evidence, shown: str) -> None:
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
            f"{shown}: has scores for '{printable(str(other))}', which is no prunable weight; leave them out"
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
