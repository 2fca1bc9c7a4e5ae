"""Measure which values of section `hardware` in params.yaml are fastest here: python -m benchmarks.hardware.

It changes nothing: the values decide the last bits of every training, so a person chooses them, once.
"""

import argparse
import itertools
import statistics
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import tensorflow as tf

from benchmarks import results
from benchmarks.sides import work
from benchmarks.sides.process import Side
from benchmarks.sides.work import Work
from emotion.core import errors
from emotion.core.errors import InputError
from emotion.training.settings import HardwareSettings

MIN_SPEEDUP = 1.05  # less may be noise, and is not worth training everything again
SAME = "The present values are as fast as any that was tried."


@dataclass(frozen=True)
class Trial:
    """The throughput of one combination of values, or why there is none."""

    settings: HardwareSettings
    images_s: float = 0.0
    failure: str = ""


def main(*arguments: str) -> None:
    """Try each combination in a process of its own, print a table and the lines for params.yaml."""
    parser = argparse.ArgumentParser(description="Measure which values of section `hardware` are fastest here.")
    parser.add_argument("--model", default="cnn")
    parser.add_argument("--seconds", type=float, default=4, help="about how long one of three measurements takes")
    parser.add_argument("--steps", type=int, default=0, help="of one measurement, in place of --seconds")
    options = parser.parse_args(arguments)
    task = work.read(options.model)
    gpus = len(tf.config.list_physical_devices("GPU"))
    physical, logical = results.cores()
    print(f"{results.cpu_name()}, {physical} cores ({logical} logical), {gpus} GPUs; model {options.model}, images/s")
    trials = []
    for settings in choices(task.hardware, physical, logical, gpu=gpus > 0):
        trials.append(attempt(task.model_copy(update={"hardware": settings}), options.seconds, options.steps))
        print(row(trials[-1]), flush=True)
    print(advice(trials, task.hardware))


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


def attempt(task: Work, seconds: float, steps: int) -> Trial:
    """Return the median throughput of three measurements, or why there is none."""
    try:
        with closing(Side("it fails", "benchmarks.sides.engine", [task.model_dump_json(), "plain"])) as side:
            side.about()
            side.measure(2)  # compiles
            count = steps or max(2, round(4 * seconds / side.measure(4)["seconds"]))
            taken = statistics.median(side.measure(count)["seconds"] for _ in range(3))
    except InputError as error:
        return Trial(task.hardware, failure=str(error))
    return Trial(task.hardware, task.fit.batch_size * count / taken)


def row(trial: Trial) -> str:
    """Return a line of the table."""
    settings = trial.settings
    values = f"{settings.precision:9} xla {str(settings.xla).lower():6} {settings.threads:3} threads"
    return f"{values}  {trial.failure or f'{trial.images_s:8.1f}'}"


def advice(trials: Sequence[Trial], present: HardwareSettings) -> str:
    """Return which lines to put into params.yaml, and what they gain.

    Raises:
        InputError: Nothing could be measured.
    """
    worked = [trial for trial in trials if not trial.failure]
    if not worked:
        raise InputError("none of the values works: see the reasons above")
    best = max(worked, key=lambda trial: trial.images_s)
    now = next((trial.images_s for trial in worked if trial.settings == present), 0.0)
    if best.images_s < MIN_SPEEDUP * now:
        return SAME
    lines = [f"  {name}: {str(value).lower()}" for name, value in best.settings.model_dump().items()]
    faster = f", which is {best.images_s / now:.2f} times as fast as the present values" if now else ""
    change = "Other values give other last bits: the next `dvc repro` runs every training and what follows again."
    return "\n".join([f"In params.yaml, write{faster}:", "hardware:", *lines, change])


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
