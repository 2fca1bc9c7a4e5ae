"""The exponential moving average (EMA) of the weights, with batch-norm recalibration.

Averaged weights lie in flatter optima than those of the last step (Izmailov et al., "Averaging Weights Leads to Wider
Optima and Better Generalization", 2018). But the moving statistics of batch norm belong to the raw weights and are
useless with the averaged ones, so they are recalibrated before each evaluation, as in that paper.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from emotion.training.settings import EmaSettings


class WeightAverage:
    """The EMA of a network's trainable weights, which can replace them for an evaluation."""

    def __init__(self, model: keras.Model, settings: EmaSettings, faces: np.ndarray) -> None:
        """Start from the current weights.

        Args:
            model: The network in training.
            settings: With a decay of 0 there is no average, and the weights stay in place.
            faces: Training faces for the recalibration, uint8 (batches, batch size, 48, 48).
        """
        self.weights = [tf.Variable(weight.numpy()) for weight in model.trainable_weights] if settings.decay else []
        self._model = model
        self._decay = settings.decay
        self._faces = faces
        self._norms = [
            layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
        ]
        needed = self.weights and self._norms
        self._statistics = _statistics_function(model, self._norms, faces.shape[1]) if needed else None

    def update(self, iterations: tf.Tensor) -> None:
        """Move the average towards the weights; runs inside the compiled training step.

        In the first steps the decay is smaller, or the random initial weights would dominate the average for long. The
        formula is that of tf.train.ExponentialMovingAverage.
        """
        if not self.weights:
            return
        done = tf.cast(iterations, tf.float32)
        rate = 1 - tf.minimum(self._decay, (1 + done) / (10 + done))
        for average, weight in zip(self.weights, self._model.trainable_weights, strict=True):
            average.assign_sub((average - weight) * rate)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Swap the averaged weights into the network; afterwards its own are restored to the bit."""
        raw = self._model.get_weights()
        try:
            for weight, average in zip(self._model.trainable_weights, self.weights, strict=False):
                weight.assign(average)
            if self._statistics:
                self._recalibrate(self._statistics)
            yield
        finally:
            self._model.set_weights(raw)

    def _recalibrate(self, statistics: Any) -> None:
        """Set the moving statistics of each batch norm to their mean over the batches."""
        measured = [[value.numpy() for value in statistics(_tensor(faces))] for faces in self._faces]
        means = [np.mean(values, axis=0) for values in zip(*measured, strict=True)]
        for layer, mean, variance in zip(self._norms, means[::2], means[1::2], strict=True):
            layer.moving_mean.assign(mean)
            layer.moving_variance.assign(variance)


def _tensor(faces: np.ndarray) -> tf.Tensor:
    return tf.cast(faces[..., None], tf.float32)


def _statistics_function(model: keras.Model, norms: Sequence[keras.layers.BatchNormalization], batch_size: int) -> Any:
    """Return the compiled function from a batch to the mean and variance that each batch norm sees in it."""

    @tf.function(input_signature=[tf.TensorSpec([batch_size, *model.input.shape[1:]], tf.float32)])
    def statistics(batch: tf.Tensor) -> list[tf.Tensor]:
        model(batch, training=True)
        return [tf.identity(value) for layer in norms for value in (layer.moving_mean, layer.moving_variance)]

    # Tracing reads these attributes: with momentum 0 the moving statistics become those of the batch itself.
    dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    with _attribute(norms, "momentum", 0.0), _attribute(dropouts, "rate", 0.0):
        return statistics.get_concrete_function()


@contextmanager
def _attribute(layers: Sequence[keras.layers.Layer], name: str, value: float) -> Iterator[None]:
    """Set an attribute of layers for the duration of a block."""
    before = [getattr(layer, name) for layer in layers]
    for layer in layers:
        setattr(layer, name, value)
    try:
        yield
    finally:
        for layer, old in zip(layers, before, strict=True):
            setattr(layer, name, old)
