"""Bytes and words at random: whatever is read, there is a sentence or a sound thing, and never anything else."""

from contextlib import redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from typing import Any
from unicodedata import category

import pytest
import torch
from bad_inputs import SOUND, _ticket
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lth.artifacts.tensors import read_metadata, write_tensors
from lth.artifacts.tickets import Ticket
from lth.artifacts.trained_weights import TrainedWeights
from lth.checks.problems import StudyError
from lth.checks.read import load_study
from lth.cli import main
from lth.config.study import Study
from lth.data.examples import load_examples
from lth.errors import UserError

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


FORGED = settings(FUZZ, max_examples=60)
NUMBERS = ("float32", "uint8", "float64", "bfloat16", "complex64", "float8_e5m2", "int64", "bool")
NAMES = st.sampled_from(
    ["mask/w", "gaps/w", "values/w", "weights/w", "mask/v", "values/v", "weights/v", "last/w", "w", "mask/", ""]
) | st.text(max_size=6)
KEYS = st.sampled_from(["layers", "shapes", "network", "seed", "kept", "classes", "name"]) | st.text(max_size=4)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.just("w"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def tensors(draw: st.DrawFn) -> torch.Tensor:
    """A small tensor of any type and shape."""
    full = torch.full(draw(st.lists(st.integers(0, 3), max_size=3)), draw(st.sampled_from([0.0, 1.0, 2.0])))
    return full.to(getattr(torch, draw(st.sampled_from(NUMBERS))))


@FORGED
@example(held={"\xa0": torch.zeros(())}, told={}, kind="ticket")
@given(
    st.dictionaries(NAMES.filter(lambda name: name != "__metadata__"), tensors(), max_size=4),
    st.dictionaries(KEYS, JSON),
    st.sampled_from(["ticket", "dataset", "texts", "weights"]),
)
def test_whatever_an_artifact_with_a_right_checksum_holds_it_is_sound_or_refused(
    tmp_path: Path, held: dict[str, torch.Tensor], told: dict[str, Any], kind: Any
) -> None:
    path = tmp_path / "artifact"
    write_tensors(path, kind, held, told)
    with suppress(UserError):
        ticket = Ticket.load(path)
        assert 0 <= ticket.density <= 1
        assert all(kept <= total and outputs for _, kept, total, outputs in ticket.layers())
    with suppress(UserError):
        assert load_examples(path).classes
    with suppress(UserError):
        TrainedWeights.load(path, path)
    with redirect_stdout(StringIO()) as shown, redirect_stderr(StringIO()) as refused:
        main(["show", str(path)])
    for text in (shown.getvalue(), refused.getvalue()):  # spaces of other widths do nothing to a terminal
        assert all(c.isprintable() or category(c) == "Zs" for c in text.replace("\n", ""))


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
