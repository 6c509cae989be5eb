"""What is printed of a user's text is one line of printable characters, and never long."""

import pytest

from lth.printable import LIMIT, escaped, printable

HOSTILE = {
    "a colour": ("\x1b[31mred", r"\x1b[31mred"),
    "a title and a bell": ("\x1b]0;x\x07", r"\x1b]0;x\x07"),
    "C1": ("\x9b2J", r"\x9b2J"),
    "another line": ("a\nb\rc\td", r"a\nb\rc\td"),
    "line separators": ("a\u2028b\x85", r"a\u2028b\x85"),
    "text turned around": ("abc\u202egnp.exe\u2066", r"abc\u202egnp.exe\u2066"),
    "nothing to see": ("a\u200bb\ufeff", r"a\u200bb\ufeff"),
    "half a character": ("a\ud800b\udcff", r"a\ud800b\udcff"),
    "beyond the first plane": ("\U000e0041", r"\U000e0041"),
    "NUL and DEL": ("\x00\x7f", r"\x00\x7f"),
}


@pytest.mark.parametrize(("text", "shown"), HOSTILE.values(), ids=HOSTILE)
def test_what_a_terminal_might_act_on_is_escaped(text: str, shown: str) -> None:
    assert escaped(text) == printable(text) == shown
    assert printable(text).isprintable()
    printable(text).encode()


@pytest.mark.parametrize("text", ["", "5\u00a0% 1\u202f000", "größe 日本語 é", r"C:\data\x1b", "density 0.216", "🎟"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_other_objects_are_converted() -> None:
    assert printable({"a": [1, "\x1b"]}) == r"{'a': [1, '\x1b']}"
    assert printable(None) == "None"


def test_lines_can_be_kept() -> None:
    assert escaped("one\n\x1btwo", keep="\n") == "one\n\\x1btwo"


def test_a_long_text_loses_its_middle() -> None:
    assert printable("a" * 50 + "b" * 50, limit=26) == "a" * 14 + " ... " + "b" * 7
    assert printable("x" * 26, limit=26) == "x" * 26


@pytest.mark.parametrize("text", ["x" * 10**6, "\x1b" * 10**6, "\x1b" * LIMIT])
def test_whatever_its_length_it_is_short(text: str) -> None:
    assert len(printable(text)) <= LIMIT
