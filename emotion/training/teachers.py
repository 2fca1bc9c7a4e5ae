"""Predictions of the teachers for knowledge distillation, from Keras or ONNX files."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import onnxruntime

from emotion.core.errors import InputError
from emotion.training import forward


def predictor(path: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from faces uint8 (n, 48, 48) to a teacher's probabilities float32 (n, 7).

    Args:
        path: A `.keras` file, or an exported `.onnx` file, whose probabilities are calibrated.

    Raises:
        InputError: The file is missing or of another format.
    """
    if not Path(path).exists():
        raise InputError(f"teacher {path} is missing: `dvc repro` makes it if its model is in export.models")
    if path.endswith(".keras"):
        return forward.predictor(keras.saving.load_model(path, compile=False))
    if path.endswith(".onnx"):
        return _onnx_predictor(path)
    raise InputError(f"teacher {path}: it must be a .keras or an .onnx file")


def _onnx_predictor(path: str) -> Callable[[np.ndarray], np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # with more, the last bits may differ between runs
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def predict(faces: np.ndarray) -> np.ndarray:
        starts = range(0, len(faces), forward.BATCH_SIZE)
        batches = (faces[start : start + forward.BATCH_SIZE, ..., None].astype(np.float32) for start in starts)
        return np.concatenate([session.run(None, {name: batch})[0] for batch in batches])

    return predict
