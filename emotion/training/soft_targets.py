"""The targets of a training: one-hot labels, or soft targets such as the probabilities of a teacher."""

import csv
from pathlib import Path

import numpy as np

from emotion.core import votes
from emotion.core.dataset import Faces
from emotion.core.errors import InputError
from emotion.core.files import atomic
from emotion.core.labels import EMOTIONS

MIN_PROBABILITY = 1e-12  # of a teacher, so that every logit is finite
COLUMNS = ["name", *EMOTIONS]
MAX_SUM_ERROR = 1e-3  # of the sum of a row, since its probabilities are rounded


def write(path: str | Path, names: list[str], probabilities: np.ndarray) -> None:
    """Write a CSV row per face: its name and seven probabilities, float (n, 7), with six decimals."""
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for name, values in zip(names, probabilities, strict=True):
            rows.writerow([name, *(f"{value:.6f}" for value in values)])


def read(path: str | Path, faces: Faces, *, partial: bool = False) -> np.ndarray:
    """Return the target of each face, float32 (n, 7), rows that sum to one.

    A file with a header line alone, such as params/none.csv, stands for one-hot labels.

    Args:
        path: The CSV file.
        faces: The faces, which it may hold in any order.
        partial: Whether a face without a row gets its one-hot label.

    Raises:
        InputError: The columns are wrong, a row holds no valid probabilities, or a face has no row.
    """
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        if next(reader, None) != COLUMNS:
            raise InputError(f"{path}: the first line must be {','.join(COLUMNS)}")
        rows = {
            name: _probabilities(values, f"{path} line {reader.line_num}") for name, *values in filter(None, reader)
        }
    if not rows or partial:
        rows = dict(zip(faces.names, one_hot(faces).tolist(), strict=True)) | rows
    missing = [name for name in faces.names if name not in rows]
    if missing:
        raise InputError(f"{path}: no row for {missing[0]} and {len(missing) - 1} more faces: make the file again")
    return np.array([rows[name] for name in faces.names], np.float32)


def one_hot(faces: Faces) -> np.ndarray:
    """Return the labels as one-hot rows, float32 (n, 7)."""
    return np.eye(len(EMOTIONS), dtype=np.float32)[faces.labels]


def smoothed(targets: np.ndarray, smoothing: float) -> np.ndarray:
    """Return targets (n, classes) with label smoothing (Szegedy et al., 2016); row sums stay the same."""
    return (targets * (1 - smoothing) + targets.mean(axis=1, keepdims=True) * smoothing).astype(np.float32)


def of_votes(counts: np.ndarray, labels: np.ndarray, vote_weight: float) -> np.ndarray:
    """Return the annotators' vote shares mixed with the labels, float32 (n, 7), rows that sum to one.

    Args:
        counts: Votes (n, 10) as `votes.read` returns them. Where none is for one of the seven emotions, the label
            alone counts.
        labels: One-hot labels (n, 7).
        vote_weight: Share of the votes in a target, 0..1.
    """
    shares = votes.shares(counts)
    weight = vote_weight * shares.sum(axis=1, keepdims=True)
    return (weight * shares + (1 - weight) * labels).astype(np.float32)


def distilled(
    predictions: list[np.ndarray], labels: np.ndarray, *, label_weight: float, temperature: float
) -> np.ndarray:
    """Return soft targets for a student, float32 (n, 7): the teachers' mean, softened and mixed with the labels.

    After Hinton et al., "Distilling the Knowledge in a Neural Network", 2015.

    Args:
        predictions: Probabilities (n, 7) of each teacher.
        labels: One-hot labels or vote shares (n, 7).
        label_weight: Their share in a target, 0..1.
        temperature: Divides the teachers' logits; above 1, the targets are softer.
    """
    softened = [np.maximum(one.astype(np.float64), MIN_PROBABILITY) ** (1 / temperature) for one in predictions]
    mean = np.mean([soft / soft.sum(axis=1, keepdims=True) for soft in softened], axis=0)
    return (label_weight * labels + (1 - label_weight) * mean).astype(np.float32)


def _probabilities(values: list[str], where: str) -> list[float]:
    try:
        row = [float(value) for value in values]
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None
    in_range = all(0 <= value <= 1 for value in row)
    if len(row) != len(EMOTIONS) or not in_range or abs(sum(row) - 1) > MAX_SUM_ERROR:
        raise InputError(f"{where}: it must hold a name and {len(EMOTIONS)} probabilities that sum to one")
    return row
