"""Animations: their frames are of the masks, their bytes the same each time, and what they need is said."""

import io
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from by_hand import UNITS, chain_over_datasets, ticket
from matplotlib.figure import Figure
from PIL import Image

from lth.analysis.pictures import animation
from lth.analysis.pictures.animation import gif, write_animation
from lth.analysis.pictures.drawn import drawn_ticket
from lth.analysis.pictures.frames import draw_curve, round_frames, tiled, training_frames
from lth.analysis.pictures.grids import DETAILS
from lth.analysis.pictures.rounds import Chain, PicturedRound, chains_of_files
from lth.cli import main
from lth.errors import UserError

HISTORY = "ticket,seed,round,dataset,density_percent,epoch,step,kept,split,loss_nats,accuracy_percent\n"


def test_a_gif_has_each_frame_in_its_colours_and_the_last_for_longer() -> None:
    white, blue, orange = [255, 255, 255], [0, 114, 178], [213, 94, 0]
    frames = [np.array([[white, blue]], np.uint8), np.array([[orange, [0, 0, 0]]], np.uint8)]
    content = gif(frames)
    assert gif(frames) == content
    with Image.open(io.BytesIO(content)) as image:
        assert (image.n_frames, image.info["loop"]) == (2, 0)
        assert np.asarray(image.convert("RGB")).tolist() == frames[0].tolist()
        assert image.info["duration"] == 500
        image.seek(1)
        assert np.asarray(image.convert("RGB")).tolist() == frames[1].tolist()
        assert image.info["duration"] == 3000


def test_pictures_stand_in_rows_with_gaps() -> None:
    """Three pictures of 20x20 pixels, two in a row; smaller ones are enlarged to that."""
    tiles = np.stack([np.zeros((20, 20)), np.ones((20, 20)), np.ones((20, 20))])
    found = tiled(tiles, 2)
    assert found.shape == (41, 41)
    assert (found[:20, :20] == 0).all()
    assert (found[:20, 21:] == 1).all()
    assert (found[21:, :20] == 1).all()
    assert set(found[20]) == set(found[:, 20]) == set(found[21:, 21:].flat) == {0.18}
    assert (tiled(np.array([[[1, 0], [0, 0]]]), 1) == np.kron([[1, 0], [0, 0]], np.ones((10, 10)))).all()


def test_an_animation_of_rounds(rounds: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A frame for each round; the first shows all weights kept, the last is also what a PNG shows."""
    for name in ("one.gif", "two.gif", "last.png"):
        assert main(["masks", *map(str, rounds), "--to", str(tmp_path / name)]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith("one.gif: 3 frames of 900 by 400 pixels")
    assert (tmp_path / "one.gif").read_bytes() == (tmp_path / "two.gif").read_bytes()
    with Image.open(tmp_path / "one.gif") as image:
        frames = [np.asarray(image.convert("RGB"))]
        for at in (1, 2):
            image.seek(at)
            frames.append(np.asarray(image.convert("RGB")))
    blue = [int((frame[:, :280] == [0, 114, 178]).all(axis=2).sum()) for frame in frames]
    # where the layer looks: four pixels, one, and three are darkest
    assert blue[1] == pytest.approx(blue[0] / 4, rel=0.02)
    assert blue[2] == pytest.approx(3 * blue[0] / 4, rel=0.02)
    with Image.open(tmp_path / "last.png") as image:
        assert np.abs(np.asarray(image.convert("RGB")).astype(int) - frames[2]).mean() < 1


def test_an_animation_of_a_progressive_training(rounds: list[Path], tmp_path: Path) -> None:
    """A frame for each epoch that was scored; sparsity follows the weights that were left then."""
    rows = [f"imp,0,2,dots,30,{at},{9 * at},{kept},test,1,{50 + 10 * at}\n" for at, kept in enumerate([18, 10, 5])]
    rounds[2].with_name("history.csv").write_text(HISTORY + "".join(rows).replace("test", "validation") + "".join(rows))
    frames = training_frames(chains_of_files(rounds)[0])(50)
    assert [frame.shape for frame in frames] == [(220, 450, 3)] * 3
    orange = [np.argwhere((np.abs(frame.astype(int) - [213, 94, 0]) < 40).all(axis=2)) for frame in frames]
    heights = [places[places[:, 1].argmax()][0] for places in orange]  # of the line's end: from 0 % up to 72 %
    assert heights[0] > heights[1] > heights[2]
    with pytest.raises(UserError, match=r"no history\.csv beside its last round"):
        training_frames(chains_of_files(rounds[:2])[0])


def test_no_line_leads_from_one_data_set_to_another() -> None:
    """A drop from 60 % to 30 % would look like a collapse by pruning, but the first round on `lines` has 30 %."""
    axis = Figure().subplots()
    draw_curve(axis, drawn_ticket(chain_over_datasets(), DETAILS[0]), 2)
    lines = [[*map(float, line.get_ydata())] for line in axis.get_lines()]
    assert lines == [[60.0], [30.0, 40.0], [40.0], [60.0, 60.0], [30.0, 30.0]]  # the two last ones are dashed
    legend = axis.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["dots", "lines"]
    assert axis.get_title() == "Test accuracy (%); dashed: first on each"
    assert len(round_frames(chain_over_datasets())(40)) == 3


def test_many_rounds_give_few_frames_of_at_most_two_megabytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = [PicturedRound(number=at, read=lambda: ticket({"1.weight": UNITS[0]})) for at in range(9)]
    monkeypatch.setattr("lth.analysis.pictures.frames.MOST_FRAMES", 3)
    frames = round_frames(Chain(name="long", seed=None, rounds=tuple(chain)))
    write_animation(frames, tmp_path / "x.gif")
    with Image.open(tmp_path / "x.gif") as image:
        assert (image.n_frames, image.size) == (3, (900, 400))
    monkeypatch.setattr(animation, "MOST_GIF", len((tmp_path / "x.gif").read_bytes()) - 1)
    write_animation(frames, tmp_path / "x.gif")
    with Image.open(tmp_path / "x.gif") as image:
        assert image.size == (675, 300)


def test_what_cannot_be_animated(rounds: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="imp, seed 0: has one round; an animation needs at least two"):
        round_frames(chains_of_files(rounds[:1])[0])
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(UserError, match="MP4 needs the program ffmpeg, which is not there"):
        write_animation(lambda resolution: [np.zeros((2, 2, 3), np.uint8)], tmp_path / "x.mp4")


def test_an_mp4_is_the_same_bytes_twice(tmp_path: Path) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs the program ffmpeg")
    frames = [np.full((65, 97, 3), shade, np.uint8) for shade in (0, 120, 255)]
    for name in ("one.mp4", "two.mp4"):
        write_animation(lambda resolution: frames, tmp_path / name)
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()
    assert (tmp_path / "one.mp4").read_bytes()[4:8] == b"ftyp"


def test_results_of_the_library_are_animated_with_their_accuracies() -> None:
    """A history in memory has no names of ticket, seed and round."""
    table = pd.DataFrame(
        [[0.0, 0, 12, "validation", 1.0, 50.0], [0.0, 0, 12, "test", 1.0, 60.0]],
        columns=["epoch", "step", "kept", "split", "loss_nats", "accuracy_percent"],
    )
    rounds = [
        PicturedRound(number=at, read=lambda at=at: ticket({"1.weight": UNITS[at]}), history=lambda: table)
        for at in (0, 1)
    ]
    assert len(round_frames(Chain(name="imp", seed=None, rounds=tuple(rounds)))(40)) == 2
