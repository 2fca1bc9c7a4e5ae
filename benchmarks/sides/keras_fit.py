"""The same network under Keras' own `fit`: python -m benchmarks.sides.keras_fit WORK defaults|generator|bfloat16."""

import sys
import time
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.sides import process, work
from benchmarks.sides.work import Work
from emotion import errors
from emotion.models import registry
from emotion.training import machine
from emotion.training.augment import AugmentSettings

SKIPPED = 5  # batches after which the clock starts: what `fit` does once is not held against it


class Clock(keras.callbacks.Callback):
    """Notes when each batch is over."""

    def __init__(self) -> None:
        """Begin with no batch."""
        super().__init__()
        self.times: list[float] = []

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Note the time."""
        self.times.append(time.perf_counter())


def main(given: str, kind: str) -> None:
    """Train when asked to."""
    process.serve(lambda: prepare(Work.model_validate_json(given), kind))


def prepare(given: Work, kind: str) -> tuple[dict[str, Any], process.Measure]:
    """Compile the network and return what is to be known about it, and the function that trains some steps.

    Args:
        given: What to train: the same optimizer, weight decay and label smoothing as the engine.
        kind: `defaults` and `generator` leave all to Keras: float32, and XLA where it thinks fit. `generator`
            augments by ImageDataGenerator. `bfloat16` is mixed precision without XLA.
    """
    for set_threads in (
        tf.config.threading.set_intra_op_parallelism_threads,
        tf.config.threading.set_inter_op_parallelism_threads,
    ):
        set_threads(given.machine.threads)
    model = network(given, kind)
    size = given.fit.batch_size

    def measure(steps: int) -> dict[str, float]:
        examples, clock = work.noise(size * (SKIPPED + steps)), Clock()
        faces = examples.faces[..., None].astype(np.float32)
        if kind == "generator":
            made = generator(given.augment).flow(faces, examples.targets, batch_size=size)
            model.fit(made, verbose=0, callbacks=[clock])
        else:
            model.fit(faces, examples.targets, batch_size=size, verbose=0, callbacks=[clock])
        return {"seconds": clock.times[-1] - clock.times[SKIPPED - 1]}

    return {"parameters": model.count_params(), "versions": machine.versions()}, measure


def network(given: Work, kind: str) -> keras.Model:
    """Return the stock network, compiled."""
    if kind == "bfloat16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    model = registry.build(given.network, given.build)
    optimizer = keras.optimizers.SGD(
        work.LEARNING_RATE, momentum=0.9, nesterov=True, weight_decay=given.fit.weight_decay or None
    )
    if given.fit.weight_decay:
        optimizer.exclude_from_weight_decay(var_list=[w for w in model.trainable_weights if len(w.shape) < 2])
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=given.fit.label_smoothing)
    model.compile(optimizer, loss, jit_compile=False if kind == "bfloat16" else "auto")
    return model


def generator(settings: AugmentSettings) -> Any:
    """Return Keras' own generator with the same amounts; only TensorFlow still gives it a name."""
    return tf.keras.preprocessing.image.ImageDataGenerator(
        rotation_range=settings.rotation,
        width_shift_range=settings.shift,
        height_shift_range=settings.shift,
        zoom_range=settings.zoom,
        shear_range=settings.shear,
        horizontal_flip=settings.flip,
    )


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
