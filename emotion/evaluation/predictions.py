"""The file of a model's answers: a row per face, in git, so that scores can be computed in any clone."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotion.errors import InputError
from emotion.files import atomic
from emotion.labels import EMOTIONS

COLUMNS = ["name", "label", "predicted", "leaked", *EMOTIONS]
LEAKS = ("no", "near", "exact")  # whether another part holds no copy of a face, a near one or the very pixels


@dataclass(frozen=True)
class Predictions:
    """n faces: labels as positions in EMOTIONS (n,), which of LEAKS (n,), probabilities (n, 7)."""

    names: list[str]
    labels: np.ndarray
    leaked: np.ndarray
    probabilities: np.ndarray


def write(predictions: Predictions, path: str | Path) -> None:
    """Write the file, probabilities with six significant digits."""
    predicted = predictions.probabilities.argmax(axis=1)
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for name, label, answer, leaked, values in zip(
            predictions.names, predictions.labels, predicted, predictions.leaked, predictions.probabilities, strict=True
        ):
            rows.writerow([name, EMOTIONS[label], EMOTIONS[answer], leaked, *(f"{value:.6g}" for value in values)])


def read(path: str | Path) -> Predictions:
    """Read a file that `write` made.

    Raises:
        InputError: It is no such file, or a row is none that `write` makes.
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
    names, labels, leaked, probabilities = zip(*faces, strict=True)
    return Predictions(list(names), np.array(labels), np.array(leaked), np.array(probabilities))


def _parse(row: list[str]) -> tuple[str, int, str, list[float]]:
    """Return name, label, leak and probabilities of a row."""
    name, label, _, leaked, *values = row
    probabilities = [float(value) for value in values]
    if len(probabilities) != len(EMOTIONS) or not abs(sum(probabilities) - 1) <= 1e-4:
        raise ValueError(row)
    return name, EMOTIONS.index(label), LEAKS[LEAKS.index(leaked)], probabilities
