"""The file of a model's predictions: a row per face, in git, so that any clone can compute the metrics."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotion.core.errors import InputError
from emotion.core.files import atomic
from emotion.core.labels import EMOTIONS

COLUMNS = ["name", "label", "predicted_label", "leakage", *EMOTIONS]
LEAKAGE = ("no", "near", "exact")  # the kind of copy that another subset holds of a face
MAX_SUM_ERROR = 1e-4  # of a row, whose probabilities have six significant digits


@dataclass(frozen=True)
class Predictions:
    """n faces with a model's probabilities.

    Attributes:
        names: Names in data/faces.zip.
        labels: True labels as positions in EMOTIONS, (n,).
        leakage: Values of LEAKAGE, (n,).
        probabilities: Float (n, 7), rows that sum to one.
    """

    names: list[str]
    labels: np.ndarray
    leakage: np.ndarray
    probabilities: np.ndarray


def write(predictions: Predictions, path: str | Path) -> None:
    """Write the file, probabilities with six significant digits."""
    predicted = predictions.probabilities.argmax(axis=1)
    columns = (predictions.names, predictions.labels, predicted, predictions.leakage, predictions.probabilities)
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for name, label, best, leakage, values in zip(*columns, strict=True):
            rows.writerow([name, EMOTIONS[label], EMOTIONS[best], leakage, *(f"{value:.6g}" for value in values)])


def read(path: str | Path) -> Predictions:
    """Read a file that `write` made.

    Raises:
        InputError: The file is another one, or a row is damaged.
    """
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        if next(reader, None) != COLUMNS:
            raise InputError(f"{path}: not a file of predictions: the first line must be {','.join(COLUMNS)}")
        rows = list(reader)
    if not rows:
        raise InputError(f"{path}: it holds no face: run its predict stage again")
    faces = []
    for line, row in enumerate(rows, start=2):
        try:
            faces.append(_parse(row))
        except ValueError:
            raise InputError(
                f"{path}, line {line}: not a face, its emotion and seven probabilities that sum to one: "
                "run its predict stage again"
            ) from None
    names, labels, leakage, probabilities = zip(*faces, strict=True)
    return Predictions(list(names), np.array(labels), np.array(leakage), np.array(probabilities))


def _parse(row: list[str]) -> tuple[str, int, str, list[float]]:
    """Return name, label, leakage and probabilities of a row."""
    name, label, _, leakage, *values = row
    probabilities = [float(value) for value in values]
    if len(probabilities) != len(EMOTIONS) or not abs(sum(probabilities) - 1) <= MAX_SUM_ERROR:
        raise ValueError(row)
    return name, EMOTIONS.index(label), LEAKAGE[LEAKAGE.index(leakage)], probabilities
