"""docs/results.png: the accuracy of each model, and the confusion matrix of the best one."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from emotion.evaluation import figures
from tools.tables.results import Result

# Accuracy on the same 3,589 faces in percent, and a color; docs/results.md names the sources.
PUBLISHED = {
    "people: 65 ± 5": (65.0, "#888888"),
    "package fer 25.10.3: 65.8": (65.81, "#d95f02"),
    "winner of 2013, one network: 71.2": (71.16, "#1b9e77"),
}
TTA = {"test": (-0.12, None), "test_tta": (0.12, "white")}  # offset and fill of the dots without and with TTA


def draw(results: list[Result]) -> np.ndarray | None:
    """Return both charts side by side, uint8 (height, width, 3), or None where the best model has no scores."""
    best = next((result for result in results if result["best"] and result["details"]), None)
    if best is None:
        return None
    truth = "test_majority" if "test_majority" in best["details"] else "test"
    of_whom = "the annotators' majority" if truth == "test_majority" else "the labels"
    counts = np.array(best["details"][truth]["confusion"])
    matrix = figures.confusion(counts, f"{best['name']}: % of {of_whom} on PrivateTest")
    return np.hstack([_pixels(accuracies(results)), _pixels(matrix)])


def accuracies(results: list[Result]) -> Figure:
    """Draw each accuracy on PrivateTest with its interval, hollow with TTA, and published ones as lines."""
    run = [result for result in results if result["headline"] and not result["pending"]]
    figure = Figure(figsize=(6.4, 5.6), dpi=120, layout="constrained")
    axes = figure.subplots()
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # so that no line runs through a number
    for label, (value, color) in PUBLISHED.items():
        axes.axvline(value, color=color, linestyle="--", label=label)
    for place, result in enumerate(run):
        color = "#08519c" if result["best"] else "#6baed6"
        for subset in [subset for subset in TTA if result.get(subset)]:
            offset, fill = TTA[subset]
            value, low, high = (result[subset][f"accuracy{end}"] for end in ("", "_low", "_high"))
            at, error = place + offset, [[value - low], [high - value]]
            axes.errorbar(value, at, xerr=error, fmt="o", color=color, mfc=fill or color, capsize=4, markersize=7)
            axes.annotate(f"{value:.1f}", (high, at), (6, 0), textcoords="offset points", va="center", size=8, bbox=box)
    axes.margins(x=0.1)
    axes.set_yticks(range(len(run)), [result["name"] for result in run])
    axes.set_ylim(len(run) - 0.4, -0.6)  # the first on top
    axes.set(title="Accuracy for the labels of PrivateTest", xlabel="% of all 3,589 faces, 95 % CI; hollow: with TTA")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", frameon=False)
    return figure


def _pixels(figure: Figure) -> np.ndarray:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]
