"""The page of masks in a browser: it draws the masks that it holds, obeys slider and keyboard, and asks for nothing."""

from pathlib import Path
from typing import Any

import pytest
from by_hand import HEADS, UNITS, chain_over_datasets, ticket

from lth.analysis.pictures.page import write_masks_page
from lth.analysis.pictures.rounds import chains_of_files

BLUE, ORANGE, WHITE, INK, GAP = [0, 114, 178], [192, 77, 0], [255, 255, 255], [28, 28, 30], [228, 228, 233]
KERNELS = [[[[1, 0], [0, 1]]], [[[0, 1], [0, 0]]]]
"""Two kernels of 2x2, of one input channel."""
POINTS = """([id, points]) => {
  const canvas = document.querySelector(`#${id} canvas`), { width, height } = canvas;
  const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  return points.map(([x, y]) => [...copy.getImageData(x, y, 1, 1).data.slice(0, 3)]);
}"""
"""The colours of a canvas at some points."""


@pytest.fixture
def path(rounds: list[Path], tmp_path: Path) -> Path:
    """A page of the ticket of two linear layers, of another one of that network, and of one of kernels."""
    other = tmp_path / "other.safetensors"
    ticket({"1.weight": [UNITS[2][1], *UNITS[2][1:]], "3.weight": HEADS[2]}, round=2, ticket="other").save(other)
    convolution = tmp_path / "kernels.safetensors"
    ticket({"0.weight": KERNELS}, round=0, ticket="kernels").save(convolution)
    out = tmp_path / "masks.html"
    write_masks_page("by hand", chains_of_files([*rounds, other, convolution]), out)
    return out


class Opened:
    """An opened page, and what it said and asked for."""

    def __init__(self, browser: Any, path: Path, **context: Any) -> None:
        self.page = browser.new_page(**context)
        self.said: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.said.append(request.url))
        self.page.goto(path.as_uri())
        self.drawn("0 -1 0 units 2")  # the last round
        assert self.said.pop(0) == path.as_uri()

    def drawn(self, state: str) -> None:
        """Wait until everything is drawn: of a ticket, another ticket, layer, view and round."""
        assert self.page.evaluate("draw().then(() => document.body.dataset.drawn)") == state

    def size(self, panel: str) -> tuple[int, int]:
        """Width and height of a canvas."""
        width, height = self.page.eval_on_selector(f"#{panel} canvas", "(canvas) => [canvas.width, canvas.height]")
        return width, height

    def colours(self, panel: str, rows: int, columns: int) -> list[list[list[int]]]:
        """The colours in the middles of the points of a picture that fills a canvas."""
        width, height = self.size(panel)
        at = [
            [(2 * column + 1) * width // (2 * columns), (2 * row + 1) * height // (2 * rows)]
            for row in range(rows)
            for column in range(columns)
        ]
        found = self.page.evaluate(POINTS, [panel, at])
        return [found[row * columns : (row + 1) * columns] for row in range(rows)]


def as_colours(mask: Any, ink: list[int] = BLUE) -> list[list[list[int]]]:
    return [[ink if kept else WHITE for kept in row] for row in mask]


def test_it_draws_the_masks_round_by_round(browser: Any, path: Path) -> None:
    opened = Opened(browser, path)
    opened.page.select_option("#view", "matrix")
    for number, key in enumerate(["Home", "ArrowRight", "ArrowRight"]):
        opened.page.focus("#round")
        opened.page.keyboard.press(key)
        opened.drawn(f"0 -1 0 matrix {number}")
        assert opened.colours("mask-0", 3, 4) == as_colours(UNITS[number])
        kept = sum(map(sum, UNITS[number]))
        assert f"1.weight: {kept} of 12 weights kept" in opened.page.inner_text("#mask-0 figcaption")
    assert opened.page.input_value("#round") == "2"
    assert opened.page.get_attribute("#round", "aria-valuetext").startswith("round 2, imp, seed 0: round 2, 27.8 % ")
    assert opened.page.inner_text("#number") == "2 of 2"
    opened.page.select_option("#layer", "1")
    opened.drawn("0 -1 1 matrix 2")
    assert opened.colours("mask-0", 2, 3) == as_colours(HEADS[2])
    assert opened.page.inner_text("#layers tr:nth-child(2)").split("\t")[:4] == ["fc2 (3.weight)", "6", "2", "33.3 %"]
    assert opened.said == []


def test_units_are_images_and_the_map_sums_them(browser: Any, path: Path) -> None:
    opened = Opened(browser, path)
    opened.page.fill("#round", "1")
    opened.drawn("0 -1 0 units 1")
    pale = [170, 208, 229]  # a third of the way to blue: one unit of three
    assert opened.colours("look-0", 2, 2) == [[pale, pale], [BLUE, pale]]
    assert "at most 3 of 3 weights on one pixel" in opened.page.inner_text("#look-0 figcaption")
    for unit, key in enumerate(["Home", "ArrowRight", "ArrowRight"]):
        opened.page.focus("#unit")
        opened.page.keyboard.press(key)
        opened.drawn("0 -1 0 units 1")
        assert opened.page.inner_text("#unit-0 h3") == f"imp, seed 0: unit {unit + 1} of 3"
        assert opened.colours("unit-0", 2, 2) == as_colours([UNITS[1][unit][:2], UNITS[1][unit][2:]])
    canvas = opened.page.locator("#mask-0 canvas")
    canvas.click(position={"x": 6, "y": 6})
    opened.drawn("0 -1 0 units 1")
    assert opened.page.inner_text("#unit-0 h3") == "imp, seed 0: unit 1 of 3"
    assert opened.said == []


def test_two_tickets_and_their_overlap(browser: Any, path: Path) -> None:
    """The other one keeps in round 2 what this one keeps, but for its first unit."""
    opened = Opened(browser, path)
    opened.page.select_option("#two", "1")
    opened.page.select_option("#view", "matrix")
    opened.page.fill("#round", "2")
    opened.drawn("0 1 0 matrix 2")
    assert opened.colours("mask-1", 3, 4) == as_colours([UNITS[2][1], *UNITS[2][1:]], ORANGE)
    expected = [[BLUE, ORANGE, WHITE, WHITE], [WHITE, INK, WHITE, WHITE], [WHITE, WHITE, INK, WHITE]]
    assert opened.colours("overlap", 3, 4) == expected
    words = "2 weights kept by both, 1 by imp, seed 0 alone, 1 by other, seed 0 alone. Jaccard index 0.500"
    assert words in opened.page.inner_text("#overlap figcaption")
    assert words.partition(".")[0] in opened.page.get_attribute("#overlap canvas", "aria-label")
    opened.page.select_option("#two", "2")
    opened.drawn("0 2 0 matrix 2")
    assert opened.page.is_hidden("#overlap")  # of another network
    assert opened.said == []


def test_kernels_stand_side_by_side_with_gaps(browser: Any, path: Path) -> None:
    opened = Opened(browser, path)
    opened.page.select_option("#one", "2")
    opened.drawn("2 -1 0 kernels 0")
    # two kernels of 2x2 points of 24 pixels, with gaps of 3
    assert opened.size("mask-0") == (3 + 2 * (48 + 3), 3 + 48 + 3)
    first = [[4, 4], [28, 4], [4, 28], [28, 28]]
    assert opened.page.evaluate(POINTS, ["mask-0", first]) == [BLUE, WHITE, WHITE, BLUE]
    second = [[x + 51, y] for x, y in first]
    assert opened.page.evaluate(POINTS, ["mask-0", second]) == [WHITE, BLUE, WHITE, WHITE]
    assert opened.page.evaluate(POINTS, ["mask-0", [[1, 1], [52, 20]]]) == [GAP, GAP]
    assert opened.page.is_hidden("#looks")
    assert opened.said == []


def test_the_data_set_of_a_round_is_said_where_there_are_several(browser: Any, tmp_path: Path) -> None:
    write_masks_page("by hand", [chain_over_datasets()], tmp_path / "masks.html")
    opened = Opened(browser, tmp_path / "masks.html")
    words = "chain, seed 0: round 2, trained on lines, 25.0 % of the weights kept, test accuracy 40.00 %"
    assert opened.page.inner_text("#now") == words
    assert opened.page.get_attribute("#round", "aria-valuetext") == f"round 2, {words}"


def test_it_plays_unless_motion_is_to_be_reduced(browser: Any, path: Path) -> None:
    opened = Opened(browser, path)
    opened.page.click("#play")
    assert opened.page.inner_text("#play") == "Stop"
    opened.page.wait_for_selector('#play[aria-pressed="false"]', timeout=60_000)
    opened.drawn("0 -1 0 units 2")
    assert Opened(browser, path, reduced_motion="reduce").page.is_hidden("#play")


def test_dark_colours_and_a_phone(browser: Any, path: Path) -> None:
    opened = Opened(browser, path, color_scheme="dark", viewport={"width": 400, "height": 800})
    opened.page.fill("#round", "0")
    opened.drawn("0 -1 0 units 0")
    assert opened.colours("look-0", 2, 2)[0][0] == [86, 180, 233]
    assert opened.page.evaluate("document.documentElement.scrollWidth") == 400
    assert opened.said == []
