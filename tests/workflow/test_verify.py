"""`lth verify`: what was altered, lost, left over or made from something else since a study was finished."""

import json
import os
import re
import shutil
import socket
from pathlib import Path

import pytest
import warm
from tiny import MEASURED, RESULTS, SAME, Project, checksum

from lth.artifacts.records import json_text, seal, seal_markup
from lth.artifacts.tickets import Ticket
from lth.checks.read import load_study
from lth.cli import main
from lth.errors import UserError
from lth.verification.listing import artifacts_checksum
from lth.verification.manifest import UNLISTED, Finding, verify, write_manifest

pytestmark = pytest.mark.workflow
TICKET = "tickets/digits/seed0/round01/ticket.safetensors"


def found(project: Project) -> dict[str, str]:
    """What failed verification: the kind, by path."""
    return {finding.path: finding.kind for finding in verify(project.results)[1]}


def test_a_finished_study_holds(finished: Project, capsys: pytest.CaptureFixture[str]) -> None:
    count, findings = verify(finished.results)
    assert findings == []
    there = [path for path in finished.results.rglob("*") if path.is_file() and not {*UNLISTED} & {*path.parts}]
    assert count == len(there) - 1  # the manifest itself
    assert main(["verify", str(finished.results)]) == 0
    assert f"all {count} artifacts verified: complete, unaltered" in capsys.readouterr().out


def test_whatever_happened_to_a_file_is_named(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    history = project.results / "tickets/letters/seed1/round02/history.csv"
    history.write_text(history.read_text().replace("9", "8", 1))
    (project.results / "figures/pruning_curves.svg").unlink()
    (project.results / "tickets/old").mkdir()
    shutil.copy(project.results / TICKET, project.results / "tickets/old/ticket.safetensors")
    (project.results / "README.md").write_text("notes")
    assert found(project) == {
        "tickets/letters/seed1/round02/history.csv": "altered",
        "figures/pruning_curves.svg": "missing",
        "tickets/old/ticket.safetensors": "orphaned",
        "README.md": "orphaned",
    }
    assert main(["verify", str(project.results)]) == 1
    told = capsys.readouterr()
    assert "4 artifacts failed verification" in told.err
    assert "missing" in told.out
    (command,) = (line for line in told.out.splitlines() if " && " in line)
    assert "README.md" not in command
    assert "tickets/old" not in command
    assert "not changed by this command: README.md, tickets/old/ticket.safetensors" in told.out


def test_a_flipped_bit_in_a_mask_is_found_even_where_the_list_has_its_checksum(project: Project) -> None:
    path = project.results / TICKET
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    forge(project.results, path)
    assert found(project)[TICKET] == "altered"
    with pytest.raises(Exception, match="altered after it was written"):
        Ticket.load(path)


def test_what_hangs_on_a_ticket_that_was_made_anew_is_stale(project: Project) -> None:
    """Another ticket in its place, whole in itself and listed: what was made from the old one does not belong to it."""
    path = project.results / TICKET
    ticket = Ticket.load(path)
    ticket.derive(ticket.masks, ticket.weights, record=ticket.provenance["record"], note="another").save(path)
    forge(project.results, path)
    kinds = found(project)
    assert kinds.pop("tickets/digits/seed0/round02/ticket.safetensors") == "stale"
    assert kinds.pop("tickets/cross/seed0/round01/ticket.safetensors") == "stale"
    assert kinds == {}


def test_a_history_of_which_all_checksums_but_its_records_were_renewed_is_named(project: Project) -> None:
    """Manifest and page agree with the file; its ticket does not."""
    history = project.results / "tickets/digits/seed0/round01/history.csv"
    history.write_text(history.read_text().replace("9", "8", 1))
    forge(project.results, history)
    assert found(project) == {"tickets/digits/seed0/round01/history.csv": "altered"}


EDITS = {
    "learning rate": lambda study: study["recipes"]["try"]["optimiser"].update(learning_rate=0.5),
    "alpha": lambda study: study.update(alpha=0.5),
    "about": lambda study: study.update(about="Nothing was tried in vain."),
    "seeds": lambda study: study.update(seeds=[0]),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_of_the_manifests_study_is_found(edit: str, project: Project) -> None:
    """By the manifest's own checksum; if that was renewed, by the one of study and files; then by the report."""
    manifest = project.results / "manifest.json"
    told = json.loads(manifest.read_text())
    EDITS[edit](told["study"])
    manifest.write_text(json.dumps(told))
    assert found(project) == {"manifest.json": "altered"}
    del told["checksum"]
    manifest.write_text(json_text(seal(told)))
    assert found(project) == {"manifest.json": "altered"}
    told["artifacts"] = artifacts_checksum(told["study"], told["files"])
    manifest.write_text(json_text(seal(told)))
    assert found(project) == {"report.html": "stale"}


def test_what_is_no_file_is_named_and_not_opened(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A FIFO would be waited for for ever; a link may lead to anything."""
    os.mkfifo(project.results / "fifo")
    figure = project.results / "figures/pruning_curves.svg"
    figure.unlink()
    os.mkfifo(figure)
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(project.results)  # the name of a socket may have 107 bytes
        server.bind("socket")
        monkeypatch.undo()
    (tmp_path / "elsewhere.csv").write_text("a\n")
    table = project.results / "tables/rounds.csv"
    table.rename(tmp_path / "rounds.csv")
    table.symlink_to(tmp_path / "rounds.csv")
    (project.results / "data/folder").symlink_to(tmp_path)
    (project.results / "data/nowhere").symlink_to("/dev/null")
    assert found(project) == {
        **{"fifo": "special", "figures/pruning_curves.svg": "special", "socket": "special"},
        **{"tables/rounds.csv": "linked", "data/folder": "linked", "data/nowhere": "linked"},
    }


def test_the_report_says_how_to_check_the_study(finished: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(finished.results)]) == 0
    shown = capsys.readouterr().out.split()[-1]
    page = (finished.results / "report.html").read_text()
    assert re.search(rf"<pre[^>]*>{shown}</pre>", page)
    assert "lth verify results/tiny" in page


def test_a_manifest_is_not_written_over_what_is_damaged(project: Project) -> None:
    """Otherwise its list would vouch for the damage."""
    trained = project.results / "tickets/digits/seed0/round02/trained.safetensors"
    trained.write_bytes(trained.read_bytes()[:-1])
    study = load_study(project.study)
    listed = json.loads((project.results / "manifest.json").read_text())["files"]
    with pytest.raises(UserError, match=r"trained\.safetensors: damaged .*; to make it again: ") as raised:
        write_manifest(project.results, study, [project.results / name for name in listed])
    assert "rm -f -- results/tiny/tickets/digits/seed0/round02/trained.safetensors" in str(raised.value)


@pytest.mark.parametrize(
    "name", ["figures/pruning_curves.svg", "report.html", "tables/rounds.csv", "tables/transfer/verdict.txt"]
)
def test_an_altered_summary_is_found_without_the_manifest(name: str, project: Project) -> None:
    """Figures, tables and the page carry their own checksums, so that nothing made from them publishes an edit."""
    path = project.results / name
    path.write_text(path.read_text().replace("digits", "letters", 1))
    (project.results / "manifest.json").write_text("{")
    assert found(project) == {name: "altered", "manifest.json": "altered"}


def test_the_printed_command_repairs(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Of all kinds of artifacts at once: after it the study is as it was, and `verify` is content."""
    before = project.files(*SAME)
    for name in DAMAGED:
        path = project.results / name
        path.write_bytes(path.read_bytes()[:-40])
    assert project.run(*READERS).status != 0  # what reads them refuses
    assert main(["verify", str(project.results)]) == 1
    (command,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("cd "))
    folder = project.folder / "bin"
    folder.mkdir()
    (folder / "snakemake").write_text(f'#!/bin/sh\nexec {warm.python()} -m snakemake "$@"\n')
    (folder / "snakemake").chmod(0o755)
    outcome = project.start(["sh", "-c", command], PATH=f"{folder}:{os.environ['PATH']}")
    assert outcome.status == 0, outcome.text
    assert verify(project.results)[1] == []
    after = project.files(*SAME)
    assert {name for name in before if after.get(name) != before[name] and Path(name).name not in MEASURED} == set()
    assert project.planned() == {}


DAMAGED = (
    "data/textures.safetensors",
    "tickets/letters/seed1/round01/ticket.safetensors",
    "tickets/digits/seed0/round02/history.csv",
    "controls/cross-reinitialised/seed0/round02/ticket.safetensors",
    "evaluations/transfer/dense/seed1/history.csv",
    "figures/pruning_curves.svg",
    "manifest.json",
)


READERS = [
    f"{RESULTS}/{path}"
    for path in ("evaluations/transfer/dense/seed0/history.csv", "tickets/letters/seed1/round02/history.csv")
]
"""Of damaged images and of a damaged ticket."""


def test_show_prints_the_command_for_what_is_damaged_and_deletes_nothing_else(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    def shown(name: str) -> str:
        main(["show", str(project.results / name)])
        told = capsys.readouterr()
        return told.out + told.err

    history = "tickets/digits/seed0/round01/history.csv"
    assert "table, 5 rows, 11 columns, unaltered according to ticket.safetensors" in shown(history)
    assert "manifest, unaltered" in shown("manifest.json")
    assert "record of a training, unaltered" in shown("evaluations/transfer/dense/seed0/evaluation.json")
    assert ", unaltered" in shown("tables/rounds.csv")
    assert "transfer" in shown("tables/transfer/verdict.txt")
    assert "figure or page, unaltered" in shown("figures/pruning_curves.svg")
    for name in (TICKET, "figures/pruning_curves.svg", history, "tables/rounds.csv", "manifest.json"):
        path = project.results / name
        path.write_bytes(path.read_bytes().replace(b"digits", b"digitz", 1))
        assert f"rm -f -- results/tiny/{name} && snakemake --configfile study.yaml" in shown(name)
    for name in ("README.md", "notes.csv"):
        (project.results / name).write_text('a "note')
        told = shown(name)
        assert "rm " not in told
        assert "delete" not in told


@pytest.mark.parametrize("content", [None, "{", "[]", "[" * 100_000, '{"files": {}, "study": {}}'])
def test_a_missing_or_damaged_manifest_is_a_sentence(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    assert main(["verify", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert "manifest.json" in told.out + told.err


def test_findings_are_in_order_of_their_paths() -> None:
    assert sorted([Finding("b", "missing", ""), Finding("a", "stale", "")])[0].path == "a"


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ("tables/costs.csv", True),
        ("tables/kept/arms.csv", True),
        ("tables/kept/verdict.txt", True),
        ("tables/kept/runs.csv", False),
        ("tables/transfer/arms.csv", False),
        ("tickets/digits/seed0/round00/history.csv", False),
    ],
)
def test_time_does_not_change_the_overall_checksum(changed: str, same: bool) -> None:
    """The arms of a comparison have the minutes of their rounds, those of an evaluation have none."""
    told: dict[str, object] = {"study": "s", "comparisons": {"kept": {}}, "evaluations": {"transfer": {}}}
    assert (artifacts_checksum(told, {changed: "1"}) == artifacts_checksum(told, {changed: "2"})) == same


def forge(results: Path, path: Path) -> None:
    """Renew all checksums of a study but those that the file itself and its neighbours hold."""
    manifest, page = results / "manifest.json", results / "report.html"
    told = json.loads(manifest.read_text())
    del told["checksum"]
    told["files"][str(path.relative_to(results))] = checksum(path)
    shown = artifacts_checksum(told["study"], told["files"])
    text, _, _ = page.read_text().rpartition("<!-- checksum ")
    page.write_text(seal_markup(text.replace(told["artifacts"], shown)))
    told["files"]["report.html"] = checksum(page)
    manifest.write_text(json_text(seal({**told, "artifacts": shown})))
