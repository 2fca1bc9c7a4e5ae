"""ResNet50V2 (He et al., "Identity Mappings in Deep Residual Networks", 2016) on gray faces."""

import keras
from keras import layers


def build(
    *, classes: int, weights: str | None, input_size: int, trainable_layers: int, dense: int, dropout: float
) -> keras.Model:
    """Build ResNet50V2 without its top, then average pooling, dropout, batch normalisation and a dense layer.

    Args:
        classes: Number of emotions.
        weights: None (random initialization), imagenet, or a file of weights without the top.
        input_size: Side in pixels to which the face is resized, 32 or more.
        trainable_layers: Number of last layers to train; the others are frozen. From scratch, all are trained.
        dense: Units of the hidden dense layer.
        dropout: Share of activations dropped after pooling.

    Raises:
        ValueError: The weights belong to another network.
    """
    face = keras.Input((48, 48, 1), name="face")
    x = layers.Concatenate(name="gray_to_rgb")([face, face, face])
    if input_size != 48:
        x = layers.Resizing(input_size, input_size, interpolation="bilinear", name="resize")(x)
    # What keras.applications.resnet_v2.preprocess_input does: -1..1.
    x = layers.Rescaling(1 / 127.5, offset=-1, name="scale")(x)
    base = keras.applications.ResNet50V2(include_top=False, weights=weights, input_tensor=x)
    for layer in base.layers[: len(base.layers) - trainable_layers] if weights else []:
        layer.trainable = False
    x = layers.GlobalAveragePooling2D(name="average")(base.output)
    x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Dense(dense, activation="relu", kernel_initializer="he_normal", name="dense")(x)
    emotion = layers.Dense(classes, activation="softmax", name="emotion")(x)
    return keras.Model(face, emotion, name="resnet50v2")
