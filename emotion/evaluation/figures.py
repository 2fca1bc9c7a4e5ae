"""Figures drawn from numbers; nothing here computes a score or saves a file."""

import numpy as np
from matplotlib.figure import Figure

from emotion.labels import EMOTIONS


def confusion(counts: np.ndarray, title: str) -> Figure:
    """Draw a confusion matrix.

    Args:
        counts: Faces of each emotion (rows) with each answer (columns), int (7, 7).
        title: What the matrix belongs to.

    Returns:
        A figure whose cells show the share of the row in percent.
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
    axes.set(title=title, xlabel="answer", ylabel="true emotion (faces)")
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, label="share of the true emotion", shrink=0.8)
    bar.ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    return figure
