"""The table of all trials, its figure, and the best trial as a DVC experiment."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emotion.core.errors import InputError
from emotion.core.files import save_figure, write_csv

TABLE, FIGURE = Path("docs/tuning.csv"), Path("docs/tuning.png")
COLUMNS = ("trial", "state", "epochs", "val_accuracy")
STYLES: dict[str, dict[str, Any]] = {
    "pruned": {"color": "#999999", "fillstyle": "none", "label": "stopped early"},
    "complete": {"color": "#2171b5", "label": "all epochs"},
}
PANELS = 3  # side by side

Row = dict[str, Any]  # a trial by COLUMNS and by the dotted keys of what it set


def write(rows: Sequence[Row]) -> None:
    """Write docs/tuning.csv and docs/tuning.png."""
    write_csv(TABLE, [{name: _text(value) for name, value in row.items()} for row in rows])
    save_figure(FIGURE, figure(rows))
    print(f"{TABLE}\n{FIGURE}")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def overrides(row: Row) -> list[str]:
    """Return what a trial set as `dvc exp run` takes it: -S key=value."""
    changes = [f"{key}={_text(value).replace(' ', '')}" for key, value in row.items() if key not in COLUMNS]
    return [word for change in changes for word in ("-S", change)]


def queue(row: Row) -> None:
    """Queue a trial as a DVC experiment, with the model's own number of epochs and all faces, up to its scores.

    Raises:
        InputError: DVC refuses; the message is its own.
    """
    model = next(key for key in row if key not in COLUMNS).split(".")[1]
    name = f"tuned-{model}-{row['trial']}"
    queued = [line for line in _dvc("queue", "status").splitlines() if name in line.split() and "Failed" not in line]
    if not queued:
        # An experiment runs in a copy without files that git ignores, such as the archive: its outputs are enough.
        _dvc("exp", "run", "--queue", "--allow-missing", "--name", name, *overrides(row), f"evaluate@{model}")
    print(f"experiment {name} {'was already queued' if queued else 'is in the queue'}. Next:")
    print("  .venv/bin/dvc queue start      # trains and evaluates it")
    print("  .venv/bin/dvc exp show         # compares it with the workspace")
    print(f"  .venv/bin/dvc exp apply {name}  # takes over its params, metrics and plots")


def _dvc(*arguments: str) -> str:
    """Run DVC and return its output.

    Raises:
        InputError: It fails; the message is its own.
    """
    done = subprocess.run([sys.executable, "-m", "dvc", *arguments], capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip() or "it failed").splitlines()[-1].removeprefix("ERROR: ")
        raise InputError(f"dvc {' '.join(arguments[:2])}: {reason}")
    return done.stdout


def figure(rows: Sequence[Row]) -> Figure:
    """Draw the validation accuracy of all trials in their order, and against each value that they set."""
    keys = ["trial", *(key for key in rows[0] if key not in COLUMNS)]
    lines = -(-len(keys) // PANELS)
    drawing = Figure(figsize=(10, 0.6 + 3 * lines), dpi=150, layout="constrained")
    panels = drawing.subplots(lines, PANELS, squeeze=False, sharey=True)
    for axes, key in zip(panels.flat, keys, strict=False):
        _panel(axes, rows, key)
    for axes in panels.flat[len(keys) :]:
        axes.set_visible(False)
    for axes in panels[:, 0]:
        axes.set_ylabel("validation accuracy in %")
    drawing.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return drawing


def _panel(axes: Axes, rows: Sequence[Row], key: str) -> None:
    """Draw accuracy against one value; a wide range of numbers has a logarithmic axis."""
    values = [row[key] for row in rows]
    numeric = all(type(value) in (int, float) for value in values)
    if not numeric:
        values = [_text(value) for value in values]
    for state, style in STYLES.items():
        chosen = [number for number, row in enumerate(rows) if (row["state"] == "complete") == (state == "complete")]
        accuracies = [100 * rows[number]["val_accuracy"] for number in chosen]
        axes.plot([values[number] for number in chosen], accuracies, "o", **style)
    if numeric and key != "trial" and 0 < 8 * min(values) < max(values):
        axes.set_xscale("log")
    axes.set_xlabel(key.split(".", 2)[-1])
    axes.grid(axis="y", color="#e5e5e5", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
