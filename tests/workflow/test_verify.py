"""`python -m lth verify`: what was altered, lost, left over or made from something else since a study was finished."""

import json
import shutil
from pathlib import Path

import pytest
from tiny import Project

from lth.cli import main
from lth.manifest import UNLISTED, Finding, verify
from lth.tickets import Ticket

pytestmark = pytest.mark.workflow
TICKET = "tickets/digits/seed0/round01/ticket.safetensors"


def found(project: Project) -> dict[str, str]:
    """What does not hold: the kind, by path."""
    return {finding.path: finding.kind for finding in verify(project.results)[1]}


def test_a_finished_study_holds(finished: Project, capsys: pytest.CaptureFixture[str]) -> None:
    count, findings = verify(finished.results)
    assert findings == []
    there = [path for path in finished.results.rglob("*") if path.is_file() and not {*UNLISTED} & {*path.parts}]
    assert count == len(there)
    assert main(["verify", str(finished.results)]) == 0
    assert f"all {count} artifacts are as they were" in capsys.readouterr().out


def test_whatever_happened_to_a_file_is_named(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    history = project.results / "tickets/letters/seed1/round02/history.csv"
    history.write_text(history.read_text().replace("9", "8", 1))
    (project.results / "figures/pruning_curves.svg").unlink()
    (project.results / "tickets/old").mkdir()
    shutil.copy(project.results / TICKET, project.results / "tickets/old/ticket.safetensors")
    assert found(project) == {
        "tickets/letters/seed1/round02/history.csv": "altered",
        "figures/pruning_curves.svg": "missing",
        "tickets/old/ticket.safetensors": "orphaned",
    }
    assert main(["verify", str(project.results)]) == 1
    told = capsys.readouterr()
    assert "3 things do not hold" in told.err
    assert "missing" in told.out


def test_a_flipped_bit_in_a_mask_is_found_even_where_nothing_lists_it(project: Project) -> None:
    path = project.results / TICKET
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    manifest = project.results / "manifest.json"
    told = json.loads(manifest.read_text())
    del told["files"][TICKET]
    manifest.write_text(json.dumps(told))
    assert found(project)[TICKET] == "orphaned"
    with pytest.raises(Exception, match="altered after it was written"):
        Ticket.load(path)


def test_what_hangs_on_a_ticket_that_was_made_anew_is_stale(project: Project) -> None:
    """Another ticket in its place, whole in itself and listed: what was made from the old one does not belong to it."""
    path = project.results / TICKET
    ticket = Ticket.load(path)
    ticket.derive(ticket.masks, ticket.weights, note="another").save(path)
    _list_anew(project.results, path)
    kinds = found(project)
    assert kinds["tickets/digits/seed0/round02/ticket.safetensors"] == "stale"
    assert {kind for name, kind in kinds.items() if "letters" in name} == set()


def test_a_seed_that_the_study_no_longer_has_is_orphaned(project: Project) -> None:
    manifest = project.results / "manifest.json"
    told = json.loads(manifest.read_text())
    told["study"]["seeds"] = [0]
    manifest.write_text(json.dumps(told))
    assert {kind for name, kind in found(project).items() if name.endswith("ticket.safetensors")} == {"orphaned"}


@pytest.mark.parametrize("content", [None, "{", "[]", '{"files": {}, "study": {}}'])
def test_a_missing_or_damaged_manifest_is_a_sentence(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    assert main(["verify", str(tmp_path)]) == 1
    assert "manifest.json: " in capsys.readouterr().err


def test_findings_are_in_order_of_their_paths() -> None:
    assert sorted([Finding("b", "missing", ""), Finding("a", "stale", "")])[0].path == "a"


def _list_anew(results: Path, path: Path) -> None:
    from lth.files import checksum

    manifest = results / "manifest.json"
    told = json.loads(manifest.read_text())
    told["files"][str(path.relative_to(results))] = checksum(path)
    manifest.write_text(json.dumps(told))
