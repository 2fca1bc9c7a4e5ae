"""Faces of noise, and what a figure shows of its texts."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text


def noise(count: int, seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 48, 48), np.uint8)


def pixels(figure: Figure) -> np.ndarray:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def boxes_of_words(figure: Figure) -> list[np.ndarray]:
    """Return left, lower, right and upper edge of each text."""
    pixels(figure)
    words = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    return [text.get_window_extent().extents for text in words]


def overlap(one: np.ndarray, other: np.ndarray) -> bool:
    return bool((np.maximum(one[:2], other[:2]) < np.minimum(one[2:], other[2:])).all())


def assert_nothing_is_cut(figure: Figure) -> None:
    pixels(figure)
    drawn, page = figure.get_tightbbox(), figure.bbox_inches
    assert drawn.xmin >= 0 and drawn.ymin >= 0 and drawn.xmax <= page.xmax and drawn.ymax <= page.ymax
