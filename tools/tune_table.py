"""The table of all trials, its picture, and its winner as a DVC experiment."""

import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from emotion.errors import InputError
from emotion.files import atomic, write_csv

TABLE, PICTURE = Path("docs/tuning.csv"), Path("docs/tuning.png")
COLUMNS = ("trial", "state", "epochs", "val_accuracy")
COMPLETE, STOPPED, BEST = "#2171b5", "#999999", "#d95f02"
ACROSS = 3  # panels side by side

Row = dict[str, Any]  # a trial by COLUMNS and by the dotted keys of what it set


def write(rows: Sequence[Row]) -> None:
    """Write docs/tuning.csv and docs/tuning.png."""
    write_csv(TABLE, [{name: _text(value) for name, value in row.items()} for row in rows])
    with atomic(PICTURE) as path:
        figure(rows).savefig(path, metadata={"Software": None})
    print(f"{TABLE}\n{PICTURE}")


def _text(value: Any) -> str:
    if isinstance(value, float):  # never 1e-05, which YAML reads as text
        return f"{Decimal(repr(value)):f}"
    return value if isinstance(value, str) else json.dumps(value)


def read() -> list[Row]:
    """Return the trials of docs/tuning.csv.

    Raises:
        InputError: It is not here.
    """
    if not TABLE.exists():
        raise InputError(f"{TABLE} is not here: run `make tune`, which writes it")
    with TABLE.open(newline="", encoding="utf-8") as file:
        return [{name: _number(value) for name, value in row.items()} for row in csv.DictReader(file)]


def _number(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def winner(rows: Sequence[Row]) -> Row:
    """Return the trial that is best on validation faces of those that went through, the first of equal ones.

    Raises:
        InputError: None went through.
    """
    complete = [row for row in rows if row["state"] == "complete"]
    if not complete:
        raise InputError("no trial went through all epochs: tune.trials must be higher, or tune.pruning.factor lower")
    return max(complete, key=lambda row: row["val_accuracy"])


def settings(row: Row) -> list[str]:
    """Return what a trial set as `dvc exp run` takes it: -S key=value."""
    changes = {key: value for key, value in row.items() if key not in COLUMNS}
    return [part for key, value in changes.items() for part in ("-S", f"{key}={_text(value).replace(' ', '')}")]


def queue(rows: Sequence[Row]) -> None:
    """Put the winner into DVC's queue: the model with its own number of epochs and all faces, up to its scores.

    Raises:
        InputError: DVC refuses; the message is its own.
    """
    row = winner(rows)
    model = next(key for key in row if key not in COLUMNS).split(".")[1]
    name = f"tuned-{model}-{row['trial']}"
    queued = [line for line in _dvc("queue", "status").splitlines() if name in line and "Failed" not in line]
    if not queued:
        # Experiments run in a copy without files that git ignores, such as the archive: what was made of it is enough.
        _dvc("exp", "run", "--queue", "--allow-missing", "--name", name, *settings(row), f"evaluate@{model}")
    print(f"experiment {name} {'was there already' if queued else 'is in the queue'}. What to do with it:")
    print("  .venv/bin/dvc queue start      # trains and scores it")
    print("  .venv/bin/dvc exp show         # compares it with what is here")
    print(f"  .venv/bin/dvc exp apply {name}  # takes its params, metrics and plots over")


def _dvc(*arguments: str) -> str:
    """Run DVC and return what it prints.

    Raises:
        InputError: It fails; the message is its own.
    """
    done = subprocess.run([sys.executable, "-m", "dvc", *arguments], capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip() or "it failed").splitlines()[-1].removeprefix("ERROR: ")
        raise InputError(f"dvc {' '.join(arguments[:2])}: {said}")
    return done.stdout


def figure(rows: Sequence[Row]) -> Figure:
    """Draw the validation accuracy of all trials in their order, and against each value that they set."""
    keys = ["trial", *(key for key in rows[0] if key not in COLUMNS)]
    lines = -(-len(keys) // ACROSS)
    drawing = Figure(figsize=(10, 0.6 + 3 * lines), dpi=150, layout="constrained")
    panels = list(drawing.subplots(lines, ACROSS, squeeze=False, sharey=True).flat)
    for axes, key in zip(panels, keys, strict=False):
        _panel(axes, rows, key)
    for axes in panels[len(keys) :]:
        axes.set_visible(False)
    for line in range(lines):
        drawing.axes[line * ACROSS].set_ylabel("validation accuracy in %")
    drawing.legend(*drawing.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return drawing


def _panel(axes: Axes, rows: Sequence[Row], key: str) -> None:
    """Draw one panel: dots of trials that went through, circles of those that stopped early."""
    names = sorted({_text(row[key]) for row in rows}) if any(isinstance(row[key], str | list) for row in rows) else []
    best = max((row for row in rows if row["state"] == "complete"), key=lambda row: row["val_accuracy"], default=None)

    def draw(chosen: Sequence[Row], **style: Any) -> None:
        places = [names.index(_text(row[key])) if names else row[key] for row in chosen]
        axes.plot(places, [100 * row["val_accuracy"] for row in chosen], "o", **style)

    complete = [row for row in rows if row["state"] == "complete" and row is not best]
    draw([row for row in rows if row["state"] != "complete"], color=STOPPED, fillstyle="none", label="stopped early")
    draw(complete, color=COMPLETE, label="all epochs")
    draw([best] if best else [], color=BEST, label="best")
    axes.set_xlabel(key.split(".", 2)[-1])
    if names:
        axes.set_xticks(range(len(names)), names)
        axes.margins(x=0.2)
    elif _spread(rows, key) > 8:
        axes.set_xscale("log")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=all(type(row[key]) is int for row in rows)))
    axes.grid(axis="y", color="#e5e5e5", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _spread(rows: Sequence[Row], key: str) -> float:
    """Return how many times the largest value is the smallest; 0 where a logarithm makes no sense."""
    numbers = [row[key] for row in rows]
    return max(numbers) / min(numbers) if key != "trial" and min(numbers) > 0 else 0
