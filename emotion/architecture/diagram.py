"""The diagram of a network: a row per block, with its output shape, parameters and MACs."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from emotion.architecture.blocks import Block, blocks
from emotion.architecture.drawing import CHIP, COLOURS, GREY, STRIP, TEXT, chip, chips, draw, rise
from emotion.architecture.layers import Layer, sizes, totals

# All lengths are inches. Columns begin at these distances from the left; the last two end there.
WIDTH = 9.6
NAME = 0.2
ROW = 1.75
OUTPUT = 7.0
PARAMETERS = 8.6
MACS = 9.4
COLUMNS = ((NAME, "block", "left"), (ROW, "layers", "left"), (OUTPUT, "output", "left"),
           (PARAMETERS, "parameters", "right"), (MACS, "MACs", "right"))  # fmt: skip
HEAD = 1.0  # height above the first block
PAD = 0.12  # above and below a block
LEGEND = 0.32  # height of a line of the legend
PER_LINE = 7  # entries in it
BAR = 0.68  # length of the longest bar


def diagram(name: str, layers: Sequence[Layer]) -> Figure:
    """Draw a network, given as layers.read returns it, under this name."""
    found = blocks(layers)
    heights = [rise(block) + CHIP + 2 * PAD for block in found]
    shown = {kind for block in found for kind, _ in chips(block.layers)}
    kinds = [kind for kind in COLOURS if kind in shown]
    height = HEAD + sum(heights) + LEGEND * (2 + (len(kinds) - 1) // PER_LINE)
    figure = Figure(figsize=(WIDTH, height), dpi=120)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.set_axis_off()
    _head(axes, name, layers)
    largest = {key: max(totals(block.layers)[key] for block in found) for key in totals(layers)}
    y = HEAD
    for number, (block, tall) in enumerate(zip(found, heights, strict=True)):
        if number % 2 == 0:
            axes.add_patch(Rectangle((0, y), WIDTH, tall, color="#f3f5f7", zorder=0))
        y += tall
        _row(axes, block, y - PAD - CHIP / 2, largest)
    _legend(axes, kinds, y)
    return figure


def _legend(axes: Axes, kinds: Sequence[str], y: float) -> None:
    for number, kind in enumerate(kinds):
        row, column = divmod(number, PER_LINE)
        x = NAME + 1.32 * column
        line = y + LEGEND * (row + 1)
        chip(axes, kind, "", x, line, 2 * STRIP)
        meaning = "pad, reshape" if kind == "shape" else kind
        axes.text(x + 0.22, line, meaning, size=TEXT, color=GREY, va="center_baseline")


def _head(axes: Axes, name: str, layers: Sequence[Layer]) -> None:
    total = totals(layers)
    size = f"{amount(total['parameters'])} parameters, {amount(total['macs'])} MACs per face"
    activations = ", ".join(sorted({layer.activation for layer in layers} - {""}))
    text = f"{sizes(layers[0].shape)} → {sizes(layers[-1].shape)};  {size};  {len(layers)} layers;  {activations}"
    axes.text(NAME, 0.3, name, size=14, weight="bold", va="center")
    axes.text(NAME, 0.58, text, size=TEXT + 1, color=GREY, va="center")
    for x, title, side in COLUMNS:
        axes.text(x, HEAD - 0.1, title, size=TEXT, color=GREY, ha=side)


def _row(axes: Axes, block: Block, y: float, largest: dict[str, int]) -> None:
    """Draw a block's name, chips, number of repetitions, output shape, and its costs above bars that compare them."""
    axes.text(NAME, y, block.name, size=TEXT * min(1, 21 / len(block.name)), va="center_baseline")
    end = draw(axes, block, ROW, y, OUTPUT - 0.55)
    if block.times > 1:
        axes.text(end + 0.1, y, f"× {block.times}", size=TEXT + 2, weight="bold", va="center_baseline")
    axes.text(OUTPUT, y, sizes(block.layers[-1].shape), size=TEXT, va="center_baseline")
    for x, key in ((PARAMETERS, "parameters"), (MACS, "macs")):
        if own := totals(block.layers)[key]:
            width = BAR * own / largest[key]
            axes.add_patch(Rectangle((x - width, y + 0.09), width, 0.035, color="#7f8b99", linewidth=0, zorder=1))
            axes.text(x, y - 0.01, amount(own), size=TEXT, ha="right", va="center_baseline")


def amount(number: float) -> str:
    """Return a number with three significant digits and its unit: 163 M."""
    for unit in ("", " k", " M"):
        if number < 999.5:
            return f"{number:.3g}{unit}"
        number /= 1000
    return f"{number:.3g} G"
