"""The diagram of a network: a line for each block, with what it returns and what it costs."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from emotion.architecture.blocks import Block, blocks
from emotion.architecture.drawing import CHIP, COLOURS, GREY, STRIP, TEXT, chip, chips, draw, rise
from emotion.architecture.layers import Layer, sizes, totals

# Inches from the left: where columns begin or, of the last two, end.
WIDTH, NAME, ROW, RETURNS, PARAMETERS, MACS = 9.6, 0.2, 1.75, 7.0, 8.6, 9.4
HEAD, PAD, LEGEND, BAR = 1.0, 0.12, 0.32, 0.68
COLUMNS = ((NAME, "block", "left"), (ROW, "layers", "left"), (RETURNS, "returns", "left"),
           (PARAMETERS, "parameters", "right"), (MACS, "MACs", "right"))  # fmt: skip


def diagram(name: str, layers: Sequence[Layer]) -> Figure:
    """Draw a network, given as layers.read returns it, under this name."""
    found = blocks(layers)
    heights = [rise(block) + CHIP + 2 * PAD for block in found]
    shown = {kind for block in found for kind, _ in chips(block.layers)}
    kinds = [kind for kind in COLOURS if kind in shown]
    height = HEAD + sum(heights) + LEGEND * (2 + (len(kinds) - 1) // 7)
    figure = Figure(figsize=(WIDTH, height), dpi=120)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.set_axis_off()
    _head(axes, name, layers)
    most = {key: max(totals(block.layers)[key] for block in found) for key in totals(layers)}
    y = HEAD
    for number, (block, tall) in enumerate(zip(found, heights, strict=True)):
        if number % 2 == 0:
            axes.add_patch(Rectangle((0, y), WIDTH, tall, color="#f3f5f7", zorder=0))
        y += tall
        _line(axes, block, y - PAD - CHIP / 2, most)
    for number, kind in enumerate(kinds):
        row, column = divmod(number, 7)
        x, line = NAME + 1.32 * column, y + LEGEND * (row + 1)
        chip(axes, kind, "", x, line, 2 * STRIP)
        meaning = "pad, reshape" if kind == "shape" else kind
        axes.text(x + 0.22, line, meaning, size=TEXT, color=GREY, va="center_baseline")
    return figure


def _head(axes: Axes, name: str, layers: Sequence[Layer]) -> None:
    total = totals(layers)
    size = f"{amount(total['parameters'])} parameters, {amount(total['macs'])} multiply-adds (MACs) a face"
    activations = ", ".join(sorted({layer.activation for layer in layers} - {""}))
    text = f"{sizes(layers[0].shape)} → {sizes(layers[-1].shape)};  {size};  {len(layers)} layers;  {activations}"
    axes.text(NAME, 0.3, name, size=14, weight="bold", va="center")
    axes.text(NAME, 0.58, text, size=TEXT + 1, color=GREY, va="center")
    for x, title, side in COLUMNS:
        axes.text(x, HEAD - 0.1, title, size=TEXT, color=GREY, ha=side)


def _line(axes: Axes, block: Block, y: float, most: dict[str, int]) -> None:
    """Draw a block's name, chips, how often they stand there, what they return, and costs with bars to compare."""
    axes.text(NAME, y, block.name, size=TEXT * min(1, 21 / len(block.name)), va="center_baseline")
    end = draw(axes, block, ROW, y, RETURNS - 0.55)
    if block.times > 1:
        axes.text(end + 0.1, y, f"× {block.times}", size=TEXT + 2, weight="bold", va="center_baseline")
    axes.text(RETURNS, y, sizes(block.layers[-1].shape), size=TEXT, va="center_baseline")
    for x, key in ((PARAMETERS, "parameters"), (MACS, "macs")):
        if own := totals(block.layers)[key]:
            width = BAR * own / most[key]
            axes.add_patch(Rectangle((x - width, y + 0.09), width, 0.035, color="#7f8b99", linewidth=0, zorder=1))
            axes.text(x, y - 0.01, amount(own), size=TEXT, ha="right", va="center_baseline")


def amount(number: float) -> str:
    """Return a number with three digits and its unit: 163 M."""
    for unit in ("", " k", " M"):
        if number < 999.5:
            return f"{number:.3g}{unit}"
        number /= 1000
    return f"{number:.3g} G"
