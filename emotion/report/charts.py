"""The page's charts, drawn from the files of the stages: lines in one colour per model."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emotion.evaluation import figures
from emotion.report import facts, page

# Distinguishable for the colour-blind, too (Okabe & Ito, "Color Universal Design", 2008; the last two are Paul Tol's),
# in the order of .dvc/plots.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999", "#882255", "#332288")
Line = tuple[Sequence[float], ...]  # two: x and y


def charts(names: Sequence[str], data: Mapping[str, Any]) -> dict[str, str]:
    """Return each chart as SVG, "" for robustness where no model was tested.

    Args:
        names: Of the models, without the ensemble.
        data: What `facts.of_data` returns.
    """
    with_ensemble = [*names, "ensemble"]
    roc = {name: facts.columns(f"plots/roc/{name}.json", "fpr", "macro") for name in with_ensemble}
    risk = {name: facts.columns(f"plots/risk_coverage/{name}.json", "coverage", "risk") for name in with_ensemble}
    reliability = {name: _reliability(name) for name in with_ensemble}
    corrupted = facts.robustness(names)
    found = {
        "training": _training(names, data["validation"]),
        "roc": lines({"": roc}, "false positive rate", "true positive rate", percent="xy", diagonal=True),
        "reliability": lines(reliability, "confidence", "accuracy", columns=4, percent="xy", diagonal=True),
        "risk": lines({"": risk}, "coverage", "error rate", percent="xy"),
        "differences": figures.forest(facts.table("plots/compare/pairs.csv")),
        "pareto": figures.pareto(facts.read("plots/compare/costs.json")),
    }
    if corrupted:
        found["robustness"] = lines(corrupted, "strength", f"accuracy on {data['test']}", columns=3, percent="y")
    return {"robustness": ""} | {name: page.svg(figure, name) for name, figure in found.items()}


def _training(names: Sequence[str], validation: str) -> Figure:
    """Draw validation accuracy and loss over the epochs."""
    panels = {
        title: {name: facts.columns(f"plots/history/{name}.csv", "epoch", score) for name in names}
        for title, score in {f"Accuracy on {validation}": "val_accuracy", f"Loss on {validation}": "val_loss"}.items()
    }
    return lines(panels, "epoch", "", columns=2, percent="")


def _reliability(name: str) -> dict[str, Line]:
    """Return confidence and accuracy of one model before and after temperature scaling."""
    rows = facts.read(f"plots/reliability/{name}.json")["reliability"]
    return {
        when: tuple([row[axis] for row in rows if row["when"] == when] for axis in ("confidence", "accuracy"))
        for when in ("before", "after")
    }


def lines(
    panels: Mapping[str, Mapping[str, Line]], x: str, y: str, *, columns: int = 1, percent: str, diagonal: bool = False
) -> Figure:
    """Draw one panel for each title, with a line for each name, and one legend for all.

    Args:
        panels: x and y of each line, by title, then by name. A name has the same colour in all panels.
        x: Label of the x axis.
        y: Label of the y axis that all panels share; "" if each has its own.
        columns: Panels in a row.
        percent: The axes, such as `xy`, whose ticks are percentages.
        diagonal: Whether to draw the line x = y.
    """
    figure, grid = _grid(len(panels), columns, share_y=bool(y))
    names = dict.fromkeys(name for panel in panels.values() for name in panel)
    colours = dict(zip(names, itertools.cycle(COLOURS), strict=False))
    for axes, (title, panel) in zip(grid, panels.items(), strict=True):
        _draw(axes, panel, colours, diagonal)
        _style(axes, title, percent)
    figure.supxlabel(x, fontsize=9)
    figure.supylabel(y, fontsize=9)
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=4, frameon=False, fontsize=9)
    return figure


def _grid(panels: int, columns: int, share_y: bool) -> tuple[Figure, list[Axes]]:
    rows = -(-panels // columns)
    figure = Figure(figsize=(7.6, 1.0 + (3.2 if columns == 1 else 6.0 / columns) * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=share_y).ravel().tolist()
    for axes in grid[panels:]:
        axes.set_axis_off()
    return figure, grid[:panels]


def _draw(axes: Axes, panel: Mapping[str, Line], colours: Mapping[str, str], diagonal: bool) -> None:
    for name, (xs, ys) in panel.items():
        axes.plot(xs, ys, color=colours[name], linewidth=1.4, label=name)
    if diagonal:
        axes.plot([0, 1], [0, 1], color="#888888", linewidth=0.8, linestyle=":")


def _style(axes: Axes, title: str, percent: str) -> None:
    axes.set_title(title, fontsize=9, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#888888", alpha=0.25, linewidth=0.6)
    axes.tick_params(labelsize=8)
    for axis in percent:
        getattr(axes, f"{axis}axis").set_major_formatter(lambda value, _: f"{value:.0%}")
