"""Text from outside: on one line, escaped, and no longer than a sentence."""

import pytest

from lth.errors import UserError, reason
from lth.printable import LIMIT


@pytest.mark.parametrize("letter", ["x", "\x1b", "\U000e0041"])
def test_a_sentence_of_megabytes_is_a_few_lines(letter):
    sentence = str(UserError(f"file.tsv: has the columns {letter * 30_000_000}; use another file"))
    assert len(sentence) <= LIMIT
    assert sentence.startswith("file.tsv: has the columns")
    assert sentence.endswith("; use another file")


def test_what_a_library_says_is_one_short_line():
    assert reason(ValueError("\x1b[31m" + "bad " * 1000 + "\nmore")).startswith(r"\x1b[31mbad bad")
    assert len(reason(ValueError("bad " * 1000))) <= LIMIT // 2
    assert reason(ValueError()) == "ValueError"
