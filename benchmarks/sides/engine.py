"""This project's training, step by step as in `loop.fit`."""

import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np

from benchmarks.sides import process, work
from emotion.training import fast_layers, hardware, loop, optimizer, registry
from emotion.training.augmentation import AugmentationSettings
from emotion.training.batches import Examples, batches
from emotion.training.ema import WeightAverage
from emotion.training.settings import EmaSettings

PLAIN = AugmentationSettings(
    rotation=0,
    shift=0,
    zoom=0,
    shear=0,
    horizontal_flip=False,
    brightness=0,
    camera=0,
    random_erasing=0,
    random_erasing_max_area=0.2,
    mixup_alpha=0,
    mixup_off_epochs=0,
    progressive_sizes=[48],
)
NO_EMA = EmaSettings(decay=0, recalibration_batches=1)  # no other side has one


def prepare(received: str, kind: str) -> tuple[dict[str, Any], process.Measure]:
    """Return the size of the network with versions, and the function that trains some steps.

    Args:
        received: The work as JSON.
        kind: `plain` or `augmented`.
    """
    task = work.Work.model_validate_json(received)
    augmentation = task.augmentation if kind == "augmented" else PLAIN
    hardware.prepare(task.hardware, seed=1)
    stock = registry.build(task.network, task.build)
    fast = fast_layers.twin(stock, task.hardware.precision, task.hardware.xla)
    optim = optimizer.build(task.fit, fast, task.hardware.precision)
    ema = WeightAverage(fast, NO_EMA, np.empty((1, 1, 48, 48), np.uint8))
    train_step = loop.compile_step(fast, optim, ema, xla=task.hardware.xla)
    size = task.fit.batch_size
    stream = endless(work.noise(max(work.FACES, size)), size, augmentation)

    def measure(steps: int) -> dict[str, float]:
        start = time.perf_counter()
        for _ in range(steps):
            optim.learning_rate = work.LEARNING_RATE
            train_step(*next(stream)).numpy()
        return {"seconds": time.perf_counter() - start}

    return {"parameters": stock.count_params(), "versions": hardware.versions()}, measure


def endless(examples: Examples, size: int, settings: AugmentationSettings) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the batches of one epoch after the other."""
    for epoch in count():
        yield from batches(examples, size, settings, (1, epoch))
