"""Measure which values of section `training` in params.yaml are fastest here: python -m tools.tune_machine.

Nothing is changed: the values decide the last bits of every training, so they are a person's choice, once.
"""

import argparse
import itertools
import statistics
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import tensorflow as tf

from benchmarks.computer import cores, cpu_name
from benchmarks.sides import work
from benchmarks.sides.process import Side
from benchmarks.sides.work import Work
from emotion import errors
from emotion.errors import InputError
from emotion.training.machine import MachineSettings

CLEAR = 1.05  # what is faster by less than this may be chance, and is not worth training everything anew
SAME = "The present values are as good as any that was tried."


@dataclass(frozen=True)
class Trial:
    """What one choice of values gave."""

    settings: MachineSettings
    images_s: float = 0.0
    failure: str = ""


def main(*arguments: str) -> None:
    """Try each choice in a process of its own, print a table and the lines for params.yaml."""
    parser = argparse.ArgumentParser(description="Measure which values of section `training` are fastest here.")
    parser.add_argument("--model", default="cnn")
    parser.add_argument("--seconds", type=float, default=4, help="about how long one of three measurements takes")
    parser.add_argument("--steps", type=int, default=0, help="of one measurement, in place of --seconds")
    options = parser.parse_args(arguments)
    given = work.read(options.model)
    gpus, (physical, logical) = len(tf.config.list_physical_devices("GPU")), cores()
    print(f"{cpu_name()}, {physical} cores ({logical} logical), {gpus} GPUs; model {options.model}, images a second")
    trials = []
    for settings in choices(given.machine, physical, logical, gpu=gpus > 0):
        trials.append(attempt(given.model_copy(update={"machine": settings}), options.seconds, options.steps))
        print(row(trials[-1]), flush=True)
    print(advice(trials, given.machine))


def choices(present: MachineSettings, physical: int, logical: int, *, gpu: bool) -> list[MachineSettings]:
    """Return the values to be tried, the present ones first.

    Args:
        present: What params.yaml says.
        physical: Cores.
        logical: Cores, if those that run two threads count twice.
        gpu: Whether there is one, on which float16 is tried, too.
    """
    precisions = ("float32", "bfloat16", *(["float16"] if gpu else []))
    threads = sorted({1, max(1, physical // 2), physical, logical})
    tried = [
        MachineSettings.model_validate({"precision": precision, "xla": xla, "threads": count})
        for precision, xla, count in itertools.product(precisions, (False, True), threads)
    ]
    return [present, *(settings for settings in tried if settings != present)]


def attempt(given: Work, seconds: float, steps: int) -> Trial:
    """Return the median rate of three measurements, or why there is none."""
    try:
        with closing(Side("it fails", "benchmarks.sides.engine", [given.model_dump_json(), "plain"])) as side:
            side.about()
            side.measure(2)  # compiles
            count = steps or max(2, round(4 * seconds / side.measure(4)["seconds"]))
            taken = statistics.median(side.measure(count)["seconds"] for _ in range(3))
    except InputError as error:
        return Trial(given.machine, failure=str(error))
    return Trial(given.machine, given.fit.batch_size * count / taken)


def row(trial: Trial) -> str:
    """Return a line of the table."""
    settings = trial.settings
    values = f"{settings.precision:9} xla {str(settings.xla).lower():6} {settings.threads:3} threads"
    return f"{values}  {trial.failure or f'{trial.images_s:8.1f}'}"


def advice(trials: Sequence[Trial], present: MachineSettings) -> str:
    """Return which lines to put into params.yaml, and what that means.

    Raises:
        InputError: Nothing could be measured.
    """
    worked = [trial for trial in trials if not trial.failure]
    if not worked:
        raise InputError("none of the values works: the reasons stand above")
    best = max(worked, key=lambda trial: trial.images_s)
    now = next((trial.images_s for trial in worked if trial.settings == present), 0.0)
    if best.images_s < CLEAR * now:
        return SAME
    lines = [f"  {name}: {str(value).lower()}" for name, value in best.settings.model_dump().items()]
    faster = f", which is {best.images_s / now:.2f} times as fast as the present values" if now else ""
    change = "Other values give other last bits: the next `dvc repro` runs every training again, and all that follows."
    return "\n".join([f"In params.yaml, write{faster}:", "training:", *lines, change])


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
