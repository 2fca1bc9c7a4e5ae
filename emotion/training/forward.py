"""Probabilities of a Keras network for many faces."""

import keras
import numpy as np
import tensorflow as tf


def probabilities(model: keras.Model, faces: np.ndarray, batch_size: int = 256) -> np.ndarray:
    """Return what the network answers for faces uint8 (n, 48, 48): float32 (n, 7), rows that sum to one."""

    # Keras' predict would compile with XLA, which is slower on CPUs.
    @tf.function(input_signature=[tf.TensorSpec([None, *faces.shape[1:], 1], tf.float32)])
    def forward(batch: tf.Tensor) -> tf.Tensor:
        return tf.cast(model(batch, training=False), tf.float32)

    parts = [faces[start : start + batch_size, ..., None] for start in range(0, len(faces), batch_size)]
    return np.concatenate([forward(tf.constant(part, tf.float32)).numpy() for part in parts])
