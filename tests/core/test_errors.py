"""Text from outside: on one line, escaped, and no longer than a sentence."""

import pytest

from lth.errors import LINE, UserError, escaped, printable, reason


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü – × 5\u00a0% 1\u202f000", "plain ü – × 5\u00a0% 1\u202f000"),
        ("\x1b[2J\x07", r"\x1b[2J\x07"),
        ("a\tb\nc\r", r"a\tb\nc\r"),
        ("\ud800 \u202e\u2028", r"\ud800 \u202e\u2028"),
        ("\x9b31m\U000e0041", r"\x9b31m\U000e0041"),
    ],
)
def test_everything_unprintable_is_escaped(text, shown):
    assert escaped(text) == printable(text) == str(UserError(text)) == shown
    assert not set(shown) & {chr(code) for code in (*range(32), *range(127, 160), 0x202E, 0x2028)}


def test_lines_can_be_kept():
    assert escaped("one\n\x1btwo", keep="\n") == "one\n\\x1btwo"


def test_a_long_text_loses_its_middle():
    assert printable("a" * 50 + "b" * 50, most=26) == "a" * 14 + " ... " + "b" * 7
    assert printable("x" * 26, most=26) == "x" * 26


@pytest.mark.parametrize("letter", ["x", "\x1b", "\U000e0041"])
def test_a_sentence_of_megabytes_is_a_few_lines(letter):
    sentence = str(UserError(f"file.tsv: has the columns {letter * 30_000_000}; use another file"))
    assert len(sentence) <= LINE
    assert sentence.startswith("file.tsv: has the columns")
    assert sentence.endswith("; use another file")


def test_what_a_library_says_is_one_short_line():
    assert reason(ValueError("\x1b[31m" + "bad " * 1000 + "\nmore")).startswith(r"\x1b[31mbad bad")
    assert len(reason(ValueError("bad " * 1000))) <= LINE // 2
    assert reason(ValueError()) == "ValueError"
