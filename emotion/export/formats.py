"""The formats in which a network is exported, each with adjusted probabilities."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np

from emotion.core.errors import InputError
from emotion.export import litert, onnx, quantization

# The name of each format in metrics/export/ and the suffix of its files.
SUFFIXES: Final = {
    "onnx_float32": "onnx",
    "onnx_float16": "float16.onnx",
    "onnx_int8": "int8.onnx",
    "litert_float32": "float32.tflite",
    "litert_float16": "float16.tflite",
    "litert_int8": "int8.tflite",
}


def adjust(model: keras.Model, temperature: float, offsets: np.ndarray) -> None:
    """Subtract offsets from the logits of a network and divide them by a temperature, in its last layer, in place.

    So every exported file predicts adjusted probabilities without a further step.

    Args:
        model: Ends with a dense layer with softmax.
        temperature: Above 1, predictions become less confident.
        offsets: Of each emotion (7,): the logarithm of its prior, times the exponent.

    Raises:
        InputError: The network ends with another layer.
    """
    last = model.layers[-1]
    if not isinstance(last, keras.layers.Dense) or last.activation is not keras.activations.softmax:
        raise InputError(
            f"{model.name}: the last layer, {last.name}, must be dense with softmax, to take up the adjustment"
        )
    kernel, bias = last.get_weights()
    last.set_weights([kernel / temperature, (bias - offsets) / temperature])


def write(model: keras.Model, sample: np.ndarray, metadata: Mapping[str, Any], paths: Mapping[str, Path]) -> None:
    """Write a built network in every format.

    Args:
        model: From faces float32 (n, 48, 48, 1), 0..255, to probabilities (n, 7).
        sample: Faces that calibrate the int8 formats, uint8 (n, 48, 48).
        metadata: What JSON can hold, with `labels`; stored in each file.
        paths: The target of each format in SUFFIXES.
    """
    converted = onnx.converted(model)
    onnx.save(converted, paths["onnx_float32"], metadata)
    onnx.save(quantization.float16(converted), paths["onnx_float16"], metadata)
    onnx.save(quantization.int8(converted, sample), paths["onnx_int8"], metadata)
    for kind in litert.KINDS:
        litert.save(litert.converted(model, kind, sample), paths[f"litert_{kind}"], metadata)
