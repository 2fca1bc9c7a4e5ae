"""Charts of lines, one colour a model; nothing here computes a score or saves a file."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Told apart by the colour-blind, too (Okabe & Ito, "Color Universal Design", 2008); the order of DVC's templates here.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
Line = tuple[Sequence[float], ...]  # two: along both axes


def lines(
    panels: Mapping[str, Mapping[str, Line]],
    x: str,
    y: str,
    columns: int = 1,
    *,
    percent: str,
    diagonal: bool = False,
    shared: bool = True,
) -> Figure:
    """Draw one panel for each title, with a line for each name, and one legend for all.

    Args:
        panels: By title, then by name, the numbers along both axes. A name has the same colour in all panels.
        x: Label of the horizontal axis.
        y: Label of the vertical axis.
        columns: Panels in a row.
        percent: The axes, such as `xy`, along which 0.5 is written 50%.
        diagonal: Draw where both axes are equal.
        shared: All panels have the same vertical axis.
    """
    names = list(dict.fromkeys(name for panel in panels.values() for name in panel))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(7.6, 1.0 + (3.2 if columns == 1 else 6.0 / columns) * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=shared)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    for axes, (title, panel) in zip(grid.flat, panels.items(), strict=False):
        for name, (across, up) in panel.items():
            axes.plot(across, up, color=COLOURS[names.index(name) % len(COLOURS)], linewidth=1.4, label=name)
        if diagonal:
            axes.plot([0, 1], [0, 1], color="#888888", linewidth=0.8, linestyle=":")
        _dress(axes, title, percent)
    figure.supxlabel(x, fontsize=9)
    figure.supylabel(y, fontsize=9)
    handles, labels = next(iter(grid.flat)).get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=4, frameon=False, fontsize=9)
    return figure


def _dress(axes: Axes, title: str, percent: str) -> None:
    axes.set_title(title, fontsize=9, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#888888", alpha=0.25, linewidth=0.6)
    axes.tick_params(labelsize=8)
    for axis in percent:
        getattr(axes, f"{axis}axis").set_major_formatter(lambda value, _: f"{value:.0%}")
