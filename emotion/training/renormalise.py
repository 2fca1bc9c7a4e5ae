"""Batch norm of a pretrained network, set to the statistics of the faces without a change of what it computes.

In training, batch norm normalises by the statistics of the batch. Where a network's own statistics are those of other
pictures, or none because its batch norm was folded into the convolutions, the first step would undo the pretraining.
"""

import keras
import numpy as np
import tensorflow as tf

BATCH_SIZE = 128


def renormalise(model: keras.Model, faces: np.ndarray) -> None:
    """Give each batch norm the mean and variance of its inputs, and the scale and offset that make up for it.

    Args:
        model: Changed in place; its outputs at inference stay the same.
        faces: uint8 (n, 48, 48); an incomplete last batch is not used.
    """
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable]
    moments = _mean_moments(keras.Model(model.input, [layer.input for layer in norms]), faces) if norms else []
    for layer, (mean, square) in zip(norms, moments, strict=True):
        variance = square - mean**2
        gamma, beta, old_mean, old_variance = layer.get_weights()
        slope = gamma / np.sqrt(old_variance + layer.epsilon)
        new_gamma = slope * np.sqrt(variance + layer.epsilon)
        layer.set_weights([new_gamma, beta + slope * (mean - old_mean), mean, variance])


def _mean_moments(model: keras.Model, faces: np.ndarray) -> list[np.ndarray]:
    """Return the mean and the mean square of each channel of each output of a model, float64 (2, channels)."""

    @tf.function
    def moments(batch: tf.Tensor) -> list[tf.Tensor]:
        outputs = keras.tree.flatten(model(tf.cast(batch[..., None], tf.float32), training=False))
        axes = [list(range(len(output.shape) - 1)) for output in outputs]
        pairs = zip(outputs, axes, strict=True)
        return [tf.stack([tf.reduce_mean(x, axis), tf.reduce_mean(tf.square(x), axis)]) for x, axis in pairs]

    size = min(BATCH_SIZE, len(faces))
    starts = range(0, len(faces) - size + 1, size)
    batches = [[one.numpy() for one in moments(faces[start : start + size])] for start in starts]
    return [np.stack(values).mean(axis=0, dtype=np.float64) for values in zip(*batches, strict=True)]
