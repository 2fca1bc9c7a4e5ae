"""Measure what running frozen layers once saves: python -m benchmarks.frozen_features (4 minutes).

VGG16 is frozen, with random weights made here, since no speed depends on them. An epoch is that of FER-2013, validation
included. Where frozen layers run, it is measured on fewer faces and multiplied.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from benchmarks import results
from benchmarks.computer import cpu_name
from benchmarks.sides import work
from benchmarks.sides.work import Work
from emotion import errors
from emotion.models import registry
from emotion.training import batches, fast_layers, feature_file, features, forward, machine, step
from emotion.training.batches import Examples
from emotion.training.features import Activations

VALIDATION = 3589  # as FER-2013's validation faces


def main(*arguments: str) -> None:
    """Measure each size, print a table and keep the numbers in benchmarks/results.json."""
    parser = argparse.ArgumentParser(description="Measure what running frozen layers once saves.")
    parser.add_argument("--sizes", type=lambda text: [int(size) for size in text.split(",")], default=[96, 224])
    parser.add_argument("--batches", type=int, default=4, help="with frozen layers, of one measurement")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    given = read()
    machine.prepare(given.machine, seed=1)
    sizes = {str(size): measure(given, size, options.batches, options.rounds) for size in options.sizes}
    summary = {"network": "vgg16", "cpu": cpu_name(), **given.machine.model_dump(), "versions": machine.versions()}
    summary |= {"batch_size": given.fit.batch_size, "sizes": sizes}
    results.keep("frozen_features", summary)
    print(table(summary))


def read() -> Work:
    """Return what params.yaml says of vgg16, without what needs fresh faces in every epoch."""
    given = work.read("vgg16", "vgg16")
    fixed = given.augment.model_copy(update={"mixup": 0.0, "plain_epochs": 0, "sizes": [48]})
    return given.model_copy(update={"augment": fixed})


def measure(given: Work, size: int, parts: int, rounds: int) -> dict[str, Any]:
    """Return the seconds of an epoch with and without the file, and of making it.

    Args:
        given: Batch, augmentation and machine.
        size: Input of the network in pixels.
        parts: Batches of one measurement, where frozen layers run.
        rounds: The median of so many epochs counts.
    """
    count = parts * given.fit.batch_size
    few, validation = work.noise(count), work.noise(max(1, count * VALIDATION // work.FACES))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = frozen(given, size, folder)

        def made(times: int) -> tuple[float, Any]:
            examples, start = work.noise(times * count), time.perf_counter()
            done = features.run_once(model, examples, validation, 1, given.augment, given.machine, times, folder)
            return time.perf_counter() - start, done

        (one, (head, train, _)), (three, _) = made(1), made(3)  # the difference has no compilation in it
        slow = seconds(epoch(model, few, validation, given), rounds) * work.FACES / count
        fast = seconds(epoch(head, *repeated(train, folder / "whole"), given), rounds)
    return {
        "without_s": round(slow, 1),
        "making_a_copy_s": round((three - one) / 2 * work.FACES / count, 1),
        "with_s": round(fast, 3),
        "ratio": round(slow / fast, 1),
        "bytes_of_a_face": train.rows.shape[1] * feature_file.BFLOAT16.itemsize,
    }


def frozen(given: Work, size: int, folder: Path) -> keras.Model:
    """Return VGG16 with all its layers frozen, below a head that learns."""
    weights = folder / "vgg16.weights.h5"
    keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3)).save_weights(weights)
    own = {"weights": str(weights), "weights_sha256": "", "input_size": size, "trainable": 0, "batch_norm": False}
    return registry.build("vgg16", given.build | own)


def epoch(model: keras.Model, train: Examples, validation: Examples, given: Work) -> Callable[[int], None]:
    """Return the function that runs an epoch of a number as `engine.fit` does, validation too."""
    fast = fast_layers.twin(model, given.machine.precision, given.machine.xla)
    optimizer = step.optimizer(given.fit, fast, given.machine.precision)
    learn, answer = step.compiled(fast, optimizer, [], 0.0, given.machine.xla), forward.compiled(fast)

    def run(number: int) -> None:
        for inputs, targets in batches.batches(train, given.fit.batch_size, given.augment, (1, number)):
            optimizer.learning_rate = work.LEARNING_RATE
            learn(inputs, targets).numpy()
        answer(validation.parts(forward.BATCH))

    return run


def seconds(run: Callable[[int], None], rounds: int) -> float:
    """Return what an epoch takes, after one that compiles."""
    clock = [time.perf_counter()]
    for number in range(rounds + 1):
        run(number)
        clock.append(time.perf_counter())
    return statistics.median(np.diff(clock)[1:])


def repeated(few: Activations, path: Path) -> list[Activations]:
    """Return as many examples for training and validation as FER-2013 has, whose activations repeat those of a few."""
    shape = (work.FACES + VALIDATION, few.rows.shape[1])
    rows = feature_file.rows(path, shape, [lambda: np.resize(few.rows, shape)])
    noise, parts = work.noise(len(rows)), (slice(work.FACES), slice(work.FACES, None))
    return [Activations(noise.faces[part], noise.targets[part], rows[part], few.shapes) for part in parts]


def table(summary: dict[str, Any]) -> str:
    """Return the numbers as Markdown."""
    lines = ["| pixels | an epoch without the file | with it | ratio | making it, for each copy | bytes a face |"]
    lines += ["| --- |" + " ---: |" * 5]
    for size, one in summary["sizes"].items():
        epochs = f"{one['without_s']:,.0f} s | {one['with_s']:.2f} s | {one['ratio']:,.0f}"
        lines.append(f"| {size} | {epochs} | {one['making_a_copy_s']:,.0f} s | {one['bytes_of_a_face']:,} |")
    return "\n".join(lines)


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
