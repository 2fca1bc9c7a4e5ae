"""Measure throughput and memory of training beside Keras' `fit` and PyTorch: python -m benchmarks.training_speed.

Every side trains the network of `models.cnn` with the same batch size, optimizer and number of threads, in a process
of its own that sleeps while another is measured. The sides take turns, so that a drift over time affects all alike, and
a ratio compares two measurements of one round. PyTorch is in no lock: install it into the environment, or into a folder
that PYTHONPATH names.
"""

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from typing import Any

from benchmarks import results
from benchmarks.sides import work
from benchmarks.sides.process import Measured, Side, take_turns
from benchmarks.sides.work import Work
from emotion.core import errors

OURS = "this project"
ROWS: dict[str, tuple[str, ...]] = {  # the modules in benchmarks.sides, and their arguments after the work
    OURS: ("engine", "plain"),
    "this project, with augmentation": ("engine", "augmented"),
    "Keras fit, defaults": ("keras_fit", "defaults"),
    "Keras fit, mixed_bfloat16, jit_compile=False": ("keras_fit", "bfloat16"),
    "PyTorch, {precision}, channels_last": ("pytorch",),
}
COLUMNS = ("name", "images_s", "images_s_range", "ratio", "peak_mib")


def main(*arguments: str) -> None:
    """Measure all sides in turn, print a table and write the numbers to benchmarks/results.json."""
    options = parse(arguments)
    task = work.read()
    with ExitStack() as stack:
        sides = start(task, stack)
        about = {name: side.about() for name, side in sides.items()}
        require_one_size({name: known["parameters"] for name, known in about.items()})
        measured = take_turns(sides, rounds=options.rounds, seconds=options.seconds, steps=options.steps)
    summary = {
        "cpu": results.cpu_name(),
        **task.hardware.model_dump(),
        "batch_size": task.fit.batch_size,
        "widths": task.build["widths"],
        "parameters": about[OURS]["parameters"],
        "versions": {key: value for known in about.values() for key, value in known["versions"].items()},
        **summarise(measured, task),
    }
    results.keep("training_speed", summary)
    print(table(summary))


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Measure the throughput of training beside Keras' fit and PyTorch.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=6, help="about how long one measurement takes")
    parser.add_argument("--steps", type=int, default=0, help="of one measurement, in place of --seconds")
    return parser.parse_args(arguments)


def start(task: Work, stack: ExitStack) -> dict[str, Side]:
    """Start the process of every row; PyTorch's only where it is installed. The stack ends them."""
    sides = {}
    for label, (module, *kind) in ROWS.items():
        pytorch = module == "pytorch"
        if pytorch and not importlib.util.find_spec("torch"):
            print("PyTorch is not installed, so its row is missing.")
            continue
        name = label.format(precision=task.hardware.precision)
        side = Side(name, f"benchmarks.sides.{module}", [task.model_dump_json(), *kind], path=pytorch)
        sides[name] = stack.enter_context(closing(side))
    return sides


def require_one_size(parameters: dict[str, int]) -> None:
    """Raise ValueError if the sides train networks of different sizes."""
    if len(set(parameters.values())) != 1:
        raise ValueError(f"the sides train different networks: {parameters}")


def summarise(measured: Measured, task: Work) -> dict[str, Any]:
    """Return the throughput of each side and this project's speed-up over it."""
    size = task.fit.batch_size
    rates = {name: [size * one["steps"] / one["seconds"] for one in rounds] for name, rounds in measured.items()}
    rows: dict[str, Any] = {}
    for name, values in rates.items():
        rows[name] = {
            **results.median_and_range("images_s", values, 1),
            "steps": measured[name][0]["steps"],
            "ratio": results.median_ratio(rates[OURS], values),
            "peak_mib": max(one["peak_mib"] for one in measured[name]),
        }
    return {"rounds": len(measured[OURS]), "rows": rows}


def table(summary: dict[str, Any]) -> str:
    """Return the numbers as text."""
    widths = "-".join(map(str, summary["widths"]))
    recipe = f"widths {widths}, batch size {summary['batch_size']}, {summary['precision']}"
    title = f"training throughput of cnn ({recipe}); {summary['cpu']}, {summary['threads']} threads"
    rounds = f"Medians of {summary['rounds']} rounds, ratios within a round."
    return "\n".join([results.table(title, COLUMNS, summary["rows"]), rounds])


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
