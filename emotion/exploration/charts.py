"""Charts of a set of faces; nothing here saves a file."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from emotion.core.labels import EMOTIONS

# The colours of Okabe and Ito, which people with any colour vision can distinguish.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999")


def counts(faces: np.ndarray, subsets: Sequence[str]) -> Figure:
    """Draw how many faces each emotion has, by official subset.

    Args:
        faces: Faces of each subset (rows) with each emotion (columns), int (subsets, 7).
        subsets: Names of the subsets.
    """
    figure = Figure(figsize=(10, 4.6), dpi=120, layout="constrained")
    axes = figure.subplots()
    totals = faces.sum(axis=0)
    left = np.zeros(len(EMOTIONS), int)
    for row, subset, colour in zip(faces, subsets, COLOURS * len(subsets), strict=False):
        axes.barh(EMOTIONS, row, left=left, color=colour, label=f"{subset} ({row.sum():,})")
        left = left + row
    for place, total in enumerate(totals):
        words = f"{total:,} ({total / totals.sum():.1%})" if total else "none"
        axes.annotate(words, (total, place), (5, 0), textcoords="offset points", va="center")
    axes.set(title=f"{totals.sum():,} faces by emotion and official subset", xlim=(0, 1.2 * max(totals.max(), 1)))
    axes.invert_yaxis()
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=4, frameon=False)
    return figure


def mean_faces(means: Mapping[str, np.ndarray], sizes: Mapping[str, int]) -> Figure:
    """Draw the mean face of all faces and of each emotion, and the differences between them.

    Args:
        means: Gray values (48, 48) by emotion, and of all faces as "all"; any may be missing.
        sizes: Number of faces of each.
    """
    figure = Figure(figsize=(12, 3.6), dpi=100, layout="constrained")
    above, below = figure.subplots(2, 1 + len(EMOTIONS))
    differences = {name: means[name] - means["all"] for name in EMOTIONS if name in means}
    most = max([1.0, *(float(np.abs(difference).max()) for difference in differences.values())])
    scale = ScalarMappable(Normalize(-most, most), "RdBu_r")
    for name, upper, lower in zip(("all", *EMOTIONS), above, below, strict=True):
        upper.set_title(f"{name}\n{sizes[name]:,}")
        for axes in (upper, lower):
            axes.set_axis_off()
            axes.set_box_aspect(1)
        if name in means:
            upper.imshow(means[name], cmap="gray", vmin=0, vmax=255)
        else:
            upper.text(0.5, 0.5, "too few" if sizes[name] else "none", ha="center", va="center")
        if name in differences:
            lower.imshow(differences[name], norm=scale.norm, cmap=scale.cmap)
    below[0].text(0.5, 0.5, "difference\nfrom the\nmean of all", ha="center", va="center")
    figure.colorbar(scale, ax=[*above, *below], label="gray values", shrink=0.9)
    figure.suptitle("The mean face of each emotion, and where it is darker (blue) or brighter (red) than that of all")
    return figure


def brightness_and_contrast(brightness: np.ndarray, contrast: np.ndarray, rows: Mapping[str, np.ndarray]) -> Figure:
    """Draw the distribution of brightness and contrast in some sets of faces, each with that of all faces.

    Args:
        brightness: The mean of each face's gray values, 0..255 (n,).
        contrast: Their standard deviation, 0..127.5 (n,).
        rows: By name of the set, which faces belong to it, bool (n,).
    """
    figure = Figure(figsize=(10, 1.2 + 0.55 * len(rows)), dpi=120, layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    _ridges(left, brightness, 256, rows)
    _ridges(right, contrast, 128, rows)
    left.set(title="Brightness: mean of a face's gray values", xlabel="0: black, 255: white")
    right.set(title="Contrast: their standard deviation", xlabel="0: one gray all over")
    left.set_yticks(np.arange(len(rows)) - 0.25, rows)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return figure


def _ridges(axes: Axes, values: np.ndarray, end: int, rows: Mapping[str, np.ndarray]) -> None:
    """Draw a histogram per row, the first on top, with that of all values as a line."""
    edges = np.linspace(0, end, 33)
    middles = (edges[:-1] + edges[1:]) / 2
    shares = {name: np.histogram(values[row], edges)[0] / max(row.sum(), 1) for name, row in rows.items()}
    everyone = np.histogram(values, edges)[0] / len(values)
    tallest = max(everyone.max(), *(share.max() for share in shares.values())) / 0.85
    for place, (name, share) in enumerate(shares.items()):
        new = "" if place == 0 else "_"  # a leading underscore keeps it out of the legend
        axes.fill_between(middles, place, place - share / tallest, color=COLOURS[4], label=f"{new}these faces")
        axes.plot(middles, place - everyone / tallest, color="black", linewidth=0.8, label=f"{new}all faces")
        if rows[name].any():
            median = np.median(values[rows[name]])
            axes.plot([median] * 2, [place, place - 0.9], color=COLOURS[5], label=f"{new}median of these")
        else:
            axes.text(end, place - 0.3, "none", ha="right")
    axes.set(xlim=(0, end), ylim=(len(rows) - 0.9, -1))
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def leakage(matrices: Mapping[str, np.ndarray], sizes: Sequence[int], subsets: Sequence[str]) -> Figure:
    """Draw the leakage between subsets, a matrix per kind of duplicate.

    Args:
        matrices: By title, faces of each subset (rows) with a duplicate in each subset (columns), int.
        sizes: Number of faces of each subset.
        subsets: Names of the subsets.
    """
    figure = Figure(figsize=(10, 4.6), dpi=120, layout="constrained")
    grid = figure.subplots(1, len(matrices), squeeze=False)[0]
    names = [f"{subset} ({size:,})" for subset, size in zip(subsets, sizes, strict=True)]
    totals = np.maximum(np.array(sizes)[:, None], 1)
    darkest = max(0.2, *(float((matrix / totals).max()) for matrix in matrices.values()))
    for axes, (title, matrix) in zip(grid, matrices.items(), strict=True):
        shares = matrix / totals
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=darkest)
        for (row, column), share in np.ndenumerate(shares):
            words = f"{matrix[row, column]:,}\n{share:.1%}"
            axes.text(column, row, words, ha="center", va="center", color="white" if share > 0.6 * darkest else "black")
        axes.set_xticks(range(len(subsets)), subsets, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks([])
        axes.set(title=title, xlabel="… with a duplicate in this subset")
        axes.spines[:].set_visible(False)
    grid[0].set_yticks(range(len(subsets)), names)
    grid[0].set_ylabel("faces of this subset …")
    figure.suptitle("Faces with a duplicate in another subset; on the diagonal, in the same one")
    return figure
