"""Grad-CAM: the regions of a face on which a prediction rests.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", 2017: the feature
maps of a late layer, each weighted by the mean gradient of the emotion's logit.
"""

from collections.abc import Sequence

import cv2
import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

MIN_SIDE = 5  # pixels of a feature map; smaller ones localise too coarsely


def heatmaps(model: keras.Model, faces: np.ndarray, emotions: np.ndarray, min_side: int = MIN_SIDE) -> np.ndarray:
    """Return how much each pixel of a face supports an emotion, float32 (n, side, side), with a maximum of 1.

    Where nothing supports the emotion, the whole map is zero.

    Args:
        model: Ends with a dense layer with softmax.
        faces: Gray values, uint8 (n, side, side).
        emotions: Position in EMOTIONS of the emotion to explain, (n,).
        min_side: The last layer whose feature maps have so many pixels a side is used.

    Raises:
        ValueError: The network has no such layer.
    """
    last = model.layers[-1]
    inner = keras.Model(model.input, [_last_layer(model, min_side).output, last.input])
    inputs = tf.constant(faces[..., None], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        maps, features = inner(inputs, training=False)
        # Logits, since the softmax of a confident prediction has almost no gradient.
        logits = features @ last.kernel + last.bias
        logit = tf.reduce_sum(tf.gather(logits, emotions, batch_dims=1))
    weights = tf.reduce_mean(tape.gradient(logit, maps), axis=(1, 2), keepdims=True)
    strength = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1)).numpy()
    strength /= np.maximum(strength.max(axis=(1, 2), keepdims=True), np.finfo(np.float32).tiny)
    side = faces.shape[1]
    return np.stack([cv2.resize(one, (side, side), interpolation=cv2.INTER_LINEAR) for one in strength])


def figure(faces: np.ndarray, maps: np.ndarray, *, captions: Sequence[str], title: str, columns: int) -> Figure:
    """Draw each face and, to its right, the same face under its heatmap.

    Args:
        faces: Gray values, uint8 (n, side, side).
        maps: Heatmaps, 0..1, (n, side, side).
        captions: Above each pair.
        title: Of the figure.
        columns: Pairs in a row.
    """
    rows = -(-len(faces) // columns)
    drawn = Figure(figsize=(2.1 * columns, 0.6 + 1.3 * rows), dpi=100, layout="constrained")
    drawn.suptitle(title, fontsize=11, x=0.01, ha="left")
    grid = drawn.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, face, strength, caption in zip(grid.flat, faces, maps, captions, strict=False):
        side = len(face)
        both = np.concatenate([face, np.full((side, 2), 255, np.uint8), face], axis=1)
        axes.imshow(both, cmap="gray", vmin=0, vmax=255)
        box = (side + 1.5, 2 * side + 1.5, side - 0.5, -0.5)
        axes.imshow(strength, cmap="inferno", vmin=0, vmax=1, alpha=0.55 * strength**0.5, extent=box)
        axes.set(xlim=(-0.5, 2 * side + 1.5), ylim=(side - 0.5, -0.5))
        axes.set_title(caption, fontsize=8, pad=2)
    return drawn


def _last_layer(model: keras.Model, min_side: int) -> keras.layers.Layer:
    """Return the last layer whose feature maps have `min_side` pixels a side or more."""
    for layer in reversed(model.layers):
        shape = layer.output.shape
        if len(shape) == 4 and min(shape[1:3]) >= min_side and not isinstance(layer, keras.layers.InputLayer):
            return layer
    raise ValueError(f"{model.name} has no layer with feature maps of {min_side} pixels a side or more")
