"""The figure of docs/study.md, parallel coordinates: an axis for each param that was changed, one for what it gave."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

Row = dict[str, str]  # a run: what it has of each param, and its scores

SCORES = ("parameters", "best_epoch", "val_accuracy", "val_macro_f1", "val_loss", "accuracy")
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8c6d31", "#777777")  # Okabe and Ito's
COMMITTED = "black"
NAMES = {"peak": "learning rate", "initializer": "initialiser"}
BUNDLE = 0.025  # between the lines of runs that have the same value


def figure(rows: Sequence[Row]) -> Figure:
    """Draw each run as a line; the values of the first run lie on one level, so that each bend is a change.

    Args:
        rows: The run with the committed values, and then those that differ from it in one of them.
    """
    keys = factors(rows)
    heights = {key: _heights(list(dict.fromkeys(row[key] for row in rows)), rows[0][key]) for key in keys}
    reach = max(1, *(abs(height) for places in heights.values() for height in places.values()))
    drawing = Figure(figsize=(13, 7.2), dpi=110, layout="constrained")
    axes = drawing.subplots()
    axes.set(xlim=(-0.5, len(keys) + 1.75), ylim=(-reach - 0.35, reach + 0.75))
    axes.set_axis_off()
    scores = [float(row["val_accuracy"]) for row in rows]
    ends = [_scaled(score, scores, reach) for score in scores]
    labels = apart(ends, 2 * (reach + 0.2) / max(len(rows) - 1, 16), reach + 0.1)
    for number, (row, end, place) in enumerate(zip(rows, ends, labels, strict=True)):
        key = changed(row, rows[0])
        colour = COLOURS[keys.index(key) % len(COLOURS)] if key else COMMITTED
        offset = BUNDLE * (number - len(rows) / 2) if key else 0
        levels = [heights[name][row[name]] + (offset if name != key else 0) for name in keys]
        width = 1.3 if key else 2.5
        axes.plot(range(len(keys) + 1), [*levels, end], color=colour, linewidth=width, zorder=2)
        axes.plot(len(keys), end, "o", color=colour, markersize=5, zorder=4)
        axes.plot([len(keys) + 0.05, len(keys) + 0.2, len(keys) + 0.27], [end, place, place], color=colour, linewidth=1)
        what = f"{title(key)} {row[key]}" if key else "as committed"
        weight = "normal" if key else "bold"
        axes.text(len(keys) + 0.3, place, f"{100 * scores[number]:.1f}  {what}", va="center", fontsize=9, weight=weight)
        if key:
            axes.plot(keys.index(key), levels[keys.index(key)], "o", color=colour, markersize=7, zorder=4)
    for position, key in enumerate(keys):
        _axis(axes, position, key, heights[key], reach, rows[0][key])
    axes.vlines(len(keys), -reach, reach, color="#444444", linewidth=1, zorder=1)
    axes.text(len(keys), reach + 0.35, "accuracy on\nvalidation faces, %", ha="center", va="bottom", weight="bold")
    return drawing


def factors(rows: Sequence[Row]) -> list[str]:
    """Return the params that were changed, as the columns name them."""
    return [key for key in rows[0] if key not in SCORES]


def changed(row: Row, committed: Row) -> str:
    """Return in which param a run differs from the committed one, "" for that one itself."""
    return next((key for key in factors([committed]) if row[key] != committed[key]), "")


def title(key: str) -> str:
    """Return what people call a param."""
    last = key.rpartition(".")[2]
    return NAMES.get(last, last.replace("_", " "))


def summary(rows: Sequence[Row]) -> str:
    """Return accuracy and loss on validation faces for each value, a line each, from the committed ones on."""
    lines = [f"{'':14} {'':18} accuracy   against the committed   macro-F1   loss"]
    committed = 100 * float(rows[0]["val_accuracy"])
    for row in rows:
        key, accuracy = changed(row, rows[0]), 100 * float(row["val_accuracy"])
        name, value = (title(key), row[key]) if key else ("as committed", "")
        scores = f"{100 * float(row['val_macro_f1']):8.1f}   {float(row['val_loss']):.3f}"
        lines.append(f"{name:14} {value:18} {accuracy:8.1f}   {accuracy - committed:+21.1f}   {scores}")
    return "\n".join(lines)


def apart(places: Sequence[float], gap: float, highest: float) -> list[float]:
    """Return places for labels, in the order given, near the wanted ones and at least `gap` apart."""
    order = sorted(range(len(places)), key=lambda number: places[number])
    found = [places[number] for number in order]
    for upper in range(1, len(found)):
        found[upper] = max(found[upper], found[upper - 1] + gap)
    found[-1] = min(found[-1], highest)
    for lower in reversed(range(len(found) - 1)):
        found[lower] = min(found[lower], found[lower + 1] - gap)
    return [found[order.index(number)] for number in range(len(places))]


def _heights(values: list[str], committed: str) -> dict[str, int]:
    """Return where each value stands on its axis: 0 the committed one, larger ones above it and smaller ones below."""
    others = [value for value in values if value != committed]
    try:
        lower = sorted((value for value in others if _size(value) < _size(committed)), key=_size, reverse=True)
        upper = sorted((value for value in others if value not in lower), key=_size)
    except ValueError:  # words have no order: above and below in turn
        upper, lower = others[::2], others[1::2]
    return {committed: 0} | {v: n + 1 for n, v in enumerate(upper)} | {v: -n - 1 for n, v in enumerate(lower)}


def _size(value: str) -> float:
    """Return a number, or the sum of a list of numbers."""
    return sum(map(float, value.split("-")))


def _scaled(score: float, scores: Sequence[float], reach: float) -> float:
    lowest, highest = min(scores), max(scores)
    return reach * (2 * (score - lowest) / (highest - lowest) - 1) if highest > lowest else 0.0


def _axis(axes: Axes, position: int, key: str, heights: dict[str, int], reach: float, committed: str) -> None:
    """Draw an axis with its name and a tick for each value."""
    axes.vlines(position, -reach, reach, color="#444444", linewidth=1, zorder=1)
    axes.text(position, reach + 0.35, title(key), ha="center", va="bottom", weight="bold")
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5, "alpha": 0.9}
    for value, height in heights.items():
        weight = "bold" if value == committed else "normal"
        place = (position - 0.06, height + (0.32 if value == committed else 0.13))
        axes.text(*place, value, ha="right", va="center", fontsize=9, weight=weight, bbox=box, zorder=3)
