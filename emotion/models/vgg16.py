"""VGG16 (Simonyan & Zisserman, "Very Deep Convolutional Networks", 2015) on gray faces, pretrained or from scratch."""

import keras
from keras import layers

INPUT_SCALE = 70  # standard deviation of the inputs, about
BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels and number of convolutions of each


def build(
    *,
    classes: int,
    weights: str | None,
    input_size: int,
    trainable_layers: int,
    batch_norm: bool,
    dense: int,
    dropout: float,
) -> keras.Model:
    """Build VGG16 without its top, then average pooling, a dense layer and dropout.

    Args:
        classes: Number of emotions.
        weights: None (random initialization), imagenet, or a file of weights without the top.
        input_size: Side in pixels to which the face is resized, 32 or more.
        trainable_layers: Number of last layers to train; the others are frozen. From scratch, all are trained.
        batch_norm: From scratch only: normalise after each convolution, as torchvision's vgg16_bn does.
        dense: Units of the hidden dense layer.
        dropout: Share of activations dropped before the last layer.

    Raises:
        ValueError: The weights belong to another network, or batch_norm is set with weights.
    """
    if weights and batch_norm:
        raise ValueError("ImageNet's VGG16 has no batch normalisation: batch_norm: true goes with weights: scratch")
    face = keras.Input((48, 48, 1), name="face")
    x = layers.Concatenate(name="gray_to_rgb")([face, face, face])
    if input_size != 48:
        x = layers.Resizing(input_size, input_size, interpolation="bilinear", name="resize")(x)
    # What keras.applications.vgg16.preprocess_input does: ImageNet's means in the order blue, green, red.
    x = layers.Rescaling(1.0, offset=[-103.939, -116.779, -123.68], name="means")(x)
    if weights:
        base = keras.applications.VGG16(include_top=False, weights=weights, input_tensor=x)
        for layer in base.layers[: len(base.layers) - trainable_layers]:
            layer.trainable = False
        x = base.output
    else:
        x = _from_scratch(x, batch_norm)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dense(dense, activation="relu", kernel_initializer="he_normal", name="dense")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    emotion = layers.Dense(classes, activation="softmax", name="emotion")(x)
    return keras.Model(face, emotion, name="vgg16")


def _from_scratch(x: keras.KerasTensor, batch_norm: bool) -> keras.KerasTensor:
    """Return the output of VGG16's convolutions, named as in keras.applications."""
    for block, (width, convolutions) in enumerate(BLOCKS, start=1):
        for number in range(1, convolutions + 1):
            # With Keras' default (Glorot) the signal vanishes over 13 convolutions without normalisation, unlike with
            # He et al., "Delving Deep into Rectifiers", 2015. The first kernel is smaller, since inputs reach 150.
            scale = 2 / INPUT_SCALE**2 if block == number == 1 else 2
            start = keras.initializers.VarianceScaling(scale, mode="fan_in", distribution="truncated_normal")
            x = layers.Conv2D(
                width, 3, padding="same", use_bias=not batch_norm, kernel_initializer=start,
                name=f"block{block}_conv{number}",
            )(x)  # fmt: skip
            x = layers.BatchNormalization(name=f"block{block}_norm{number}")(x) if batch_norm else x
            x = layers.Activation("relu", name=f"block{block}_relu{number}")(x)
        x = layers.MaxPooling2D(name=f"block{block}_pool")(x)
    return x
