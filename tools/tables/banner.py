"""docs/readme.png: a picture with labelled faces beside the test accuracy of each model."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from tools.tables.results import Result

EXAMPLE = "docs/apps/predict.png"  # docs/apps/friends.png, annotated
LEGEND = {"#08519c": "what most of ten people see in 2,720 faces", "white": "FER-2013's label of 3,589 faces"}


def draw(results: list[Result]) -> np.ndarray:
    """Return README's picture, uint8 (height, width, 3)."""
    figure = Figure(figsize=(13.6, 4.6), dpi=110)
    example = figure.add_axes((0.005, 0.02, 0.56, 0.91))
    example.imshow(np.asarray(Image.open(EXAMPLE).convert("RGB")))
    example.set_title("emotion predict friends.png -o out", family="monospace")
    example.set_axis_off()

    run = [result for result in results if result["headline"] and not result["pending"]]
    axes = figure.add_axes((0.675, 0.275, 0.305, 0.655))
    for place, result in enumerate(run):
        color = "#08519c" if result["best"] else "#6baed6"
        truths = {"headline": "white", "majority": color}
        for subset, fill in [one for one in truths.items() if result[one[0]]]:
            value, low, high = (result[subset][f"accuracy{end}"] for end in ("", "_low", "_high"))
            axes.errorbar(value, place, xerr=[[value - low], [high - value]], fmt="o", color=color, mfc=fill, capsize=4)
            axes.annotate(f"{value:.1f}", (value, place), (0, 7), textcoords="offset points", ha="center", size=8)
    for fill, label in LEGEND.items():
        axes.plot([], [], "o", color="#08519c", mfc=fill, label=label)
    axes.margins(x=0.06)
    axes.set_yticks(range(len(run)), [result["name"] for result in run])
    axes.set_ylim(len(run) - 0.4, -0.8)  # the first on top
    axes.set(title="Test accuracy on FER-2013", xlabel="%, with 95 % confidence interval")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.45, -0.14), fontsize=9)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]
