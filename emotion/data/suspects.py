"""Confident learning: which labels are probably wrong, from what a network that never saw them answers.

After Northcutt, Jiang & Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", 2021, by its authors'
library, cleanlab.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from matplotlib.figure import Figure
from sklearn.model_selection import StratifiedGroupKFold

from emotion.data import contact_sheets
from emotion.errors import InputError
from emotion.files import atomic
from emotion.labels import EMOTIONS

SHOWN = 49  # on the contact sheet
COLUMNS = ("name", "given", "suggested", "quality")


@dataclass(frozen=True)
class Verdicts:
    """Of n faces: given and suggested label as positions in EMOTIONS (n,), quality 0..1 (n,), called an error (n,).

    Quality is the judge's probability of the given label: the lower, the more suspect.
    """

    given: np.ndarray
    suggested: np.ndarray
    quality: np.ndarray
    errors: np.ndarray


@dataclass(frozen=True)
class Suspect:
    """A face whose label the judge disputes, and its position among all faces."""

    position: int
    name: str
    given: str
    suggested: str
    quality: float


def fold_of(pixels: np.ndarray, labels: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Return the fold of each face, 0..folds-1: equal shares of each emotion, identical pictures together.

    Else a judge would have learnt a face's label from its copy.

    Raises:
        InputError: There are too few faces.
    """
    numbers: dict[bytes, int] = {}
    groups = [numbers.setdefault(face.tobytes(), len(numbers)) for face in pixels]
    found = np.full(len(labels), -1)
    try:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        for fold, (_, members) in enumerate(splitter.split(pixels, labels, groups)):
            found[members] = fold
    except ValueError as error:
        raise InputError(f"label_audit.folds: these faces cannot be divided: {error}") from None
    return found


def judge(labels: np.ndarray, probabilities: np.ndarray) -> Verdicts:
    """Judge the labels by out-of-fold probabilities (n, 7), rows that sum to one.

    Of cleanlab's scores self-confidence finds most: of labels made wrong at random in what the committed `cnn` answers
    for PublicTest 66 % stand in the worst 8.4 %, by normalised margin 52 %.
    """
    probabilities = probabilities.astype(np.float64)
    # More jobs would be forks, which TensorFlow does not survive.
    errors = find_label_issues(labels, probabilities, filter_by="confident_learning", n_jobs=1)
    quality = get_label_quality_scores(labels, probabilities, method="self_confidence")
    return Verdicts(labels, probabilities.argmax(axis=1), quality.round(6), errors)


def ranked(verdicts: Verdicts, names: Sequence[str], count: int) -> list[Suspect]:
    """Return at most `count` faces for which the judge suggests another label, worst first."""
    disputed = np.flatnonzero(verdicts.suggested != verdicts.given).tolist()
    worst = sorted(disputed, key=lambda face: (verdicts.quality[face], names[face]))[:count]
    return [
        Suspect(
            position=face,
            name=names[face],
            given=EMOTIONS[verdicts.given[face]],
            suggested=EMOTIONS[verdicts.suggested[face]],
            quality=float(verdicts.quality[face]),
        )
        for face in worst
    ]


def sheet(worst: Sequence[Suspect], pixels: np.ndarray) -> Figure:
    """Show the first of them, each with its rank and both labels; pixels are those of all faces, uint8 (n, 48, 48)."""
    shown = worst[:SHOWN]
    captions = [f"{rank}. {face.given} → {face.suggested}" for rank, face in enumerate(shown, start=1)]
    faces = pixels[np.array([face.position for face in shown], int)]
    return contact_sheets.sheet(faces, captions, "The most suspect labels: given → suggested")


def write(suspects: Sequence[Suspect], path: str | Path) -> None:
    """Write suspects as CSV, a line each."""
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(COLUMNS)
        lines.writerows([face.name, face.given, face.suggested, f"{face.quality:.6f}"] for face in suspects)


def summarise(verdicts: Verdicts, listed: int) -> dict[str, object]:
    """Return the counts of metrics/label_audit.json: what confident learning calls an error, in all and by pair."""
    counts = np.zeros((len(EMOTIONS), len(EMOTIONS)), int)
    np.add.at(counts, (verdicts.given[verdicts.errors], verdicts.suggested[verdicts.errors]), 1)
    errors = {
        f"given_{given}": {
            f"suggested_{suggested}": int(counts[row, column])
            for column, suggested in enumerate(EMOTIONS)
            if column != row
        }
        for row, given in enumerate(EMOTIONS)
    }
    return {
        "faces": len(verdicts.given),
        "out_of_fold_accuracy": round(float(np.mean(verdicts.suggested == verdicts.given)), 6),
        "listed": listed,
        "called_errors": int(verdicts.errors.sum()),
        "errors": errors,
    }
