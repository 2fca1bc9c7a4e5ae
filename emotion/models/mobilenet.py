"""MobileNet (Howard et al., "MobileNets: Efficient Convolutional Neural Networks", 2017) on gray faces.

It sees the face at twice its size: a first convolution with stride 2 on a picture enlarged to 96 pixels is the same as
one with stride 1 on 48 pixels, with a kernel that includes the bilinear enlargement.
"""

from pathlib import Path

import keras
import numpy as np
from keras import layers

STEM = 32
BLOCKS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
GRAY_MEAN = 128.0  # subtracted from the face, so that the border of zeros is gray
EPSILON = 1e-3  # of batch norm, as in keras.applications

# The file of weights (Savchenko, HSE_FaceRec_tf, Apache-2.0): float32 values without a header, as TensorFlow.js stores
# them, batch norm folded. Those of the layers for age and gender stand before those of the convolutions.
BGR_MEANS = np.array([103.939, 116.779, 123.68], np.float32)
FIRST_VALUE = 288_357
TOTAL_VALUES = 3_489_405
CONSTANTS = 2  # the limits of each ReLU, 6 and 0
# Pixels 2i, 2i + 1 and 2i + 2 of the enlarged picture as shares of the pixels i - 1, i and i + 1.
ENLARGED = np.array([[0.25, 0.75, 0], [0, 0.75, 0.25], [0, 0.25, 0.75]], np.float32)


def build(*, classes: int, weights: str | None, width: float, dropout: float) -> keras.Model:
    """Build MobileNet for faces of 48 pixels, then average pooling and dropout.

    Args:
        classes: Number of emotions.
        weights: None (random initialization), or faceres-deep.bin, MobileNet pretrained on VGGFace2.
        width: Share of the channels, 1 with weights.
        dropout: Share of activations dropped before the last layer.

    Raises:
        ValueError: The file holds other weights, or a width other than 1 goes with it.
    """
    face = keras.Input((48, 48, 1), name="face")
    x = layers.Rescaling(1.0, offset=-GRAY_MEAN, name="mean")(face)
    x = _normalised(x, _convolution(round(STEM * width), 3, "conv"))
    for number, (channels, stride) in enumerate(BLOCKS, start=1):
        name = f"block{number}"
        x = _normalised(x, _depthwise(stride, f"{name}_depthwise"))
        x = _normalised(x, _convolution(round(channels * width), 1, f"{name}_pointwise"))
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    emotion = layers.Dense(classes, activation="softmax", name="emotion")(x)
    model = keras.Model(face, emotion, name="mobilenet")
    if weights:
        if width != 1:
            raise ValueError(f"width is {width:g}: with weights it must be 1")
        _load(model, weights)
    return model


def _convolution(channels: int, size: int, name: str) -> keras.layers.Layer:
    return layers.Conv2D(channels, size, padding="same", use_bias=False, kernel_initializer="he_normal", name=name)


def _depthwise(stride: int, name: str) -> keras.layers.Layer:
    # Keras counts the inputs of all channels, and the signal would vanish; each output has nine.
    start = keras.initializers.RandomNormal(stddev=(2 / 9) ** 0.5)
    return layers.DepthwiseConv2D(3, stride, "same", use_bias=False, depthwise_initializer=start, name=name)


def _normalised(x: keras.KerasTensor, convolution: keras.layers.Layer) -> keras.KerasTensor:
    """Return the output of a convolution, batch norm and ReLU6."""
    name = convolution.name
    x = convolution(x)
    x = layers.BatchNormalization(momentum=0.9, epsilon=EPSILON, name=f"{name}_norm")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x)


def _load(model: keras.Model, path: str) -> None:
    """Set the convolutions to the weights of a file, and batch norm to add their biases and nothing else."""
    values = np.frombuffer(Path(path).read_bytes(), np.float32)
    if len(values) != TOTAL_VALUES:
        raise ValueError(f"{path} holds {len(values):,} numbers, not the {TOTAL_VALUES:,} of faceres-deep.bin")
    rest = values[FIRST_VALUE:]

    def take(*shape: int) -> np.ndarray:
        nonlocal rest
        taken = rest[: np.prod(shape)].reshape(shape)
        rest = rest[taken.size :]
        return taken

    for layer in model.layers:
        if isinstance(layer, layers.DepthwiseConv2D):
            kernel = take(*layer.kernel.shape)
            kernel = kernel * take(kernel.shape[2])[:, None]
            bias = take(kernel.shape[2])
        elif isinstance(layer, layers.Conv2D):
            in_channels = 3 if layer.name == "conv" else layer.kernel.shape[2]
            kernel = take(*layer.kernel.shape[:2], in_channels, layer.filters)
            bias = take(layer.filters)
            kernel, bias = _for_gray(kernel, bias) if layer.name == "conv" else (kernel, bias)
        else:
            continue
        rest = rest[CONSTANTS:]
        layer.set_weights([kernel])
        ones = np.ones(len(bias), np.float32)
        model.get_layer(f"{layer.name}_norm").set_weights([ones, bias, 0 * ones, ones - EPSILON])


def _for_gray(kernel: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return kernel (3, 3, 1, n) and bias for gray faces of 48 pixels from those for enlarged colour pictures."""
    of_gray = kernel.sum(axis=2)
    means = (kernel * BGR_MEANS[:, None]).sum(axis=(0, 1, 2))
    enlarged = np.einsum("ia,ijn,jb->abn", ENLARGED, of_gray, ENLARGED)
    return enlarged[:, :, None], bias - means + GRAY_MEAN * of_gray.sum(axis=(0, 1))
