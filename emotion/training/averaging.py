"""The averaged network: its weights are a running mean, its normalisation is measured anew.

An average of weights is flatter and less noisy than the last step's weights (Izmailov et al., "Averaging Weights Leads
to Wider Optima", 2018), but the moving statistics of batch normalisation belong to the raw weights: with these the
average is worth nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from pydantic import Field

from emotion.params import Section
from emotion.training.batches import Examples
from emotion.training.forward import signature, tensors


class AverageSettings(Section):
    """`average` of a model."""

    decay: float = Field(ge=0, lt=1)  # how much of the mean stays in one step; 0 switches it off
    batches: int = Field(ge=1)  # of training faces by which batch normalisation is measured anew


class Average:
    """A running mean of a network's weights, which can take their place for a while."""

    def __init__(self, model: keras.Model, settings: AverageSettings, examples: Examples, batches: np.ndarray) -> None:
        """Begin with the present weights.

        Args:
            model: The network that learns.
            settings: Without decay nothing is averaged, and nothing takes the weights' place.
            examples: What it learns from.
            batches: By which of them normalisation is measured anew: rows (number of batches, batch size).
        """
        self.weights = [tf.Variable(weight.numpy()) for weight in model.trainable_weights] if settings.decay else []
        self._model = model
        self._examples, self._batches = examples, batches
        self._norms = [
            layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
        ]
        self._forward = _statistics(model, self._norms, batches.shape[1]) if self.weights and self._norms else None

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the network be its average; afterwards it has its own weights and statistics again, to the bit."""
        raw = self._model.get_weights()
        try:
            for weight, average in zip(self._model.trainable_weights, self.weights, strict=False):
                weight.assign(average)
            if self._forward:
                self._measure(self._forward)
            yield
        finally:
            self._model.set_weights(raw)

    def _measure(self, forward: Any) -> None:
        """Set the statistics of each batch normalisation to their mean over the batches."""
        seen = [[v.numpy() for v in forward(tensors(self._examples.inputs(rows)))] for rows in self._batches]
        for layer, mean, variance in zip(self._norms, *_columns(seen), strict=True):
            layer.moving_mean.assign(mean)
            layer.moving_variance.assign(variance)


def _columns(seen: list[list[np.ndarray]]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the means over batches of all moving means, then of all moving variances."""
    columns = [np.mean(values, axis=0) for values in zip(*seen, strict=True)]
    return columns[::2], columns[1::2]


def _statistics(model: keras.Model, norms: Sequence[keras.layers.BatchNormalization], batch_size: int) -> Any:
    """Return the compiled function from a batch to the mean and variance that each normalisation sees."""

    @tf.function(input_signature=[signature(model, batch_size)])
    def forward(batch: Any) -> list[tf.Tensor]:
        model(batch, training=True)
        return [tf.identity(value) for layer in norms for value in (layer.moving_mean, layer.moving_variance)]

    # Read while the function is traced: moving statistics become those of the last batch, and nothing is dropped.
    dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    with _set(norms, "momentum", 0.0), _set(dropouts, "rate", 0.0):
        return forward.get_concrete_function()


@contextmanager
def _set(layers: Sequence[keras.layers.Layer], attribute: str, value: float) -> Iterator[None]:
    """Give an attribute of layers another value for a while."""
    before = [getattr(layer, attribute) for layer in layers]
    for layer in layers:
        setattr(layer, attribute, value)
    try:
        yield
    finally:
        for layer, old in zip(layers, before, strict=True):
            setattr(layer, attribute, old)
