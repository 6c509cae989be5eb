"""The letters' masters."""

import numpy as np

from lth.data.letters import FONTS, LETTERS, MASTER, STROKES, masters


def test_every_font_has_every_letter_and_none_is_cut_off() -> None:
    drawn = masters()
    assert drawn.shape == (len(LETTERS), len(FONTS) * len(STROKES), MASTER, MASTER)
    assert (drawn.sum(axis=(2, 3)) > 100).all()
    edges = (drawn[..., 0, :], drawn[..., -1, :], drawn[..., 0], drawn[..., -1])
    assert max(edge.max() for edge in edges) == 0


def test_no_font_draws_a_placeholder() -> None:
    """A font without a letter shows one box for all of them; so within a font all letters must differ."""
    drawn = masters()
    for font in range(drawn.shape[1]):
        assert len(np.unique(drawn[:, font].reshape(len(LETTERS), -1), axis=0)) == len(LETTERS)
