"""Pairs of 3x3 convolutions with batch normalisation, the usual network of FER-2013 projects.

After Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2015 (pairs of
small convolutions), with the batch normalisation of Ioffe & Szegedy, 2015.
"""

from typing import Literal

import keras
from keras import layers


def build(
    *,
    classes: int,
    widths: list[int],
    dense: int,
    dropout: float,
    dense_dropout: float,
    activation: Literal["relu", "elu", "swish", "gelu"],
    initializer: Literal["he_normal", "glorot_uniform", "lecun_normal"],
) -> keras.Model:
    """Build one pair of convolutions per width, each pair followed by pooling, then two dense layers.

    Args:
        classes: Number of emotions.
        widths: Channels of each pair; every pair halves the picture.
        dense: Units of the hidden dense layer.
        dropout: Share of activations dropped after each pair.
        dense_dropout: Share dropped before the last layer.
        activation: Of all hidden layers.
        initializer: Of all kernels.
    """
    face = keras.Input((48, 48, 1), name="face")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="scale")(face)
    for pair, width in enumerate(widths, start=1):
        for half in "ab":
            name = f"pair{pair}{half}"
            x = layers.Conv2D(
                width, 3, padding="same", use_bias=False, kernel_initializer=initializer, name=f"{name}_conv"
            )(x)
            x = layers.BatchNormalization(name=f"{name}_norm")(x)
            x = layers.Activation(activation, name=f"{name}_{activation}")(x)
        x = layers.MaxPooling2D(name=f"pair{pair}_pool")(x)
        x = layers.Dropout(dropout, name=f"pair{pair}_dropout")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(dense, use_bias=False, kernel_initializer=initializer, name="dense")(x)
    x = layers.BatchNormalization(name="dense_norm")(x)
    x = layers.Activation(activation, name=f"dense_{activation}")(x)
    x = layers.Dropout(dense_dropout, name="dense_dropout")(x)
    emotion = layers.Dense(classes, activation="softmax", name="emotion")(x)
    return keras.Model(face, emotion, name="cnn")
