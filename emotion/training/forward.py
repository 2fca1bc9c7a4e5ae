"""Probabilities of a Keras network for many faces."""

from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

BATCH = 256


def compiled(model: keras.Model) -> Callable[[Iterable[Any]], np.ndarray]:
    """Return the function from batches of what the network takes to all its answers: float32 (n, 7), rows sum to one.

    A batch is an array, or a list of arrays where the network has several inputs.
    """

    # Keras' predict would compile with XLA, which is slower on CPUs.
    @tf.function(input_signature=[signature(model, None)])
    def forward(batch: Any) -> tf.Tensor:
        return tf.cast(model(batch, training=False), tf.float32)

    def answers(batches: Iterable[Any]) -> np.ndarray:
        return np.concatenate([forward(tensors(batch)).numpy() for batch in batches])

    return answers


def signature(model: keras.Model, size: int | None) -> Any:
    """Return what a compiled function takes where the network takes so many examples; None: any number."""
    return tf.nest.map_structure(lambda tensor: tf.TensorSpec([size, *tensor.shape[1:]], tf.float32), model.input)


def tensors(batch: Any) -> Any:
    """Return a batch of what a network takes in TensorFlow's hands, float32."""
    return tf.nest.map_structure(lambda array: tf.cast(array, tf.float32), batch)


def of_faces(model: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from faces uint8 (n, 48, 48) to what the network answers: float32 (n, 7), rows sum to one."""
    answer = compiled(model)
    return lambda faces: answer(faces[start : start + BATCH, ..., None] for start in range(0, len(faces), BATCH))


def probabilities(model: keras.Model, faces: np.ndarray) -> np.ndarray:
    """Return what the network answers for faces uint8 (n, 48, 48): float32 (n, 7), rows that sum to one."""
    return of_faces(model)(faces)
