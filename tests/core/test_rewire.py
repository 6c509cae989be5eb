"""Rewired masks: as many weights at each unit, at other places."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from lth.pruning.rewire import rewired
from lth.seeds import generator


def degrees(mask: Tensor) -> list[list[int]]:
    """Weights at each output and each input."""
    shaped = mask.reshape(*mask.shape[:2], -1)
    return [shaped.sum(axes).tolist() for axes in ((1, 2), (0, 2))]


@given(
    shape=st.sampled_from([(1, 1), (3, 4), (7, 2), (4, 5, 3, 3), (6, 1, 2, 2)]),
    density=st.floats(0, 1),
    seed=st.integers(0, 1000),
)
def test_every_unit_keeps_its_number_of_weights(shape: tuple[int, ...], density: float, seed: int) -> None:
    mask = torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < density
    made = rewired({"layer": mask}, generator(seed, "test"))["layer"]
    assert made.dtype == torch.bool
    assert degrees(made) == degrees(mask)
    assert torch.equal(made, rewired({"layer": mask}, generator(seed, "test"))["layer"])


def test_all_masks_of_these_degrees_are_found_equally_often() -> None:
    """There are two with one weight in each row and column of two, and six of three."""
    for size, masks in ((2, 2), (3, 6)):
        diagonal = torch.eye(size).bool()
        found = [
            tuple(rewired({"a": diagonal}, generator(seed, "test"))["a"].flatten().tolist()) for seed in range(300)
        ]
        times = [found.count(one) for one in {*found}]
        assert len(times) == masks
        assert min(times) > 0.6 * 300 / masks


def test_places_share_no_more_with_the_mask_than_chance() -> None:
    """A mask whose outputs are alike: with 20 of 100 weights each, a fifth of the places are shared by chance."""
    mask = (torch.arange(100)[None] + 20 * torch.arange(50)[:, None]) % 100 < 20
    made = rewired({"a": mask}, generator(0, "test"))["a"]
    assert degrees(made) == [[20] * 50, [10] * 100]
    assert 0.17 < float((made & mask).sum() / mask.sum()) < 0.23


def test_a_convolution_that_reads_one_channel_keeps_other_places_of_its_kernels() -> None:
    mask = torch.zeros(6, 1, 5, 5, dtype=torch.bool)
    mask[:, 0, 0, :3] = True
    found = torch.stack([rewired({"a": mask}, generator(seed, "test"))["a"] for seed in range(200)])
    assert all(degrees(one) == degrees(mask) for one in found)
    assert (abs(found.float().mean(0) - 3 / 25) < 0.1).all()


def test_of_every_or_no_weight_nothing_changes() -> None:
    whole = torch.ones(3, 4, dtype=torch.bool)
    assert torch.equal(rewired({"a": whole}, generator(0, "test"))["a"], whole)
    assert torch.equal(rewired({"a": ~whole}, generator(0, "test"))["a"], ~whole)
