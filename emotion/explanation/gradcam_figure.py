"""A picture of faces, each beside what an answer rests on."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure


def figure(faces: np.ndarray, maps: np.ndarray, captions: Sequence[str], title: str, columns: int) -> Figure:
    """Draw each face and, to its right, the same face under its heatmap.

    Args:
        faces: Gray values, uint8 (n, side, side).
        maps: 0 to 1, (n, side, side).
        captions: What stands above each pair.
        title: What is seen.
        columns: Pairs in a row.
    """
    rows = -(-len(faces) // columns)
    drawn = Figure(figsize=(2.1 * columns, 0.6 + 1.3 * rows), dpi=100, layout="constrained")
    drawn.suptitle(title, fontsize=11, x=0.01, ha="left")
    grid = drawn.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, face, strength, caption in zip(grid.flat, faces, maps, captions, strict=False):
        side = len(face)
        both = np.concatenate([face, np.full((side, 2), 255, np.uint8), face], axis=1)
        axes.imshow(both, cmap="gray", vmin=0, vmax=255)
        box = (side + 1.5, 2 * side + 1.5, side - 0.5, -0.5)
        axes.imshow(strength, cmap="inferno", vmin=0, vmax=1, alpha=0.55 * strength**0.5, extent=box)
        axes.set(xlim=(-0.5, 2 * side + 1.5), ylim=(side - 0.5, -0.5))
        axes.set_title(caption, fontsize=8, pad=2)
    return drawn
