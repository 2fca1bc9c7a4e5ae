"""The rows of the comparison."""

import importlib.util
from contextlib import ExitStack, closing
from dataclasses import dataclass

from benchmarks.sides.process import Side
from benchmarks.sides.work import Work


@dataclass(frozen=True)
class Row:
    """A side of the comparison."""

    label: str
    module: str  # in benchmarks.sides
    kind: tuple[str, ...] = ()  # what the module wants to know besides the work
    aim: str = ""  # for how many times as fast this engine is


ROWS = {
    "engine": Row("this engine", "engine", ("plain",)),
    "engine_augmented": Row("this engine, with augmentation", "engine", ("augmented",)),
    "keras": Row("Keras fit, defaults", "keras_fit", ("defaults",), "at least 3"),
    "keras_generator": Row("Keras fit + ImageDataGenerator", "keras_fit", ("generator",), "at least 3.5"),
    "keras_bfloat16": Row("Keras fit, mixed_bfloat16, jit_compile=False", "keras_fit", ("bfloat16",)),
    "pytorch": Row("PyTorch, {precision}, channels_last", "pytorch", (), "more than 1"),
}


def start(given: Work, stack: ExitStack) -> dict[str, Side]:
    """Start the process of every row by its name; PyTorch's only where it is installed. The stack ends them."""
    sides = {}
    for name, row in ROWS.items():
        if row.module != "pytorch" or importlib.util.find_spec("torch"):
            arguments = [given.model_dump_json(), *row.kind]
            side = Side(row.label.format(**given.machine.model_dump()), f"benchmarks.sides.{row.module}", arguments,
                        path=row.module == "pytorch")  # fmt: skip
            sides[name] = stack.enter_context(closing(side))
    return sides
