"""A small residual network for gray faces of 48x48 pixels.

After He et al., "Deep Residual Learning for Image Recognition", 2016: pairs of 3x3 convolutions whose output is added
to their input. Full resolution is the most expensive and helps least, so only one convolution works on it.
"""

from typing import Literal

import keras
from keras import layers


def build(
    *,
    classes: int,
    stem: int,
    widths: list[int],
    blocks: list[int],
    dropout: float,
    activation: Literal["relu", "elu", "swish", "gelu"],
    initializer: Literal["he_normal", "glorot_uniform", "lecun_normal"],
) -> keras.Model:
    """Build one convolution, then stages of residual blocks, then global average pooling and a dense layer.

    Args:
        classes: Number of emotions.
        stem: Channels of the first convolution.
        widths: Channels of each stage; every stage halves the picture.
        blocks: Number of blocks of each stage.
        dropout: Share of activations dropped before the last layer.
        activation: Of all hidden layers.
        initializer: Of all kernels.

    Raises:
        ValueError: `widths` and `blocks` differ in length.
    """

    def convolved(x: keras.KerasTensor, width: int, size: int, stride: int, name: str) -> keras.KerasTensor:
        x = layers.Conv2D(
            width, size, stride, padding="same", use_bias=False, kernel_initializer=initializer, name=f"{name}_conv"
        )(x)
        return layers.BatchNormalization(name=f"{name}_norm")(x)

    def active(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
        return layers.Activation(activation, name=f"{name}_{activation}")(x)

    face = keras.Input((48, 48, 1), name="face")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="scale")(face)
    x = active(convolved(x, stem, 3, 1, "stem"), "stem")
    for stage, (width, count) in enumerate(zip(widths, blocks, strict=True), start=1):
        for block in range(1, count + 1):
            name = f"stage{stage}_block{block}"
            y = active(convolved(x, width, 3, 2 if block == 1 else 1, f"{name}a"), f"{name}a")
            y = convolved(y, width, 3, 1, f"{name}b")
            if block == 1:  # the input is larger and has fewer channels
                x = layers.AveragePooling2D(2, name=f"{name}_pool")(x)
                x = convolved(x, width, 1, 1, f"{name}_shortcut")
            x = active(layers.Add(name=f"{name}_add")([x, y]), name)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    emotion = layers.Dense(classes, activation="softmax", name="emotion")(x)
    return keras.Model(face, emotion, name="resnet_fer")
