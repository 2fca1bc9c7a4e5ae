"""All the files that a network is exported to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np

from emotion.export import float16, int8, litert, onnx

# How each is called in metrics/export/, and how its file's name goes on after the model's.
SUFFIXES: Final = {
    "onnx_float32": "onnx",
    "onnx_float16": "float16.onnx",
    "onnx_int8": "int8.onnx",
    "litert_float32": "float32.tflite",
    "litert_float16": "float16.tflite",
    "litert_int8": "int8.tflite",
}


def write(model: keras.Model, sample: np.ndarray, metadata: Mapping[str, Any], paths: Mapping[str, Path]) -> None:
    """Write a built network in every format.

    Args:
        model: From faces float32 (n, 48, 48, 1), values 0..255, to probabilities (n, 7).
        sample: Faces uint8 (n, 48, 48), on which the int8 formats measure between which bounds values lie.
        metadata: Goes into each file; what JSON can hold, `labels` among it.
        paths: Where to, by the names in SUFFIXES.
    """
    exported = onnx.exported(model)
    onnx.save(exported, paths["onnx_float32"], metadata)
    onnx.save(float16.stored(exported), paths["onnx_float16"], metadata)
    onnx.save(int8.quantised(exported, sample), paths["onnx_int8"], metadata)
    for kind in litert.KINDS:
        litert.save(litert.converted(model, kind, sample), paths[f"litert_{kind}"], metadata)
