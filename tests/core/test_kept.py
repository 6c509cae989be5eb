"""Masks as bits or gaps, and kept weights as rows of values: what comes back is what went in, and it is short."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lth.artifacts.kept import coded, decoded, kept_values, whole
from lth.errors import UserError

FILE = Path("ticket")


def _mask(size: int, *kept: int) -> torch.Tensor:
    mask = torch.zeros(size, dtype=torch.bool)
    mask[list(kept)] = True
    return mask


@pytest.mark.parametrize(
    ("mask", "coding", "code"),
    [
        (_mask(3, 0, 2), "mask/", [0b10100000]),
        (_mask(9, 0, 7, 8), "mask/", [0b10000001, 0b10000000]),
        (_mask(24, 3), "gaps/", [3, 20]),  # 3 pruned, one kept, 20 pruned to the end
        (_mask(40, 0, 39), "gaps/", [0, 38, 0]),
        (_mask(600, 254), "gaps/", [254, 255, 90]),
        (_mask(600, 255), "gaps/", [255, 0, 255, 89]),
        (_mask(255), "gaps/", [255, 0]),
        (_mask(512), "gaps/", [255, 255, 2]),
        (_mask(16, 4), "mask/", [0b00001000, 0]),  # two bytes either way
    ],
)
def test_codes_by_hand(mask: torch.Tensor, coding: str, code: list[int]) -> None:
    assert (coded(mask)[0], coded(mask)[1].tolist()) == (coding, code)
    assert decoded(FILE, "w", coding, torch.tensor(code, dtype=torch.uint8), [len(mask)]).equal(mask)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=3),
    st.sampled_from([0.0, 0.001, 0.01, 0.05, 0.12, 0.13, 0.5, 0.99, 1.0]),
    st.integers(0, 2**31),
)
def test_a_mask_of_any_density_comes_back_and_its_code_is_the_shorter(
    shape: list[int], share: float, seed: int
) -> None:
    mask = torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < share
    coding, code = coded(mask)
    assert decoded(FILE, "w", coding, code, shape).equal(mask)
    assert len(code) <= -(-mask.numel() // 8)
    assert len(code) <= max(int(mask.sum()) + mask.numel() / 255 + 2, 1) or coding == "mask/"
    weight = torch.where(mask, torch.rand(shape), 0.0)
    assert whole(kept_values(weight, mask), mask).equal(weight)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 255), max_size=6), st.integers(1, 1600))
def test_gaps_are_a_mask_of_that_size_or_refused(gaps: list[int], size: int) -> None:
    code = torch.tensor(gaps, dtype=torch.uint8)
    told = sum(gap + (gap < 255) for gap in gaps) - 1
    if gaps and gaps[-1] < 255 and told == size:
        assert int(decoded(FILE, "w", "gaps/", code, [size]).sum()) == sum(gap < 255 for gap in gaps) - 1
    else:
        with pytest.raises(UserError, match=f"ticket: gaps of w end after .* where it has {size}"):
            decoded(FILE, "w", "gaps/", code, [size])
