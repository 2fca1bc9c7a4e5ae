"""The figure of docs/overfitting.md: loss and accuracy on training and validation faces, epoch by epoch."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

Row = dict[str, float]  # one epoch of a history, by its columns

MILESTONES = (50, 100)  # epochs whose numbers are written beside the curves
TRAINING, VALIDATION, TURN = "#2171b5", "#d95f02", "#444444"
ABOVE, BELOW = 9, -17  # points between a dot and its number


def turning_epoch(rows: Sequence[Row]) -> Row:
    """Return the epoch with the lowest validation loss, the first of equal ones: from there on it is not better."""
    return min(rows, key=lambda row: row["val_loss"])


def figure(rows: Sequence[Row]) -> Figure:
    """Draw loss and accuracy side by side, with a line where the validation loss turns and numbers at milestones.

    Args:
        rows: The history, an epoch each, from 1; accuracies 0..1.
    """
    drawing = Figure(figsize=(10, 4.5), dpi=150, layout="constrained")
    loss, accuracy = drawing.subplots(1, 2)
    _curve(loss, rows, "loss", 1, TRAINING, ABOVE)
    _curve(loss, rows, "val_loss", 1, VALIDATION, ABOVE)
    _curve(accuracy, rows, "accuracy", 100, TRAINING, ABOVE)
    _curve(accuracy, rows, "val_accuracy", 100, VALIDATION, BELOW)
    loss.set(title="Loss (cross-entropy)", ylim=(0, 1.1 * max(max(row["loss"], row["val_loss"]) for row in rows)))
    accuracy.set(title="Accuracy in %", ylim=(0, 106))
    turn = turning_epoch(rows)["epoch"]
    for axes in (loss, accuracy):
        axes.axvline(turn, color=TURN, linestyle="--", linewidth=1, label=f"lowest validation loss: epoch {turn:.0f}")
        axes.set(xlabel="epoch", xlim=(0, 1.05 * len(rows)))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        axes.grid(axis="y", color="#e5e5e5", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    drawing.legend(*loss.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return drawing


def _curve(axes: Axes, rows: Sequence[Row], column: str, factor: int, colour: str, offset: int) -> None:
    """Draw one column, with a dot and its number at each milestone."""
    label = "validation faces" if column.startswith("val_") else "training faces"
    axes.plot([row["epoch"] for row in rows], [factor * row[column] for row in rows], color=colour, label=label)
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # so that no grid line runs through a number
    for row in [row for row in rows if row["epoch"] in MILESTONES]:
        place, value = (row["epoch"], factor * row[column]), f"{factor * row[column]:.{2 if factor == 1 else 1}f}"
        axes.plot(*place, "o", color=colour)
        axes.annotate(value, place, (0, offset), textcoords="offset points", ha="center", bbox=box, zorder=1)
