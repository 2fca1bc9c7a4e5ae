"""Figures that set models beside one another; nothing here computes a score or saves a file."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.ticker import LogLocator, NullFormatter
from matplotlib.transforms import Bbox

SURE, UNSURE = "#0072B2", "#888888"  # told apart by the colour-blind, too (Okabe & Ito, "Color Universal Design", 2008)


def forest(pairs: Sequence[Mapping[str, Any]], level: float = 0.05) -> Figure:
    """Draw the differences of accuracy with their 95 % intervals.

    Args:
        pairs: What comparison.pairs returns.
        level: Corrected p-values below it are drawn in colour.
    """
    rows = sorted(pairs, key=lambda row: abs(row["difference"]))
    figure = Figure(figsize=(7.6, 1.2 + 0.28 * len(rows)), dpi=120, layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(rows):
        sign = 1 if row["difference"] >= 0 else -1
        ends = sorted((100 * sign * row["low"], 100 * sign * row["high"]))
        colour = SURE if row["p_holm"] < level else UNSURE
        axes.plot(ends, [place, place], color=colour, linewidth=2, solid_capstyle="butt")
        axes.plot(100 * abs(row["difference"]), place, "o", color=colour, markersize=5)
    better = [(row["first"], row["second"])[:: 1 if row["difference"] >= 0 else -1] for row in rows]
    axes.set_yticks(range(len(rows)), [f"{one} over {other}" for one, other in better])
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set(xlabel="difference of accuracy on test faces, in points; 95 % intervals", ylim=(-0.7, len(rows) - 0.3))
    axes.set_title(f"Blue: better beyond chance (Holm's corrected p < {level:g})", fontsize=10, loc="left")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#888888", alpha=0.25, linewidth=0.6)
    return figure


def pareto(models: Mapping[str, Mapping[str, float]]) -> Figure:
    """Draw accuracy over multiply-adds; the area of a mark is the number of parameters.

    Args:
        models: Of each its `accuracy`, `low` and `high`, `macs` and `parameters`. Those that no other beats in both
            accuracy and multiply-adds are joined by a line.
    """
    figure = Figure(figsize=(7.6, 4.4), dpi=120, layout="constrained")
    axes = figure.subplots()
    best = sorted((m["macs"] / 1e6, 100 * m["accuracy"]) for m in models.values() if not _beaten(m, models.values()))
    axes.step(*zip(*best, strict=True), where="post", color="#bbbbbb", linewidth=1.2, zorder=1)
    labels = []
    for name, model in models.items():
        x, y = model["macs"] / 1e6, 100 * model["accuracy"]
        axes.plot([x, x], [100 * model["low"], 100 * model["high"]], color=UNSURE, linewidth=1, zorder=2)
        area = 20 + 25 * model["parameters"] / 1e6  # square points
        axes.scatter(x, y, s=area, color=SURE, alpha=0.75, linewidth=0, zorder=3)
        text = f"{name}, {model['parameters'] / 1e6:.2g} M"
        beside = (4 + area**0.5 / 2, -2)
        labels.append(axes.annotate(text, (x, y), xytext=beside, textcoords="offset points", fontsize=8, va="top"))
    axes.set(xscale="log", xlabel="multiply-adds of one face, in millions", ylabel="accuracy on test faces, %")
    axes.set_title("Area: parameters. Line: what no other network beats in both", fontsize=10, loc="left")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(x=0.18, y=0.12)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#888888", alpha=0.2, linewidth=0.6)
    axes.set_axisbelow(True)
    _keep_apart(figure, labels)
    return figure


def _keep_apart(figure: Figure, labels: Sequence[Annotation]) -> None:
    """Move a label that would cover another to where it covers none: left and above, left or above."""
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


def _beaten(model: Mapping[str, float], others: Any) -> bool:
    """Return whether another is as good in both respects and better in one."""
    mine = (-model["accuracy"], model["macs"])
    theirs = [(-other["accuracy"], other["macs"]) for other in others]
    return any(one != mine and one[0] <= mine[0] and one[1] <= mine[1] for one in theirs)
