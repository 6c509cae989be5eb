"""What the page of masks holds, against masks written by hand."""

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from by_hand import HEADS, UNITS, chain_over_datasets, ticket
from hypothesis import given
from hypothesis import strategies as st

import lth
from lth.analysis.pictures import page
from lth.analysis.pictures.drawn import drawn_ticket, labels_of
from lth.analysis.pictures.grids import DETAILS, Detail, cells, coded_cells
from lth.analysis.pictures.rounds import Chain, PicturedRound, chains_of_files, fewer
from lth.artifacts.records import check_markup
from lth.artifacts.trained_weights import TrainedWeights
from lth.cli import main
from lth.errors import UserError


def content(path: Path) -> dict[str, Any]:
    """What the script of a page reads, with its packed bytes unpacked."""
    found = re.search(r'<script type="application/json" id="data">(.*)</script>', path.read_text())
    assert found
    told: dict[str, Any] = json.loads(found[1])
    told["blobs"] = [zlib.decompress(base64.b64decode(text)) for text in told["blobs"]]
    return told


def test_the_page_holds_masks_counts_and_where_the_network_looks(rounds: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "masks.html"
    assert page.write_masks_page("by hand", chains_of_files(rounds), out) == "1 ticket, 3 rounds"
    told = content(out)
    (shown,) = told["tickets"]
    assert (shown["title"], shown["rounds"], shown["accuracy"]) == ("imp, seed 0", [0, 1, 2], [None, None, None])
    first, second = shown["layers"]
    assert [(layer["label"], layer["kept"]) for layer in (first, second)] == [("fc1", [12, 6, 3]), ("fc2", [6, 4, 2])]
    assert (first["coding"], first["rows"], first["columns"], first["image"]) == ("last", 3, 4, [1, 2, 2])
    assert list(told["blobs"][first["cells"]]) == [3, 1, 2, 2, 1, 3, 2, 1, 1, 1, 3, 1]
    looks = np.frombuffer(told["blobs"][first["looks"]], "<u2").reshape(3, 2, 2)
    assert looks.tolist() == [[[3, 3], [3, 3]], [[1, 1], [3, 1]], [[1, 1], [1, 0]]]
    assert second["looks"] is second["image"] is None
    text = out.read_text()
    assert "<td>1</td><td>-</td><td>55.56 %</td><td>50.00 %</td><td>66.67 %</td>" in text


def test_rounds_of_several_data_sets_say_which_they_are_trained_on(rounds: list[Path], tmp_path: Path) -> None:
    """Also in the words of the script, which the browser's test reads."""
    out = tmp_path / "masks.html"
    page.write_masks_page("by hand", [chain_over_datasets(), *chains_of_files(rounds)], out)
    text = out.read_text()
    assert "<h3>chain, seed 0</h3>" in text
    assert '<th scope="col">round</th><th scope="col">trained on</th>' in text
    assert "<tr><td>0</td><td>dots</td><td>60.00 %</td>" in text
    assert "<tr><td>1</td><td>lines</td><td>30.00 %</td>" in text
    assert "<h3>imp, seed 0, found on dots</h3>" in text
    assert [one["datasets"] for one in content(out)["tickets"]] == [["dots", "lines", "lines"], ["dots"] * 3]


def test_the_page_is_the_same_bytes_twice_and_asks_for_nothing(rounds: list[Path], tmp_path: Path) -> None:
    for name in ("one.html", "two.html"):
        page.write_masks_page("x <b>", chains_of_files(reversed(rounds)), tmp_path / name, report="report.html")
    text = (tmp_path / "one.html").read_text()
    assert (tmp_path / "two.html").read_text() == text
    check_markup(tmp_path / "one.html")
    assert re.findall(r'(?:src|href)="([^"#]*)', text) == ["report.html"]
    assert "http:" not in text
    assert "https:" not in text
    assert "<h1>Masks of x &lt;b&gt;</h1>" in text


def test_weights_that_come_back_are_held_round_by_round() -> None:
    """SET and RigL grow weights: no number of rounds says when they are kept."""
    grown = np.array([[[1, 0, 1]], [[0, 1, 1]]], dtype=bool)
    assert coded_cells(grown) == ("bits", bytes([0b10100000, 0b01100000]))
    assert coded_cells(grown[:1]) == ("last", bytes([1, 0, 1]))
    assert coded_cells(np.ones((256, 1, 1), bool))[0] == "bits"


def test_a_large_layer_is_cut_into_blocks() -> None:
    """Five rows in two blocks: of two and of three; the share kept of each, in 255ths."""
    mask = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)
    assert cells(mask, Detail(exact=15, side=2)) is mask
    assert cells(mask, Detail(exact=14, side=2)).tolist() == [[255, 64], [0, 42]]


@given(st.data())
def test_blocks_keep_the_density(data: st.DataObject) -> None:
    """Of blocks of one size the mean of all shares is the layer's density."""
    rows, columns, side = (data.draw(st.integers(1, 6)) for _ in range(3))
    mask = np.random.default_rng(data.draw(st.integers(0, 99))).random((rows * side, columns * side)) < 0.4
    shares = cells(mask, Detail(exact=0, side=side))
    assert shares.shape == (side, side)
    assert abs(float(shares.mean()) - 255 * mask.mean()) <= 0.5 + 1e-9  # half a step, as rounding in float64 has it


def test_histograms_are_of_initial_and_of_trained_weights(rounds: list[Path]) -> None:
    """Initial weights of the second layer are 0.1 to 0.6, so that 0.6 ends the range; outer bins hold more."""
    weights = {"1.weight": torch.zeros(3, 4), "3.weight": torch.tensor([[0.0, -2.0, 0.0], [0.0, 0.0, 1.0]])}
    TrainedWeights(last=weights).save(rounds[2].with_name("trained.safetensors"), rounds[2])
    drawn = drawn_ticket(chains_of_files(rounds)[0], DETAILS[0])
    found = drawn.layers[1].weights
    assert found.limit == pytest.approx(0.6)
    assert [sum(counts) for counts in found.initial] == [6, 4, 2]
    assert {at: count for at, count in enumerate(found.first) if count} == {35: 1, 40: 1, 45: 1, 50: 1, 55: 1, 60: 1}
    assert {at for at, count in enumerate(found.initial[2]) if count} == {40, 60}
    assert found.reach == pytest.approx(1.99)
    assert found.trained[:2] == [None, None]
    assert found.trained[2] is not None
    assert {at for at, count in enumerate(found.trained[2]) if count} == {0, 45}


def test_trained_weights_are_shown_only_where_they_are_named(rounds: list[Path]) -> None:
    """A study's page must not depend on files that happen to be there still."""
    weights = {"1.weight": torch.zeros(3, 4), "3.weight": torch.zeros(2, 3)}
    TrainedWeights(last=weights).save(rounds[0].with_name("trained.safetensors"), rounds[0])
    assert chains_of_files(rounds)[0].rounds[0].trained is not None
    assert chains_of_files(rounds, trained=[])[0].rounds[0].trained is None
    gone = rounds[1].with_name("trained.safetensors")  # as of a chain that was made shorter
    assert chains_of_files(rounds, trained=[gone])[0].rounds[1].trained is None


def test_layers_have_names_that_say_what_they_are() -> None:
    shapes = {"0.weight": (6, 1, 5, 5), "3.weight": (6, 6, 5, 5), "7.weight": (9, 6), "head.weight": (2, 9)}
    assert labels_of([*shapes.items()]) == ["conv1", "conv2", "fc1", "head"]


def test_a_large_page_is_made_small_and_says_how(rounds: list[Path], tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(page, "DETAILS", (Detail(100, 2), Detail(6, 2)))
    out = tmp_path / "masks.html"
    page.write_masks_page("x", chains_of_files(rounds), out)
    assert content(out)["tickets"][0]["layers"][0]["coding"] == "last"
    monkeypatch.setattr(page, "_MOST_CELLS", 53)  # three rounds of 18 weights are 54
    page.write_masks_page("x", chains_of_files(rounds), out)
    assert [layer["coding"] for layer in content(out)["tickets"][0]["layers"]] == ["shares", "last"]
    assert "Layers of more than 6 weights are drawn as at most 2 x 2 blocks" in out.read_text()
    monkeypatch.setattr(page, "MOST_BYTES", 1000)
    with pytest.raises(UserError, match="3 rounds of imp, seed 0 are too much for a page of 1,000 bytes"):
        page.write_masks_page("x", chains_of_files(rounds), out)


def test_of_gigabytes_only_some_rounds_are_read() -> None:
    def chain(name: str) -> Chain:
        rounds = [PicturedRound(number=at, read=lambda: pytest.fail("read"), size=10) for at in range(5)]
        return Chain(name=name, seed=0, rounds=tuple(rounds))

    def numbers(chains: list[Chain]) -> list[list[int]]:
        return [[one.number for one in chain.rounds] for chain in chains]

    both = [chain("a"), chain("b")]
    assert fewer(both, 100) == (both, "")
    shown, words = fewer(both, 99)
    assert numbers(shown) == [[0, 2, 4]] * 2
    assert words == "one of every 2 rounds, and the last, of each ticket"
    shown, words = fewer(both, 25)
    assert numbers(shown) == [[0, 4]]
    assert words == "the first and the last round of each ticket; 1 of 2 tickets"


def test_the_command_takes_files_and_folders(rounds: list[Path], tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    ticket({"1.weight": UNITS[0], "3.weight": HEADS[0]}, round=0, seed=7).save(
        tmp_path / "tickets/imp/seed7/t.safetensors"
    )
    told = {"round": 0, "control": "random"}
    ticket({"1.weight": UNITS[0], "3.weight": HEADS[0]}, **told).save(tmp_path / "tickets/control.safetensors")
    assert main(["masks", "tickets"]) == 0
    assert capsys.readouterr().out == "masks.html: 1 ticket, 3 rounds\n"
    assert main(["masks", "tickets"]) == 1
    assert "masks.html: exists already; delete it, or name another file with --to" in capsys.readouterr().err
    assert main(["masks", "tickets", "--seeds", "0", "7", "--to", "both.html"]) == 0
    assert [one["title"] for one in content(Path("both.html"))["tickets"]] == ["imp, seed 0", "imp, seed 7"]
    assert main(["masks", str(rounds[1]), "tickets/control.safetensors", "--to", "two.html"]) == 0
    assert [one["title"] for one in content(Path("two.html"))["tickets"]] == ["imp, seed 0", "imp-random, seed 0"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["tickets", "--seeds", "3"], "seed 3: no ticket of it below tickets, which has 0"),
        (["empty"], "empty: no ticket files below it; give a ticket file, or results/STUDY"),
        (["none.safetensors"], "none.safetensors: no such file"),
        (["tickets", "--to", "x.bmp"], "x.bmp: ends with '.bmp'; .html, .gif, .mp4, .png are allowed"),
        (["tickets", "--training"], "masks.html: is a page, which shows rounds"),
        (["tickets/imp", "tickets/imp"], "two of the files are round 0 of imp, seed 0; give one of them"),
    ],
)
def test_what_the_command_refuses(rounds: list[Path], tmp_path: Path, capsys, monkeypatch, words, sentence) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    assert main(["masks", *words]) == 1
    assert capsys.readouterr().err.startswith(sentence)
    assert not Path("masks.html").exists()


def test_rounds_of_different_networks_are_refused(rounds: list[Path], tmp_path: Path) -> None:
    ticket({"1.weight": UNITS[0]}, round=1).save(rounds[1])
    with pytest.raises(UserError, match="imp, seed 0: round 1 is of another network than the first one"):
        page.write_masks_page("x", chains_of_files(rounds), tmp_path / "masks.html")


def test_what_is_no_history_is_named(rounds: list[Path], tmp_path: Path) -> None:
    rounds[0].with_name("history.csv").write_text("epoch,step,kept,loss_nats,accuracy_percent\n0,0,5,1.0,10\n")
    with pytest.raises(UserError, match=r"history\.csv: is no history of a training, since it has no column 'split'"):
        page.write_masks_page("x", chains_of_files(rounds), tmp_path / "masks.html")


def test_the_library_draws_tickets_and_results(tmp_path: Path) -> None:
    chain = [ticket({"1.weight": units}, round=at) for at, units in enumerate(UNITS)]
    out = lth.draw_masks({"a": chain, "b": chain[0]}, tmp_path / "masks.html")
    assert [(one["title"], one["rounds"]) for one in content(out)["tickets"]] == [("a", [0, 1, 2]), ("b", [0])]
    with pytest.raises(UserError, match="'a' has no rounds"):
        lth.draw_masks({"a": []}, out)
    with pytest.raises(UserError, match="an animation shows one ticket; found 2"):
        lth.draw_masks({"a": chain, "b": chain}, tmp_path / "masks.gif")
