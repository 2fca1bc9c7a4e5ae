"""Measure how fast this engine trains beside Keras' `fit` and PyTorch: python -m benchmarks.training_speed.

Every side trains the network of `models.cnn` with the same batch, optimizer and number of threads, in a process of its
own that sleeps while another is measured. The sides take turns, so that what drifts with time hits all of them, and
each is compared with this engine within the same round. The row of PyTorch needs PyTorch, which no lock holds:
install it into the environment, or into a folder of its own that PYTHONPATH names.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from benchmarks import results
from benchmarks.computer import cpu_name
from benchmarks.sides import rows, work
from benchmarks.sides.turns import measure
from benchmarks.training_table import summarise, table
from emotion import errors


def main(*arguments: str) -> None:
    """Measure all sides in alternation, print a table and keep the numbers in benchmarks/results.json."""
    options = parse(arguments)
    given = work.read(widths=options.widths)
    with ExitStack() as stack:
        sides = rows.start(given, stack)
        about = {name: side.about() for name, side in sides.items()}
        require_one_size({name: known["parameters"] for name, known in about.items()})
        measured = measure(sides, options.rounds, options.seconds, options.steps)
    summary: dict[str, Any] = {"cpu": cpu_name(), **given.machine.model_dump()}
    summary |= {"batch_size": given.fit.batch_size, "widths": given.build["widths"]}
    summary |= {"parameters": about["engine"]["parameters"]}
    summary |= {"versions": {key: value for known in about.values() for key, value in known["versions"].items()}}
    summary |= summarise(measured, given)
    # Numbers of other widths than those of the params are kept beside these.
    results.keep("_".join(["training_speed", *map(str, options.widths)]), summary)
    print(table(summary))


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Measure how fast this engine trains beside Keras' fit and PyTorch.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=6, help="about how long one measurement takes")
    parser.add_argument("--steps", type=int, default=0, help="of one measurement, in place of --seconds")
    parser.add_argument("--widths", type=lambda text: [int(width) for width in text.split(",")], default=[],
                        help="such as 64,128,256, in place of the network's own")  # fmt: skip
    return parser.parse_args(arguments)


def require_one_size(parameters: dict[str, int]) -> None:
    """Raise ValueError if the sides do not train networks of one size."""
    if len(set(parameters.values())) != 1:
        raise ValueError(f"the sides train different networks: {parameters}")


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
