"""What a network shall answer for each face: the given label, or probabilities that others found."""

import csv
from pathlib import Path

import numpy as np

from emotion.data.dataset import Faces
from emotion.errors import InputError
from emotion.files import atomic
from emotion.labels import EMOTIONS

COLUMNS = ["name", *EMOTIONS]


def write(path: str | Path, names: list[str], probabilities: np.ndarray) -> None:
    """Write a row per face: its name and seven probabilities, float (n, 7), with six decimals."""
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for name, values in zip(names, probabilities, strict=True):
            rows.writerow([name, *(f"{value:.6f}" for value in values)])


def read(path: str | Path, faces: Faces) -> np.ndarray:
    """Return what a network shall answer for each face, float32 (n, 7), rows that sum to one.

    A file with a header line alone stands for the given labels; any other holds a row per face.

    Raises:
        InputError: A face has no row, the columns are others, or a row holds no probabilities.
    """
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        if next(reader, None) != COLUMNS:
            raise InputError(f"{path}: the first line must be {','.join(COLUMNS)}")
        rows = {
            name: _probabilities(values, f"{path} line {reader.line_num}") for name, *values in filter(None, reader)
        }
    if not rows:
        return one_hot(faces)
    without = [name for name in faces.names if name not in rows]
    if without:
        raise InputError(f"{path}: no row for {without[0]} and {len(without) - 1} more faces: make the file again")
    return np.array([rows[name] for name in faces.names], np.float32)


def one_hot(faces: Faces) -> np.ndarray:
    """Return the given labels as ones and zeros, float32 (n, 7)."""
    return np.eye(len(EMOTIONS), dtype=np.float32)[faces.labels]


def taught(answers: list[np.ndarray], given: np.ndarray, share: float, temperature: float) -> np.ndarray:
    """Return the mean of what teachers answer, softened, with a share of the given labels in it, float32 (n, 7).

    After Hinton et al., "Distilling the Knowledge in a Neural Network", 2015.

    Args:
        answers: Of each teacher, probabilities (n, 7).
        given: The given labels as ones and zeros, (n, 7).
        share: How much of a target is the given label, 0..1.
        temperature: By which the logarithms of the probabilities are divided: 1 as they are, higher is softer.
    """
    softened = [np.maximum(answer.astype(np.float64), 1e-12) ** (1 / temperature) for answer in answers]
    mean = np.mean([soft / soft.sum(axis=1, keepdims=True) for soft in softened], axis=0)
    return (share * given + (1 - share) * mean).astype(np.float32)


def _probabilities(values: list[str], where: str) -> list[float]:
    try:
        row = [float(value) for value in values]
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None
    if len(row) != len(EMOTIONS) or not all(0 <= value <= 1 for value in row) or abs(sum(row) - 1) > 1e-3:
        raise InputError(f"{where}: it must hold a name and {len(EMOTIONS)} probabilities that sum to one")
    return row
