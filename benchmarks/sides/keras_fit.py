"""The same network under Keras' own `fit`."""

import time
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.sides import process, work
from benchmarks.sides.work import Work
from emotion.training import hardware, registry

SKIPPED = 5  # batches before the clock starts: the start-up cost of `fit` does not count


class Clock(keras.callbacks.Callback):
    """Records when each batch is over."""

    def __init__(self) -> None:
        """Start without batches."""
        super().__init__()
        self.times: list[float] = []

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Record the time."""
        self.times.append(time.perf_counter())


def prepare(received: str, kind: str) -> tuple[dict[str, Any], process.Measure]:
    """Return the size of the network with versions, and the function that trains some steps.

    Args:
        received: The work as JSON: the same optimizer, weight decay and label smoothing as this project's training.
        kind: `defaults` leaves all to Keras: float32, and XLA where Keras chooses it. `bfloat16` is mixed precision
            without XLA.
    """
    task = Work.model_validate_json(received)
    tf.config.threading.set_intra_op_parallelism_threads(task.hardware.threads)
    tf.config.threading.set_inter_op_parallelism_threads(task.hardware.threads)
    model, size = network(task, kind), task.fit.batch_size

    def measure(steps: int) -> dict[str, float]:
        examples, clock = work.noise(size * (SKIPPED + steps)), Clock()
        faces = examples.faces[..., None].astype(np.float32)
        model.fit(faces, examples.targets, batch_size=size, verbose=0, callbacks=[clock])
        return {"seconds": clock.times[-1] - clock.times[SKIPPED - 1]}

    return {"parameters": model.count_params(), "versions": hardware.versions()}, measure


def network(task: Work, kind: str) -> keras.Model:
    """Return the stock network, compiled."""
    if kind == "bfloat16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    model = registry.build(task.network, task.build)
    decay = task.fit.weight_decay or None
    optimizer = keras.optimizers.SGD(work.LEARNING_RATE, momentum=0.9, nesterov=True, weight_decay=decay)
    if decay:
        optimizer.exclude_from_weight_decay(var_list=[w for w in model.trainable_weights if len(w.shape) < 2])
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=task.fit.label_smoothing)
    model.compile(optimizer, loss, jit_compile=False if kind == "bfloat16" else "auto")
    return model
