"""Parity: whether exported files predict what the Keras model predicts."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnxruntime
from ai_edge_litert.interpreter import Interpreter

from emotion.core.errors import InputError
from emotion.export.settings import ExportSettings

BATCH_SIZE = 256


def probabilities(path: str | Path, faces: np.ndarray, threads: int) -> np.ndarray:
    """Return the probabilities that an ONNX or LiteRT file predicts for faces uint8 (n, 48, 48): float32 (n, 7)."""
    predictor = _onnx_predictor if Path(path).suffix == ".onnx" else _litert_predictor
    predict = predictor(str(path), threads)
    batches = [faces[start : start + BATCH_SIZE, ..., None] for start in range(0, len(faces), BATCH_SIZE)]
    return np.concatenate([predict(batch.astype(np.float32)) for batch in batches])


def _onnx_predictor(path: str, threads: int) -> Callable[[np.ndarray], np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda faces: session.run(None, {name: faces})[0]


def _litert_predictor(path: str, threads: int) -> Callable[[np.ndarray], np.ndarray]:
    interpreter = Interpreter(path, num_threads=threads)
    (face,) = interpreter.get_input_details()
    (output,) = interpreter.get_output_details()

    def predict(faces: np.ndarray) -> np.ndarray:
        interpreter.resize_tensor_input(face["index"], faces.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(face["index"], faces)
        interpreter.invoke()
        return interpreter.get_tensor(output["index"])

    return predict


def compare(
    paths: Mapping[str, Path], *, faces: np.ndarray, labels: np.ndarray, expected: np.ndarray, threads: int
) -> dict[str, dict[str, float]]:
    """Return the size of each file, its accuracy, and how far its predictions are from those of Keras.

    `max_difference` is that of probabilities, `same_predictions` a share of the faces, and `accuracy_loss` is in
    percentage points.

    Args:
        paths: The files, by the names in `emotion.export.formats.SUFFIXES`.
        faces: uint8 (n, 48, 48).
        labels: Positions in EMOTIONS, (n,).
        expected: Probabilities that Keras predicts in float32, (n, 7).
        threads: Of the runtimes.
    """
    compared = {}
    keras_predicted = expected.argmax(axis=1)
    keras_accuracy = float(np.mean(keras_predicted == labels))
    for name, path in paths.items():
        found = probabilities(path, faces, threads)
        predicted = found.argmax(axis=1)
        accuracy = float(np.mean(predicted == labels))
        compared[name] = {
            "bytes": path.stat().st_size,
            "max_difference": float(f"{np.abs(found - expected).max():.2g}"),
            "same_predictions": round(float(np.mean(predicted == keras_predicted)), 6),
            "accuracy": round(accuracy, 6),
            "accuracy_loss": round(100 * (keras_accuracy - accuracy), 4),
        }
    return compared


def require(model: str, compared: Mapping[str, Mapping[str, float]], settings: ExportSettings) -> None:
    """Raise unless all files of a model are within the limits of params.yaml.

    Args:
        model: Its name.
        compared: What `compare` returns.
        settings: The limits: on the accuracy of int8 files, on the probabilities of the others.

    Raises:
        InputError: A file exceeds its limit.
    """
    problems = []
    for name, row in compared.items():
        if name.endswith("int8"):
            key = "max_accuracy_loss_int8"
            value = row["accuracy_loss"]
            text = f"accuracy drops by {value:.2g} points"
        else:
            key = "max_difference_float16" if name.endswith("float16") else "max_difference"
            value = row["max_difference"]
            text = f"probabilities differ from Keras by {value:.2g}"
        limit = getattr(settings, key)
        if not value <= limit:  # NaN included
            problems.append(f"{name}: {text} on validation faces, but export.{key} is {limit:g}")
    if problems:
        remedy = "no file was written; raise the limit or remove the model from export.models"
        raise InputError(f"{model}: {'; '.join(problems)}: {remedy}")
