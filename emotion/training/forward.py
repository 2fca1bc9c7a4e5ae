"""Probabilities of a Keras network for many faces."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

BATCH_SIZE = 256


def predictor(model: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from faces uint8 (n, 48, 48) to probabilities float32 (n, 7), rows that sum to one."""

    # Keras' predict would compile with XLA, which is slower on CPUs.
    @tf.function(input_signature=[tf.TensorSpec([None, *model.input.shape[1:]], tf.float32)])
    def forward(batch: tf.Tensor) -> tf.Tensor:
        return tf.cast(model(batch, training=False), tf.float32)

    def predict(faces: np.ndarray) -> np.ndarray:
        starts = range(0, len(faces), BATCH_SIZE)
        batches = (tf.cast(faces[start : start + BATCH_SIZE, ..., None], tf.float32) for start in starts)
        return np.concatenate([forward(batch).numpy() for batch in batches])

    return predict
