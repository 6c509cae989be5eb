"""`python -m lth`: each command's words, and one sentence on stderr for whatever the user can put right."""

import json
import os
import re
import subprocess
import sys
from errno import EACCES
from pathlib import Path
from typing import get_args

import pytest
from study_text import SOUND, changed, study_of

from lth.artifacts.records import json_text, seal, seal_text
from lth.artifacts.tickets import Ticket
from lth.catalog.scores import SCORES
from lth.checks.schema import schema_text
from lth.cli import main
from lth.config.data import Network
from lth.config.layers import Scope
from lth.methods.progressive import Progressive
from lth.plan.forecast import job_counts
from lth.plan.plan import Plan

ROOT = Path(__file__).parents[2]


@pytest.fixture
def sound(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(SOUND)
    return path


@pytest.fixture(scope="module")
def tickets(tmp_path_factory):
    """A dense ticket, and two that keep the first and the last half of each layer."""
    from lth.artifacts.tickets import Ticket

    folder = tmp_path_factory.mktemp("tickets")
    dense = Ticket.dense(Network(architecture="lenet5_classic"), 0)
    half = {
        name: (mask.flatten().cumsum(0) <= mask.numel() // 2).reshape(mask.shape) for name, mask in dense.masks.items()
    }
    other = {name: ~mask for name, mask in half.items()}
    paths = {name: folder / f"{name}.safetensors" for name in ("dense", "half", "other")}
    dense.save(paths["dense"])
    dense.derive(half, dense.weights, ticket="home", round=1).save(paths["half"])
    dense.derive(other, dense.weights, ticket="home", round=1).save(paths["other"])
    return paths


def run(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    return status, *capsys.readouterr()


def refused(capsys, *arguments):
    """The sentence of a command that ends with 1 and prints nothing else."""
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (1, "")
    return err


@pytest.mark.parametrize("command", [("list",), ()])
def test_list_names_everything_with_a_line(capsys, command):
    status, out, _ = run(capsys, *command)
    assert status == 0
    lines = [re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in out.splitlines() if re.match(r"  \S", line)]
    told = dict(lines)
    assert {"lenet5_classic", "fashion_mnist", "dual", "cosine", *get_args(Scope), *SCORES} <= {*told}
    shapes = get_args(Progressive.model_fields["shape"].annotation)
    assert {f"shape: {shape}" for shape in shapes} <= {*told}
    assert [name for name, about in lines if len(about.split()) < 2] == []
    assert {"cifar100", "torchvision:NAME", "folder:PATH", "npz:PATH"} <= {*told}
    assert "emnist-letters" in out
    assert max(map(len, out.splitlines())) < 140


def test_check_of_a_sound_study_says_what_it_comes_to(capsys, sound):
    status, out, err = run(capsys, "check", sound, "--fast")
    assert (status, err) == (0, "")
    assert out.startswith(f"warning: {sound}:35 evaluations.transfer.compare: 3 seeds cannot show a difference")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "cross rounds 2 to 4 density 0.36 to 0.1296 on letters" in lines
    assert "cross-random round 4 density 0.1296" in lines
    assert "jobs before tables and report: 96 (3 data sets, 39 rounds, 21 controls, 33 evaluations)" in lines


def test_controls_that_two_evaluations_share_are_counted_once(tmp_path):
    again = "  again:\n    {dataset: photos, recipe: find, tickets: [home], density: 0.1296}\n"
    counts = job_counts(Plan(study_of(tmp_path, SOUND + again)))
    assert counts["controls"] == 21 + 3  # home's own random mask is new
    assert counts["evaluations"] == 33 + 3 * 5


def test_check_of_a_broken_study_is_all_its_faults_and_no_traceback(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(changed(("batch_size: 60", "batch_size: 0"), ("recipe: try", "recipe: tri")))
    done = subprocess.run(
        [sys.executable, "-m", "lth", "check", path], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == [
        f"{path}:12 recipes.find.batch_size",
        f"{path}:31 evaluations.transfer.recipe",
    ]


def test_schema_is_the_committed_one(capsys):
    _, out, _ = run(capsys, "schema")
    assert out == schema_text()
    assert json.loads(out)["title"] == "Study"


def test_show_tells_a_ticket_s_origin_and_layers(capsys, tickets):
    status, out, _ = run(capsys, "show", tickets["half"])
    lines = [line.split() for line in out.splitlines()]
    assert status == 0
    assert out.startswith(f"{tickets['half']}: ticket\n")
    assert ["round", "1"] in lines
    assert ["layer", "kept", "total", "density", "RMS", "on", "a", "path"] in lines
    sizes = Ticket.load(tickets["half"]).sizes()
    assert sizes == {line[0]: pytest.approx(float(line[4]), rel=1e-3) for line in lines if line[0] in sizes}
    (kept,) = (line[2:] for line in lines if line[:2] == ["all", "layers"])
    assert kept[:3] == ["30735", "61470", "0.5"]
    assert 0 < int(kept[3]) <= 30735


def test_show_tells_the_tensors_of_other_artifacts(capsys, tmp_path):
    import torch

    from lth.artifacts.tensors import write_tensors

    path = tmp_path / "weights.safetensors"
    write_tensors(path, "weights", {"w": torch.zeros(2, 3)}, {"ticket": "abc"})
    _, out, _ = run(capsys, "show", path)
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["ticket", "abc"],
        ["tensors"],
        ["w", "[2,", "3]", "float32"],
    ]


@pytest.mark.parametrize("kind", ["ticket", "weights"])
def test_show_escapes_what_a_terminal_would_act_on(capsys, tmp_path, kind):
    """Names and metadata of a sound artifact, which may come from anybody."""
    import torch

    from lth.artifacts.tensors import write_tensors

    evil = "w\x1b]0;owned\x07\u202e\n"
    bits, values = torch.tensor([0b11000000], dtype=torch.uint8), torch.ones(2)
    tensors = {f"mask/{evil}": bits, f"values/{evil}": values} if kind == "ticket" else {f"last/{evil}": values}
    path = tmp_path / "x\x1b[31m.safetensors"
    write_tensors(path, kind, tensors, {"ticket": evil, evil: "x" * 10**6, "layers": [evil], "shapes": {evil: [2]}})
    status, out, _ = run(capsys, "show", path)
    assert status == 0
    assert r"w\x1b]0;owned\x07\u202e\n" in out
    assert all(line.isprintable() for line in out.removesuffix("\n").split("\n"))
    assert len(out) < 10_000


def test_show_prints_nothing_of_an_artifact_that_was_altered(capsys, tmp_path):
    import torch

    from lth.artifacts.tensors import write_tensors

    path = tmp_path / "weights.safetensors"
    write_tensors(path, "weights", {"w": torch.zeros(2, 3)}, {"ticket": "before"})
    path.write_bytes(path.read_bytes().replace(b"before", b"behind"))
    status, out, err = run(capsys, "show", path)
    assert (status, out) == (1, "")
    assert "was altered after it was written" in err


def test_compare_sets_overlap_against_chance(capsys, tickets):
    """By hand: a half with itself is 1, with its complement 0; two random halves share a third."""
    for other, jaccard in (("half", "1.0000"), ("other", "0.0000")):
        status, out, _ = run(capsys, "compare", tickets["half"], tickets[other])
        header, *rows = out.splitlines()
        assert status == 0
        assert header.split()[-2:] == ["by", "chance"]
        assert {row.split()[-2] for row in rows} == {jaccard}
        assert float(rows[1].split()[-1]) == pytest.approx(1 / 3, abs=0.01)


def test_compare_and_the_table_of_overlaps_agree_on_a_layer_of_which_nothing_is_left(capsys, tickets, tmp_path):
    """Neither keeps a weight of the first layer: the Jaccard index, 0 / 0, is not defined."""
    from lth.analysis.tables import masks
    from lth.artifacts.tickets import Ticket

    half = Ticket.load(tickets["half"])
    first = next(iter(half.masks))
    empty = {name: mask & (name != first) for name, mask in half.masks.items()}
    loaded = {(0, "a"): half.derive(empty, half.weights), (0, "b"): half.derive(empty, half.weights)}
    loaded[0, "a"].save(tmp_path / "empty.safetensors")
    table = masks.overlap(masks.overlap_counts(loaded, ["a", "b"]))
    _, out, _ = run(capsys, "compare", tmp_path / "empty.safetensors", tmp_path / "empty.safetensors")
    told = [row.split()[-2:] for row in out.splitlines()[1:]]
    assert told == [[f"{row.jaccard:.4f}", f"{row.chance_jaccard:.4f}"] for row in table.itertuples()]
    assert told[0][0] == "nan"


def test_compare_refuses_tickets_of_two_networks(capsys, tickets, tmp_path):
    from lth.artifacts.tickets import Ticket

    path = tmp_path / "small.safetensors"
    Ticket.dense(Network(architecture="lenet_300_100"), 0).save(path)
    assert "belong to different networks" in refused(capsys, "compare", tickets["half"], path)


def test_damaged_and_missing_artifacts_are_one_sentence(capsys, tmp_path):
    path = tmp_path / "ticket.safetensors"
    assert "no such file" in refused(capsys, "show", path)
    path.write_bytes(b"rubbish")
    assert "damaged or not a safetensors file" in refused(capsys, "show", path)


def test_verdict_prints_what_the_study_shows_and_where_the_report_is(capsys, tmp_path):
    sentence = refused(capsys, "verdict", tmp_path)
    assert sentence.startswith(f"{tmp_path}: has no verdict; expected the results folder of a finished study")
    for evaluation, text in (("transfer", "No difference shown.\n"), ("again", "Too few seeds.\n")):
        (tmp_path / "tables" / evaluation).mkdir(parents=True)
        (tmp_path / "tables" / evaluation / "verdict.txt").write_text(seal_text(text))
    _, out, _ = run(capsys, "verdict", tmp_path)
    assert out.split("\n\n")[:2] == ["Too few seeds.", "No difference shown."]
    assert "no report: run the workflow to its end" in out
    (tmp_path / "report.html").write_text("")
    _, out, _ = run(capsys, "verdict", tmp_path)
    assert out.splitlines()[-1] == f"report: {tmp_path / 'report.html'}"
    path = tmp_path / "tables" / "again" / "verdict.txt"
    path.write_text(path.read_text().replace("Too few", "Too many"))
    altered = "was altered after it was written (its last line, 'checksum', does not match the others)"
    assert f"{path}: {altered}" in refused(capsys, "verdict", tmp_path)


def test_verdicts_of_what_was_taken_out_of_the_study_are_not_printed(capsys, tmp_path):
    """Tables stay where they are; those of the study come in its order."""
    for name in ("found", "old", "few"):
        (tmp_path / "tables" / name).mkdir(parents=True)
        (tmp_path / "tables" / name / "verdict.txt").write_text(seal_text(f"That of {name}.\n"))
    told = {"study": {"evaluations": {"transfer": {}, "found": {}}, "comparisons": {"few": {}}}}
    (tmp_path / "manifest.json").write_text(json_text(seal(told)))
    _, out, _ = run(capsys, "verdict", tmp_path)
    left_out = "not shown: old, not in the study whose manifest.json this folder has"
    assert [line for line in out.splitlines() if line][:-1] == ["That of found.", "That of few.", left_out]
    (tmp_path / "manifest.json").write_text("{}")  # of no known study
    _, out, _ = run(capsys, "verdict", tmp_path)
    assert [line for line in out.splitlines() if line][:-1] == ["That of few.", "That of found.", "That of old."]


def test_a_reader_that_stops_early_is_no_error():
    command = f"{sys.executable} -m lth schema | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "{\n", "")


def python_m_lth(command, **environment):
    """A command line of bash with `lth` in it, where nothing but standard output or the locale is unusual."""
    line = command.replace("lth", f"{sys.executable} -m lth")
    return subprocess.run(
        ["bash", "-c", line], cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | environment
    )


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("lth list >&-", "standard output is closed; nothing can be printed"),
        ("lth schema >/dev/full", "standard output: cannot be written: No space left on device"),
    ],
)
def test_a_standard_output_that_takes_nothing_is_a_sentence(command, sentence):
    done = python_m_lth(command)
    assert (done.returncode, done.stderr) == (1, f"{sentence}\n")


def test_where_the_locale_is_ascii_other_letters_are_escaped(tmp_path):
    """UTF-8 mode, which Python chooses in the C locale, is off as where PYTHONUTF8=0 is set for a whole cluster."""
    folder = tmp_path / "größe"
    (folder / "tables" / "e").mkdir(parents=True)
    (folder / "tables" / "e" / "verdict.txt").write_text(seal_text("5.0 ± 1.0\n"), encoding="utf-8")
    done = python_m_lth(f"lth verdict '{folder}'", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(r"5.0 \xb1 1.0")


def test_show_escapes_what_a_terminal_would_obey(capsys, tmp_path):
    import torch

    from lth.artifacts.tensors import write_tensors

    path = tmp_path / "weights.safetensors"
    write_tensors(
        path,
        "weights",
        {"last/w\x1b[2J": torch.zeros(1)},
        {"ticket": "0" * 64, "note": "\x1b]0;title\x07\nline", "long": "x" * 10**6},
    )
    status, out, _ = run(capsys, "show", path)
    assert status == 0
    assert r"\x1b]0;title\x07\nline" in out
    assert r"last/w\x1b[2J" in out
    assert len(out) < 4000
    assert all(line.isprintable() for line in out.splitlines())


def test_names_of_files_are_escaped_in_sentences(capsys, tmp_path):
    for command in ("show", "check", "verdict", "verify"):
        sentence = refused(capsys, command, tmp_path / "\x1b[2J.yaml")
        assert r"\x1b[2J.yaml" in sentence
        assert "\x1b" not in sentence
    with pytest.raises(SystemExit):
        main(["show", "one", "\x1b[2J"])
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize("command", ["verdict", "markdown", "verify"])
def test_a_study_file_where_results_are_needed_offers_them(capsys, tmp_path, monkeypatch, command):
    sentence = refused(capsys, command, ROOT / "config" / "demo.yaml")
    assert sentence.endswith("is a file; expected the results folder of a study; did you mean results/demo?\n")
    (tmp_path / "results" / "quick").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert refused(capsys, command, "quick").endswith("did you mean results/quick?\n")
    assert refused(capsys, command, "other").startswith(
        "other: no such folder; expected the results folder of a study, such as results/"
    )


@pytest.mark.parametrize("arguments", [["chek"], ["show"]])
def test_wrong_use_is_explained_by_argparse(capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m lth" in capsys.readouterr().err


def test_the_dense_arm_of_independent_tickets_is_said_to_keep_all_weights(capsys, tmp_path):
    """Their first round is pruned, and the dense arm is made of it."""
    text = changed(
        (
            "  cross:\n",
            "  snip: {network: lenet, recipe: find, dataset: digits, method: at_init, densities: [0.1]}\n  cross:\n",
        )
    )
    text += "  snipped: {dataset: photos, recipe: try, tickets: [snip], density: 0.1, controls: [dense]}\n"
    path = tmp_path / "study.yaml"
    path.write_text(text)
    _, out, _ = run(capsys, "check", path, "--fast")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert [line for line in lines if line.startswith("dense ")] == [
        "dense round 0 density 1",
        "dense round 1 density 1",
    ]


@pytest.mark.parametrize("command", ["verify", "show"])
def test_a_file_that_may_not_be_read_is_a_sentence(capsys, tmp_path, monkeypatch, command):
    """Of another user's results; root, whom the system refuses nothing, sees what others would."""
    table = tmp_path / "results/mine/tables/rounds.csv"
    table.parent.mkdir(parents=True)
    for path in (table, tmp_path / "results/mine/manifest.json"):
        path.write_text("{}")
    opened = Path.open

    def refuse(path, *arguments, **settings):
        if path == table:
            raise PermissionError(EACCES, "Permission denied", str(path))
        return opened(path, *arguments, **settings)

    monkeypatch.setattr(Path, "open", refuse)
    assert main([command, str(table if command == "show" else tmp_path / "results/mine")]) == 1
    assert capsys.readouterr().err == f"{table}: Permission denied: you may not read or write it\n"
