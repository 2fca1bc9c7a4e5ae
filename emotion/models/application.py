"""Any network of keras.applications, by name, on gray faces."""

import difflib
import sys
from typing import Any

import keras
from keras import layers


def build(
    *,
    classes: int,
    name: str,
    weights: str | None,
    input_size: int,
    trainable_layers: int,
    batch_norm: bool,
    dense: int,
    dropout: float,
) -> keras.Model:
    """Build the network without its top, then average pooling, a dense layer and dropout.

    Args:
        classes: Number of emotions.
        name: As keras.applications calls it: MobileNetV3Small, EfficientNetV2B0, DenseNet121, ...
        weights: None (random initialization), imagenet, or a file of weights without the top.
        input_size: Side in pixels to which the face is resized; the minimum depends on the network, mostly 32.
        trainable_layers: Number of last layers to train; the others are frozen. From scratch, all are trained.
        batch_norm: Whether to normalise the input of the hidden dense layer.
        dense: Units of the hidden dense layer.
        dropout: Share of activations dropped before the last layer.

    Raises:
        ValueError: There is no such network, the size is too small for it, or the weights belong to another one.
    """
    application = _application(name)
    face = keras.Input((48, 48, 1), name="face")
    x = layers.Concatenate(name="gray_to_rgb")([face, face, face])
    if input_size != 48:
        x = layers.Resizing(input_size, input_size, interpolation="bilinear", name="resize")(x)
    scale, offset = _preprocessing(sys.modules[application.__module__])
    x = layers.Rescaling(scale, offset=offset, name="scale")(x)
    base = application(include_top=False, weights=weights, input_tensor=x, input_shape=(input_size, input_size, 3))
    frozen = max(0, len(base.layers) - trainable_layers) if weights else 0
    for layer in base.layers[:frozen]:
        layer.trainable = False
    base = _copy(base)
    x = layers.GlobalAveragePooling2D(name="average")(base.output)
    x = layers.BatchNormalization(name="norm")(x) if batch_norm else x
    x = layers.Dense(dense, activation="relu", kernel_initializer="he_normal", name="dense")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    emotion = layers.Dense(classes, activation="softmax", name="emotion")(x)
    return keras.Model(base.inputs[0], emotion, name=name.lower())


def _application(name: str) -> Any:
    """Return the function of keras.applications with this name."""
    known = [function for function in dir(keras.applications) if function[0].isupper()]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
        raise ValueError(f"keras.applications has no {name!r}; {hint}")
    return getattr(keras.applications, name)


def _preprocessing(module: Any) -> tuple[list[float], list[float]]:
    """Return scale and offset per channel that turn 0..255 into the inputs for which a module has ImageNet weights."""
    ends = [module.preprocess_input(keras.ops.full((1, 1, 1, 3), value)) for value in (0.0, 255.0)]
    black, white = (keras.ops.convert_to_numpy(end).ravel().tolist() for end in ends)
    return [(high - low) / 255 for low, high in zip(black, white, strict=True)], black


def _copy(base: keras.Model) -> keras.Model:
    """Return a copy whose frozen dropout is switched off, and whose Normalization layers are Rescaling, for ONNX."""

    def copy(layer: Any) -> Any:
        config = layer.get_config()
        if isinstance(layer, layers.Normalization):  # whose mean and variance are not exported
            mean, deviation = (keras.ops.convert_to_numpy(x).ravel() for x in (layer.mean, layer.variance**0.5))
            return layers.Rescaling(
                (1 / deviation).tolist(), (-mean / deviation).tolist(), name=layer.name, trainable=layer.trainable
            )
        if isinstance(layer, layers.Dropout) and not layer.trainable:
            config["rate"] = 0.0
        return type(layer).from_config(config)

    copied = keras.models.clone_model(base, clone_function=copy)
    for layer in copied.layers:
        if layer.weights:
            layer.set_weights(base.get_layer(layer.name).get_weights())
    return copied
