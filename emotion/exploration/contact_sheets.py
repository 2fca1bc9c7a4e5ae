"""Contact sheets: many faces on one picture, each above its caption; nothing here saves a file."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.transforms import IdentityTransform
from PIL import Image

from emotion.core.pictures import SIDE

# In pixels, which are points as well, because the figure has 72 dots an inch.
FACE = 2 * SIDE
GAP = 8
MARGIN = 16
TITLE_SIZE = 15
CAPTION_SIZE = 11
FRAME = "#dedede"
EDGE = "#a0a0a0"


def sheet(
    faces: np.ndarray, captions: Sequence[str], title: str, *, columns: int = 7, groups: Sequence[int] = ()
) -> Figure:
    """Draw faces row by row, each at twice its size and above its caption.

    The figure is as large as faces and text need, so that nothing is cut off or overlaps. Without faces it says
    "none". Save it as it is, with `emotion.core.files.save_figure`.

    Args:
        faces: Gray values, uint8 (n, 48, 48).
        captions: Text below each face, of one or more lines.
        title: Title of the sheet, of one or more lines.
        columns: Maximum number of faces in a row.
        groups: Sizes of the groups that the faces form, in order; each group has a frame, and begins a new row if
            it does not fit into the current one. Empty: no frames.
    """
    figure = Figure(dpi=72)
    heading = _text(figure, title, TITLE_SIZE, "left")
    texts = [_text(figure, caption, CAPTION_SIZE, "center") for caption in captions or ["none"]]
    face_high = FACE if len(faces) else 0
    wide = max(FACE, *(_size(text)[0] for text in texts)) + 2 * GAP
    high = face_high + max(_size(text)[1] for text in texts) + 3 * GAP
    cells = _cells(groups or [1] * len(texts), columns)
    top = MARGIN + _size(heading)[1] + GAP
    width = 2 * MARGIN + max(_size(heading)[0], wide * (1 + max(column for _, column, _ in cells)))
    height = top + high * (1 + cells[-1][0]) + MARGIN
    figure.set_size_inches(width / figure.dpi, height / figure.dpi)
    heading.set_position((MARGIN, height - MARGIN))
    for index, ((row, column, begins), text) in enumerate(zip(cells, texts, strict=True)):
        left, upper = MARGIN + column * wide, height - top - row * high
        if groups:
            _box(figure, (left + 4 * begins, upper - high + 4, wide - 4 * begins, high - 4), FRAME)
        if len(faces):
            _face(figure, faces[index], left + (wide - FACE) // 2, upper - GAP - FACE)
        text.set_position((left + wide // 2, upper - face_high - 2 * GAP))
    return figure


def _cells(groups: Sequence[int], columns: int) -> list[tuple[int, int, bool]]:
    """Return the row and column of each face, and whether it is the first of its group."""
    cells: list[tuple[int, int, bool]] = []
    row = column = 0
    for size in groups:
        if column and column + size > columns:
            row, column = row + 1, 0
        for index in range(size):
            if column == columns:
                row, column = row + 1, 0
            cells.append((row, column, index == 0))
            column += 1
    return cells


def _face(figure: Figure, face: np.ndarray, left: int, lower: int) -> None:
    """Draw a face with an edge line, because a white one would not stand out."""
    large = Image.fromarray(face).resize((FACE, FACE), Image.Resampling.BICUBIC)
    _box(figure, (left - 1, lower - 1, FACE + 2, FACE + 2), EDGE)
    figure.figimage(np.asarray(large), left, lower, cmap="gray", vmin=0, vmax=255, zorder=2)


def _box(figure: Figure, box: tuple[int, int, int, int], colour: str) -> None:
    """Fill a box: left and lower edge, width and height."""
    left, lower, width, height = box
    transform = IdentityTransform()
    figure.add_artist(Rectangle((left, lower), width, height, facecolor=colour, linewidth=0, transform=transform))


def _text(figure: Figure, words: str, size: int, align: str) -> Text:
    """Add a text that is placed in pixels by its upper edge, without formulas between dollar signs."""
    text = figure.text(0, 0, words, fontsize=size, ha=align, va="top", transform=IdentityTransform())
    text.set_parse_math(False)
    return text


def _size(text: Text) -> tuple[int, int]:
    """Return width and height in pixels."""
    box = text.get_window_extent()
    return int(np.ceil(box.width)), int(np.ceil(box.height))
