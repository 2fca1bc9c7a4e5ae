"""docs/readme.png: a picture with labelled faces beside the test accuracy of each model."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from tools.tables.figure import PUBLISHED
from tools.tables.results import Result

EXAMPLE = "docs/apps/predict.png"  # of drawn faces; tools/screenshots.py makes it


def draw(results: list[Result]) -> np.ndarray:
    """Return README's picture, uint8 (height, width, 3)."""
    figure = Figure(figsize=(13.6, 4.6), dpi=110)
    example = figure.add_axes((0.005, 0.02, 0.56, 0.91))
    example.imshow(np.asarray(Image.open(EXAMPLE).convert("RGB")))
    example.set_title("emotion predict friends.png -o out", family="monospace")
    example.set_axis_off()

    run = [result for result in results if result["headline"] and not result["pending"]]
    axes = figure.add_axes((0.675, 0.275, 0.305, 0.655))
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # so that no line runs through a number
    for place, result in enumerate(run):
        value, low, high = (result["headline"][f"accuracy{end}"] for end in ("", "_low", "_high"))
        color = "#08519c" if result["best"] else "#6baed6"
        axes.errorbar(value, place, xerr=[[value - low], [high - value]], fmt="o", color=color, capsize=4, markersize=7)
        axes.annotate(f"{value:.1f}", (high, place), (6, 0), textcoords="offset points", va="center", size=9, bbox=box)
    for label, (value, color) in PUBLISHED.items():
        axes.axvline(value, color=color, linestyle="--", label=label, zorder=0)
    axes.margins(x=0.1)
    axes.set_yticks(range(len(run)), [result["name"] for result in run])
    axes.set_ylim(len(run) - 0.4, -0.6)  # the first on top
    axes.set(title="Test accuracy on FER-2013", xlabel="% of 3,589 faces, with 95 % confidence interval")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.45, -0.14), fontsize=9)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]
