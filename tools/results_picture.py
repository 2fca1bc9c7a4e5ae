"""README's results picture: accuracy of each model, and the confusion matrix of the best one."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from emotion.evaluation import figures
from tools.results_table import Result, best

# Accuracy on the same 3,589 faces in percent, and a colour; README tells where each comes from.
PUBLISHED = {
    "people: 65 ± 5": (65.0, "#888888"),
    "package fer 25.10.3: 65.8": (65.81, "#d95f02"),
    "winner of 2013, one network: 71.2": (71.16, "#1b9e77"),
}


def picture(results: list[Result]) -> np.ndarray:
    """Return the accuracies and the best model's confusion matrix side by side as pixels, uint8 (height, width, 3)."""
    chosen = best(results)
    assert chosen is not None
    matrix = figures.confusion(np.array(chosen.test["confusion"]), f"{chosen.name} on PrivateTest, % of each row")
    return np.hstack([pixels(accuracies(results)), pixels(matrix)])


def accuracies(results: list[Result]) -> Figure:
    """Draw the accuracy of each model on PrivateTest with its interval, and what is published as lines."""
    run = [result for result in results if result.scores and not result.pending]
    figure = Figure(figsize=(6.4, 5.6), dpi=120, layout="constrained")
    axes = figure.subplots()
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # so that no line runs through a number
    for label, (value, colour) in PUBLISHED.items():
        axes.axvline(value, color=colour, linestyle="--", label=label)
    for place, result in enumerate(run):
        value, low, high = (
            100 * share
            for share in (result.scores["test"]["accuracy"], result.test["accuracy_low"], result.test["accuracy_high"])
        )
        colour = "#08519c" if result is best(results) else "#6baed6"
        axes.errorbar(
            value, place, xerr=[[value - low], [high - value]], fmt="o", color=colour, capsize=5, markersize=8
        )
        axes.annotate(f"{value:.1f}", (value, place), (0, 9), textcoords="offset points", ha="center", bbox=box)
    axes.set_yticks(range(len(run)), [result.name for result in run])
    axes.set_ylim(len(run) - 0.4, -0.6)  # the first on top
    axes.set(title="Accuracy on PrivateTest", xlabel="% of all 3,589 faces, with 95 % interval")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", frameon=False)
    return figure


def pixels(figure: Figure) -> np.ndarray:
    """Return a figure as pixels, uint8 (height, width, 3)."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]
