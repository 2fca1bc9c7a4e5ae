"""Layers as a row of chips; lengths are inches, x to the right and y downwards."""

import functools
from collections import Counter
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyBboxPatch
from matplotlib.textpath import TextPath

from emotion.architecture.blocks import Block
from emotion.architecture.layers import Layer

# Fill and text colour of each kind, a palette for the colour-blind (Okabe & Ito, "Color Universal Design", 2008).
COLOURS = {
    "convolution": ("#0072b2", "white"),
    "depthwise": ("#56b4e9", "black"),
    "dense": ("#d55e00", "white"),
    "pooling": ("#009e73", "white"),
    "squeeze-excite": ("#f0e442", "black"),
    "normalisation": ("#8d97a3", "white"),
    "activation": ("#e69f00", "black"),
    "dropout": ("#cc79a7", "black"),
    "shape": ("#d3d8de", "black"),
}
CHIP = 0.25  # height of a chip
STRIP = 0.07  # width of a chip without text
SUM = 0.17  # diameter of a sum
GAP = 0.05  # between chips
LANE = 0.07  # between rows of chips
ARC = 0.11  # height of a shortcut without layers above its row
TEXT = 8.5  # points
GREY = "#5b6570"
Chip = tuple[str, str]  # kind, text


def chips(layers: Sequence[Layer]) -> list[Chip]:
    """Return the chips of layers in a row; squeeze-excite (Hu et al., 2018), from average to product, is one."""
    averages = [place for place, layer in enumerate(layers) if layer.text == "global average"]
    products = [place for place, layer in enumerate(layers) if layer.text == "multiply" and len(layer.sources) > 1]
    if averages and products and averages[0] < products[0]:
        return [*chips(layers[: averages[0]]), ("squeeze-excite", "SE"), *chips(layers[products[0] + 1 :])]
    found = []
    for layer in layers:
        found.append((layer.kind, layer.text))
        if layer.activation and layer.kind != "activation":
            found.append(("activation", ""))
    return found


def counted(layers: Sequence[Layer]) -> list[Chip]:
    """Return one chip per kind of layer, for blocks with too many layers or without a single path."""
    kinds = Counter(layer.kind for layer in layers if layer.text)
    return [(kind, f"{number} × {kind}") for kind, number in kinds.items()]


def rise(block: Block) -> float:
    """Return how far a block's shortcut reaches above its row."""
    if block.shortcut is None:
        return 0
    return CHIP + LANE if block.shortcut else ARC


def draw(axes: Axes, block: Block, x: float, y: float, end: float) -> float:
    """Draw a block's chips from x to `end` at most, counted if they are too long, and return where they end."""
    before, inside, after, around = map(chips, (block.before, block.inside, block.after, block.shortcut or []))
    length = max(_length(inside), _length(around))
    if not before + inside or x + _length(before) + length + _length(after) + 3 * GAP > end:
        return _row(axes, counted(block.layers[: len(block.layers) // block.times]), x, y)
    x = _row(axes, before, x, y)
    if block.shortcut is None:
        return x
    fork = x
    x += 2 * GAP
    join = x + length + GAP
    line = y - max(CHIP / 2, rise(block)) - (0 if around else ARC)
    _wire(axes, [fork, join], [y, y])
    _wire(axes, [fork, fork + GAP, join - GAP / 2, join + SUM / 2], [y, line, line, y])
    _row(axes, inside, x, y)
    _row(axes, around, x, line)
    return _row(axes, after, join, y)


def _row(axes: Axes, row: Sequence[Chip], x: float, y: float) -> float:
    _wire(axes, [x, x + _length(row)], [y, y])
    for kind, text in row:
        chip(axes, kind, text, x, y, _width(text))
        x += _width(text) + GAP
    return x - GAP if row else x


def chip(axes: Axes, kind: str, text: str, x: float, y: float, width: float) -> None:
    """Draw one chip; a sum is a circle."""
    fill, ink = COLOURS.get(kind, ("white", "black"))
    colours: dict[str, Any] = {"facecolor": fill, "edgecolor": fill if kind in COLOURS else GREY, "linewidth": 0.8}
    style = f"round,pad=0,rounding_size={min(0.05, width / 2.5)}"
    box = FancyBboxPatch((x, y - CHIP / 2), width, CHIP, boxstyle=style, zorder=2, **colours)
    axes.add_patch(Circle((x + width / 2, y), width / 2, zorder=2, **colours) if text == "+" else box)
    axes.text(x + width / 2, y, text, color=ink, size=TEXT, ha="center", va="center_baseline", zorder=3)


@functools.cache
def _width(text: str) -> float:
    if text in ("", "+"):
        return SUM if text else STRIP
    return TextPath((0, 0), text, size=TEXT).get_extents().width / 72 + 0.14


def _length(row: Sequence[Chip]) -> float:
    return sum(_width(text) for _, text in row) + GAP * max(0, len(row) - 1)


def _wire(axes: Axes, x: list[float], y: list[float]) -> None:
    axes.plot(x, y, color=GREY, linewidth=1, solid_capstyle="butt", zorder=1)
