"""VGG16 (Simonyan & Zisserman, 2015) on gray faces, from ImageNet's weights or from scratch."""

import keras
from keras import layers


def build(
    *, classes: int, weights: str | None, input_size: int, trainable: int, dense: int, dropout: float
) -> keras.Model:
    """Build VGG16 without its top, then average pooling, a dense layer and dropout.

    Args:
        classes: Number of emotions.
        weights: None to start from random numbers, imagenet, or a file of weights without top.
        input_size: Side in pixels to which the face is resized, 32 or more.
        trainable: How many of the last layers of VGG16 learn; the others stay as they are. From scratch, all learn.
        dense: Units of the hidden dense layer.
        dropout: Share of activations dropped before the last layer.

    Raises:
        ValueError: The weights belong to another network.
    """
    face = keras.Input((48, 48, 1), name="face")
    x = layers.Concatenate(name="gray_to_rgb")([face, face, face])
    if input_size != 48:
        x = layers.Resizing(input_size, input_size, interpolation="bilinear", name="resize")(x)
    # What keras.applications.vgg16.preprocess_input does: ImageNet's means in the order blue, green, red.
    x = layers.Rescaling(1.0, offset=[-103.939, -116.779, -123.68], name="means")(x)
    base = keras.applications.VGG16(include_top=False, weights=weights, input_tensor=x)
    for layer in base.layers[: len(base.layers) - trainable] if weights else []:
        layer.trainable = False
    for layer in base.layers if weights is None else []:
        # From Keras' default (Glorot) a signal dies out over 13 convolutions without normalisation; not so from
        # He et al., "Delving Deep into Rectifiers", 2015. The inputs are up to 150, so the first layer starts smaller.
        if isinstance(layer, layers.Conv2D):
            scale = 2 / 70**2 if layer.name == "block1_conv1" else 2
            start = keras.initializers.VarianceScaling(scale, mode="fan_in", distribution="truncated_normal")
            layer.kernel.assign(start(layer.kernel.shape))
    x = layers.GlobalAveragePooling2D(name="average")(base.output)
    x = layers.Dense(dense, activation="relu", kernel_initializer="he_normal", name="dense")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    emotion = layers.Dense(classes, activation="softmax", name="emotion")(x)
    return keras.Model(face, emotion, name="vgg16")
