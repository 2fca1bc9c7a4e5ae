"""Measure which values of section `hardware` in params.yaml are fastest here: python -m benchmarks.hardware.

It changes nothing: the values decide the last bits of every training, so a person chooses them, once.
"""

import argparse
import itertools
import statistics
import sys
from contextlib import closing
from typing import Any

import tensorflow as tf
from tqdm import tqdm

from benchmarks import results
from benchmarks.sides import work
from benchmarks.sides.process import Side, take_turns
from benchmarks.sides.work import Work
from emotion.core import errors
from emotion.core.errors import InputError
from emotion.training.settings import HardwareSettings

COLUMNS = ("precision", "xla", "threads", "images_s", "failure")
ADVICE = """params.yaml has {present}. Less than 5 % may be noise, and is not worth training everything again:
other values give other last bits, so the next `dvc repro` runs every training and what follows."""


def main(*arguments: str) -> None:
    """Try each combination in a process of its own and print a table, the fastest first."""
    parser = argparse.ArgumentParser(description="Measure which values of section `hardware` are fastest here.")
    parser.add_argument("--model", default="cnn")
    parser.add_argument("--seconds", type=float, default=4, help="about how long one of three measurements takes")
    options = parser.parse_args(arguments)
    task = work.read(options.model)
    gpus = len(tf.config.list_physical_devices("GPU"))
    physical, logical = results.cores()
    tried = choices(task.hardware, physical, logical, gpu=gpus > 0)
    rows = [attempt(task.model_copy(update={"hardware": one}), options.seconds) for one in tqdm(tried, leave=False)]
    rows.sort(key=lambda row: row["images_s"], reverse=True)
    title = f"{results.cpu_name()}, {physical} cores ({logical} logical), {gpus} GPUs; model {options.model}"
    print(results.table(title, COLUMNS, rows))
    print(ADVICE.format(present=", ".join(f"{key} {value}" for key, value in _told(task.hardware).items())))


def choices(present: HardwareSettings, physical: int, logical: int, *, gpu: bool) -> list[HardwareSettings]:
    """Return the values to try, the present ones first.

    Args:
        present: The values in params.yaml.
        physical: Number of cores.
        logical: Number of cores, where one that runs two threads counts twice.
        gpu: Whether there is a GPU, on which float16 is tried, too.
    """
    precisions = ("float32", "bfloat16", *(["float16"] if gpu else []))
    threads = sorted({1, max(1, physical // 2), physical, logical})
    tried = [
        HardwareSettings.model_validate({"precision": precision, "xla": xla, "threads": count})
        for precision, xla, count in itertools.product(precisions, (False, True), threads)
    ]
    return [present, *(settings for settings in tried if settings != present)]


def attempt(task: Work, seconds: float) -> dict[str, Any]:
    """Return a row of the table: the median throughput of three measurements, or why there is none."""
    row = _told(task.hardware) | {"images_s": 0.0, "failure": ""}
    try:
        with closing(Side("it fails", "benchmarks.sides.engine", [task.model_dump_json(), "plain"])) as side:
            side.about()
            (measured,) = take_turns({"engine": side}, rounds=3, seconds=seconds, steps=0).values()
    except InputError as error:
        return row | {"failure": str(error)}
    rates = [task.fit.batch_size * one["steps"] / one["seconds"] for one in measured]
    return row | {"images_s": round(statistics.median(rates), 1)}


def _told(settings: HardwareSettings) -> dict[str, str]:
    """Return the values as params.yaml writes them."""
    return {key: str(value).lower() for key, value in settings.model_dump().items()}


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
