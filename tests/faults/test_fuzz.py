"""Bytes and words at random: whatever is read, there is a sentence or a sound thing, and never anything else."""

from contextlib import suppress
from pathlib import Path

import pytest
from bad_inputs import SOUND, _ticket
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lth.artifacts import read_metadata
from lth.config.study import Study
from lth.checks.problems import StudyError
from lth.checks.read import load_study
from lth.errors import UserError
from lth.tickets import Ticket

WHOLE = _ticket()
PIECES = sorted(
    {*SOUND.split(), "null", "[]", "{}", "!!python/name:os.system", "*a", "&a", "-1", ".nan", "1e400", "..", "\t"}
)
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_ticket_with_other_bytes_is_refused(tmp_path: Path, changes: list[tuple[int, int]]) -> None:
    content = bytearray(WHOLE)
    for place, value in changes:
        content[place] = value
    path = tmp_path / "ticket"
    path.write_bytes(content)
    if bytes(content) == WHOLE:
        Ticket.load(path)
        return
    with pytest.raises(UserError) as refused:
        Ticket.load(path)
    assert str(path) in str(refused.value)


@FUZZ
@given(st.binary(max_size=400), st.integers(0, len(WHOLE)))
def test_a_cut_or_spliced_file_is_refused(tmp_path: Path, other: bytes, cut: int) -> None:
    path = tmp_path / "ticket"
    path.write_bytes(WHOLE[:cut] + other)
    if WHOLE[:cut] + other == WHOLE:
        return
    with pytest.raises(UserError):
        Ticket.load(path)
    with suppress(UserError):
        read_metadata(path)


@FUZZ
@given(st.data())
def test_a_study_with_other_words_is_sound_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    words = SOUND.split(" ")
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(words) - 1))
        words[place] = data.draw(st.sampled_from(PIECES) | st.text(max_size=8))
    path = tmp_path / "study.yaml"
    path.write_text(" ".join(words), encoding="utf-8", errors="replace")
    with suppress(StudyError):
        assert isinstance(load_study(path), Study)
