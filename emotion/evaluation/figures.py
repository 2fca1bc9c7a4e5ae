"""Figures drawn from numbers; nothing here computes a score or saves a file."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.ticker import LogLocator, NullFormatter
from matplotlib.transforms import Bbox

from emotion.core.labels import EMOTIONS

# Distinguishable for the colour-blind, too (Okabe & Ito, "Color Universal Design", 2008).
BLUE, GREY = "#0072B2", "#888888"
SIGNIFICANCE = 0.05  # of the corrected p-value
ACCURACY = {"label": "test accuracy", "majority": "accuracy for the majority"}


def confusion(counts: np.ndarray, title: str) -> Figure:
    """Draw a confusion matrix.

    Args:
        counts: Number of faces by true label (rows) and predicted label (columns), int (7, 7).
        title: Of the figure.

    Returns:
        A figure whose cells show percentages of the row.
    """
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(6.4, 5.6), dpi=120, layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        colour = "white" if share > 0.5 else "black"
        axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=colour)
    axes.set_xticks(range(len(EMOTIONS)), EMOTIONS, rotation=30, ha="right", rotation_mode="anchor")
    rows = [f"{emotion} ({total})" for emotion, total in zip(EMOTIONS, counts.sum(axis=1), strict=True)]
    axes.set_yticks(range(len(EMOTIONS)), rows)
    axes.set(title=title, xlabel="predicted label", ylabel="true label (faces)")
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, label="share of the true label", shrink=0.8)
    bar.ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    return figure


def forest(pairs: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw the differences of accuracy with their 95 % confidence intervals; significant ones are blue.

    Args:
        pairs: What `comparison.pairs` returns; only those of the last one's truth are drawn.
    """
    truth = pairs[-1]["truth"]
    rows = sorted((row for row in pairs if row["truth"] == truth), key=lambda row: abs(row["difference"]))
    figure = Figure(figsize=(7.6, 1.2 + 0.28 * len(rows)), dpi=120, layout="constrained")
    axes = figure.subplots()
    names = []
    for place, row in enumerate(rows):
        sign = 1 if row["difference"] >= 0 else -1
        better, worse = (row["first"], row["second"])[::sign]
        names.append(f"{better} over {worse}")
        ends = sorted((100 * sign * row["low"], 100 * sign * row["high"]))
        colour = BLUE if row["p_holm"] < SIGNIFICANCE else GREY
        axes.plot(ends, [place, place], color=colour, linewidth=2, solid_capstyle="butt")
        axes.plot(100 * abs(row["difference"]), place, "o", color=colour, markersize=5)
    axes.set_yticks(range(len(rows)), names)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set(xlabel=f"difference in {ACCURACY[truth]}, points, 95 % CI", ylim=(-0.7, len(rows) - 0.3))
    axes.set_title(f"Blue: significant (McNemar's test, Holm-corrected p < {SIGNIFICANCE:g})", fontsize=10, loc="left")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=GREY, alpha=0.25, linewidth=0.6)
    return figure


def pareto(models: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Draw accuracy over MACs with the Pareto front; the area of a mark is the number of parameters.

    Args:
        models: Of each its `accuracy`, `low` and `high` (its 95 % CI), `truth`, `macs` and `parameters`.
    """
    figure = Figure(figsize=(7.6, 4.4), dpi=120, layout="constrained")
    axes = figure.subplots()
    (truth,) = {model["truth"] for model in models.values()}
    front = sorted((m["macs"] / 1e6, 100 * m["accuracy"]) for m in models.values() if not _beaten(m, models.values()))
    axes.step(*zip(*front, strict=True), where="post", color="#bbbbbb", linewidth=1.2, zorder=1)
    labels = [_mark(axes, name, model) for name, model in models.items()]
    axes.set(xscale="log", xlabel="MACs per face, in millions", ylabel=f"{ACCURACY[truth]}, %, 95 % CI")
    axes.set_title("Area: number of parameters. Line: Pareto front of accuracy and MACs", fontsize=10, loc="left")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(x=0.18, y=0.12)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=GREY, alpha=0.2, linewidth=0.6)
    axes.set_axisbelow(True)
    _keep_apart(figure, labels)
    return figure


def _mark(axes: Axes, name: str, model: Mapping[str, Any]) -> Annotation:
    """Draw a model's mark and its confidence interval, and return its label."""
    x = model["macs"] / 1e6
    y = 100 * model["accuracy"]
    axes.plot([x, x], [100 * model["low"], 100 * model["high"]], color=GREY, linewidth=1, zorder=2)
    area = 20 + 25 * model["parameters"] / 1e6  # square points
    axes.scatter(x, y, s=area, color=BLUE, alpha=0.75, linewidth=0, zorder=3)
    text = f"{name}, {model['parameters'] / 1e6:.2g} M"
    beside = (4 + area**0.5 / 2, -2)
    return axes.annotate(text, (x, y), xytext=beside, textcoords="offset points", fontsize=8, va="top")


def _keep_apart(figure: Figure, labels: Sequence[Annotation]) -> None:
    """Move a label that would cover an earlier one to another corner of its mark."""
    figure.draw_without_rendering()  # from here on labels know their boxes
    boxes: list[Bbox] = []
    for label in labels:
        x, y = label.get_position()
        for right, above in ((True, False), (False, True), (False, False), (True, True)):
            label.set(x=x if right else -x, ha="left" if right else "right")
            label.set(y=-y if above else y, va="bottom" if above else "top")
            if not any(label.get_window_extent().overlaps(box) for box in boxes):
                break
        boxes.append(label.get_window_extent())


def _beaten(model: Mapping[str, float], others: Iterable[Mapping[str, float]]) -> bool:
    """Return whether another model is as good in both accuracy and MACs, and better in one."""
    mine = (-model["accuracy"], model["macs"])
    theirs = [(-other["accuracy"], other["macs"]) for other in others]
    return any(one != mine and one[0] <= mine[0] and one[1] <= mine[1] for one in theirs)
