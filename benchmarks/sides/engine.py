"""This engine, step by step as `engine.fit` does it: python -m benchmarks.sides.engine WORK plain|augmented."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.sides import process, work
from benchmarks.sides.work import Work
from emotion import errors
from emotion.models import registry
from emotion.training import fast_layers, machine, step
from emotion.training.augment import AugmentSettings, augment
from emotion.training.batches import Examples, batches

PLAIN = AugmentSettings(
    rotation=0,
    shift=0,
    zoom=0,
    shear=0,
    flip=False,
    brightness=0,
    erase=0,
    erase_area=0.2,
    mixup=0,
    plain_epochs=0,
    sizes=[48],
)
BATCHES = 20  # augmented for the time of one


def main(given: str, kind: str) -> None:
    """Train when asked to."""
    what = Work.model_validate_json(given)
    process.serve(lambda: prepare(what, what.augment if kind == "augmented" else PLAIN))


@dataclass(frozen=True)
class Learner:
    """A network that learns, as `engine.fit` makes it."""

    stock: keras.Model
    fast: keras.Model
    optimizer: Any
    learn: step.Step


def learner(given: Work, average: float = 0.0) -> Learner:
    """Return the network and its step.

    Args:
        given: What to train.
        average: How much of the running average of the weights stays in one step; 0: there is none.
    """
    stock = registry.build(given.network, given.build)
    fast = fast_layers.twin(stock, given.machine.precision, given.machine.xla)
    optimizer = step.optimizer(given.fit, fast, given.machine.precision)
    averages = [tf.Variable(weight.numpy()) for weight in fast.trainable_weights] if average else []
    return Learner(stock, fast, optimizer, step.compiled(fast, optimizer, averages, average, given.machine.xla))


def prepare(given: Work, augmentation: AugmentSettings) -> tuple[dict[str, Any], process.Measure]:
    """Return what is to be known about the network, and the function that trains some steps.

    The running average of the weights is left out, because no other side has it.
    """
    machine.prepare(given.machine, seed=1)
    made, size = learner(given), given.fit.batch_size
    examples = work.noise(max(work.FACES, size))
    stream = endless(examples, size, augmentation)

    def measure(steps: int) -> dict[str, float]:
        start = time.perf_counter()
        for _ in range(steps):
            made.optimizer.learning_rate = work.LEARNING_RATE
            made.learn(*next(stream)).numpy()
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "batch_cpu_s": batch_seconds(examples, size, augmentation)}

    return {"parameters": made.stock.count_params(), "versions": machine.versions()}, measure


def endless(examples: Examples, size: int, settings: AugmentSettings) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the batches of one epoch after the other."""
    for epoch in count():
        yield from batches(examples, size, settings, (1, epoch))


def batch_seconds(examples: Examples, size: int, settings: AugmentSettings) -> float:
    """Return the CPU time that it takes one core to make a batch."""
    rng, start = np.random.default_rng(1), time.thread_time()
    for _ in range(BATCHES):
        chosen = rng.integers(0, len(examples.faces), size)
        augment(examples.faces[chosen], examples.targets[chosen], settings, rng)
    return (time.thread_time() - start) / BATCHES


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
