"""Probabilities of a Keras network for many faces."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

BATCH = 256


def compiled(model: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from faces uint8 (n, 48, 48) to what the network answers: float32 (n, 7), rows sum to one."""

    # Keras' predict would compile with XLA, which is slower on CPUs.
    @tf.function(input_signature=[tf.TensorSpec(model.input_shape, tf.float32)])
    def forward(batch: tf.Tensor) -> tf.Tensor:
        return tf.cast(model(batch, training=False), tf.float32)

    def answers(faces: np.ndarray) -> np.ndarray:
        parts = [faces[start : start + BATCH, ..., None] for start in range(0, len(faces), BATCH)]
        return np.concatenate([forward(tf.constant(part, tf.float32)).numpy() for part in parts])

    return answers


def probabilities(model: keras.Model, faces: np.ndarray) -> np.ndarray:
    """Return what the network answers for faces uint8 (n, 48, 48): float32 (n, 7), rows that sum to one."""
    return compiled(model)(faces)
