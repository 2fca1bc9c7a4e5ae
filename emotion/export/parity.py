"""Whether exported files answer as the model that they were made from."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnxruntime
from ai_edge_litert.interpreter import Interpreter
from pydantic import Field

from emotion.errors import InputError
from emotion.params import Section

BATCH = 256


class ExportSettings(Section):
    """Section `export` of params.yaml."""

    models: list[str]
    max_mb: float = Field(gt=0)
    int8_faces: int = Field(ge=1)
    seed: int = Field(ge=0)
    max_difference: float = Field(gt=0, le=1)
    max_difference_float16: float = Field(gt=0, le=1)
    max_accuracy_loss_int8: float = Field(gt=0, le=100)


def probabilities(path: str | Path, faces: np.ndarray, threads: int) -> np.ndarray:
    """Return what a file for ONNX Runtime or LiteRT answers for faces uint8 (n, 48, 48): float32 (n, 7)."""
    answer = (_onnx if Path(path).suffix == ".onnx" else _litert)(str(path), threads)
    parts = [faces[start : start + BATCH, ..., None] for start in range(0, len(faces), BATCH)]
    return np.concatenate([answer(part.astype(np.float32)) for part in parts])


def _onnx(path: str, threads: int) -> Callable[[np.ndarray], np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda faces: session.run(None, {name: faces})[0]


def _litert(path: str, threads: int) -> Callable[[np.ndarray], np.ndarray]:
    interpreter = Interpreter(path, num_threads=threads)
    (face,), (answer,) = interpreter.get_input_details(), interpreter.get_output_details()

    def run(faces: np.ndarray) -> np.ndarray:
        interpreter.resize_tensor_input(face["index"], faces.shape)  # nothing happens where the size is the same
        interpreter.allocate_tensors()
        interpreter.set_tensor(face["index"], faces)
        interpreter.invoke()
        return interpreter.get_tensor(answer["index"])

    return run


def compared(
    paths: Mapping[str, Path], faces: np.ndarray, labels: np.ndarray, expected: np.ndarray, threads: int
) -> dict[str, dict[str, float]]:
    """Return of each file its bytes, the largest difference of probabilities, the share of same and of right answers.

    `accuracy_lost` says in points how many more of the expected answers are right.

    Args:
        paths: The files, by the names in `emotion.export.formats.SUFFIXES`.
        faces: uint8 (n, 48, 48).
        labels: Positions in EMOTIONS, (n,).
        expected: What Keras answers in float32, (n, 7).
        threads: How many the runtimes use.
    """
    found, wanted = {}, expected.argmax(axis=1)
    for name, path in paths.items():
        got = probabilities(path, faces, threads)
        answers = got.argmax(axis=1)
        right = float(np.mean(answers == labels))
        found[name] = {
            "bytes": path.stat().st_size,
            "largest_difference": float(f"{np.abs(got - expected).max():.2g}"),
            "same_answers": round(float(np.mean(answers == wanted)), 6),
            "accuracy": round(right, 6),
            "accuracy_lost": round(100 * (float(np.mean(wanted == labels)) - right), 4),
        }
    return found


def require(model: str, found: Mapping[str, Mapping[str, float]], settings: ExportSettings) -> None:
    """Do nothing if all files of a model are as good as params.yaml demands.

    Args:
        model: Its name.
        found: What `compared` returns.
        settings: What is good enough.

    Raises:
        InputError: One is not.
    """
    problems = []
    for name, row in found.items():
        if name.endswith("int8"):
            key, value, what = "max_accuracy_loss_int8", row["accuracy_lost"], "points of accuracy lost"
        else:
            key = "max_difference_float16" if name.endswith("float16") else "max_difference"
            value, what = row["largest_difference"], "of difference from Keras"
        if not value <= (limit := getattr(settings, key)):  # true of what is not a number, too
            problems.append(f"{name}: {value:.2g} {what} on validation faces, but export.{key} is {limit:g}")
    if problems:
        remedy = "no file was written; raise it, or take the model out of export.models"
        raise InputError(f"{model}: {'; '.join(problems)}: {remedy}")
