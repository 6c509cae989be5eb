"""Draw docs/figures/methods.svg: how many weights each family of methods keeps while it trains.

The curves are those of the code (`density_at`, `(1 - rate)^k`), for one study: density 21 %, trainings of ten epochs.
"""

from fractions import Fraction
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lth.analysis.figures.colours import COLOURS
from lth.analysis.figures.draw import save
from lth.analysis.figures.style import GREY, INK, SETTINGS
from lth.methods.progressive import Progressive, density_at

OUT = Path(__file__).parents[1] / "docs/figures/methods.svg"
RATE, ROUNDS, EPOCHS, FINAL = Fraction(1, 5), 7, 10, Fraction(21, 100)
BLUE, ORANGE = COLOURS[0], COLOURS[1]


def stairs(axes: Axes, first: int, last: int, colour: str, name: str) -> None:
    """Rounds of iterative pruning, a training each."""
    for number in range(first, last + 1):
        kept = 100 * float((1 - RATE) ** number)
        axes.plot([number, number + 1], [kept, kept], color=colour, label=name if number == first else None)
        axes.plot(number, kept, marker="o", color=colour)
        if number < last:
            axes.plot([number + 1] * 2, [kept, kept * float(1 - RATE)], color=GREY, linewidth=0.8, linestyle=":")


def imp(axes: Axes) -> None:
    """Iterative magnitude pruning."""
    stairs(axes, 0, ROUNDS, BLUE, "a training")
    axes.plot([], [], marker="o", linestyle="", color=BLUE, label="begins from theta_0")
    axes.set_title("Iterative magnitude pruning")


def cross(axes: Axes) -> None:
    """A chain over two data sets, and the evaluation."""
    stairs(axes, 0, 3, BLUE, "on the first source")
    stairs(axes, 4, ROUNDS, ORANGE, "on the second source")
    kept = 100 * float((1 - RATE) ** ROUNDS)
    axes.plot([ROUNDS + 1, ROUNDS + 2], [kept, kept], color=INK, linewidth=3, label="on the target, mask held")
    axes.plot(ROUNDS + 1, kept, marker="o", color=INK)
    axes.set_title("Cross-dataset ticket")


def at_init(axes: Axes) -> None:
    """SNIP, GraSP, SynFlow, random, magnitude."""
    axes.plot([0, 0, 1], [100, 100 * float(FINAL), 100 * float(FINAL)], color=BLUE, label="SNIP, GraSP, SynFlow, ...")
    axes.plot(0, 100 * float(FINAL), marker="o", color=BLUE)
    axes.set_title("Pruning at initialisation")


def progressive(axes: Axes) -> None:
    """Within one training, by epoch."""
    for shape, colour in (("linear", BLUE), ("cubic", ORANGE)):
        options = Progressive(until_epoch=6, shape=shape)  # type: ignore[arg-type]
        kept = [100 * float(density_at(options, FINAL, epoch)) for epoch in range(1, EPOCHS + 1)]
        axes.stairs(kept, [epoch / EPOCHS for epoch in range(EPOCHS + 1)], color=colour, label=shape, baseline=None)
    axes.set_title("Progressive pruning")


def dynamic(axes: Axes) -> None:
    """SET and RigL."""
    kept = 100 * float(FINAL)
    axes.plot([0, 1], [kept, kept], color=BLUE, label="SET, RigL")
    axes.plot(
        [k / 8 for k in range(1, 7)], [kept] * 6, "|", color=INK, markersize=11, label="some dropped, as many grown"
    )
    axes.set_title("Dynamic sparse training")


def dual(axes: Axes) -> None:
    """RST: a penalty, the mask, fine-tuning."""
    kept = 100 * float(FINAL)
    axes.plot([0, 1], [100, 100], color=ORANGE, label="rising penalty")
    axes.plot([1, 1, 2], [100, kept, kept], color=BLUE, label="mask held")
    axes.set_title("Dual lottery ticket (RST)")


def drawing() -> Figure:
    """All families, one panel each."""
    with mpl.rc_context({**mpl.rcParamsDefault, **SETTINGS}):
        figure = Figure(figsize=(9, 5), layout="constrained")
        panels = figure.subplots(2, 3)
        crowded = (imp, cross, progressive)
        for axes, draw in zip(panels.flat, (imp, cross, at_init, progressive, dynamic, dual), strict=True):
            draw(axes)
            axes.set_ylim(0, 105)
            axes.legend(loc="upper right" if draw in crowded else "center left" if draw is dual else "center right")
            axes.xaxis.get_major_locator().set_params(integer=True)
        for axes in panels[:, 0]:
            axes.set_ylabel("weights kept (%)")
        for axes in panels[1]:
            axes.set_xlabel("trainings")
    return figure


if __name__ == "__main__":
    save(drawing(), OUT)
