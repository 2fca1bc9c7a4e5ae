"""Which parts of a face an answer rests on.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", 2017: the channels
of a late layer, each weighted by how much the score of the answer grows with it.
"""

import cv2
import keras
import numpy as np
import tensorflow as tf


def heatmaps(model: keras.Model, faces: np.ndarray, emotions: np.ndarray, smallest: int = 5) -> np.ndarray:
    """Return for each face how much each place speaks for an emotion, float32 (n, side, side), 0 to 1 at the strongest.

    A face of which nothing speaks for the emotion has zeros everywhere.

    Args:
        model: Its last layer is dense, with a softmax.
        faces: Gray values, uint8 (n, side, side).
        emotions: Positions in EMOTIONS of what is asked for, (n,).
        smallest: Side in pixels of the pictures that the layer returns; the last layer with as many is looked at, since
            one with fewer tells too little about places.

    Raises:
        ValueError: The network has no such layer.
    """
    last = model.layers[-1]
    seen = keras.Model(model.input, [_layer(model, smallest).output, last.input])
    inputs = tf.constant(faces[..., None], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        maps, features = seen(inputs, training=False)
        # The scores before the softmax: behind it, a sure answer has no gradient left.
        scores = features @ last.kernel + last.bias
        score = tf.reduce_sum(tf.gather(scores, emotions, batch_dims=1))
    weights = tf.reduce_mean(tape.gradient(score, maps), axis=(1, 2), keepdims=True)
    strength = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1)).numpy()
    strength /= np.maximum(strength.max(axis=(1, 2), keepdims=True), np.finfo(np.float32).tiny)
    side = faces.shape[1]
    return np.stack([cv2.resize(one, (side, side), interpolation=cv2.INTER_LINEAR) for one in strength])


def _layer(model: keras.Model, smallest: int) -> keras.layers.Layer:
    """Return the last layer that returns pictures of so many pixels a side."""
    for layer in reversed(model.layers):
        shape = layer.output.shape
        if len(shape) == 4 and min(shape[1:3]) >= smallest and not isinstance(layer, keras.layers.InputLayer):
            return layer
    raise ValueError(f"{model.name} has no layer that returns pictures of {smallest} pixels a side or more")
