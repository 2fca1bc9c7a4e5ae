"""Label issues: faces whose out-of-fold predictions contradict their labels.

Found by confident learning (Northcutt, Jiang & Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels",
2021) with its authors' library, cleanlab.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.model_selection import StratifiedGroupKFold

from emotion.core.errors import InputError
from emotion.core.files import write_csv
from emotion.core.labels import EMOTIONS

COLUMNS = ("name", "label", "predicted_label", "label_quality")


@dataclass(frozen=True)
class LabelQuality:
    """The quality of n labels by out-of-fold predictions.

    Attributes:
        labels: Positions in EMOTIONS, (n,).
        predicted: Most probable emotions, as positions in EMOTIONS, (n,).
        quality: Out-of-fold probability of the label (self-confidence), 0..1, (n,); lower is worse.
        is_issue: Whether it differs from the predictions by confident learning, bool (n,). By a classifier
            that is 62 % right, a fifth of faultless labels do, so `ranked` goes by quality.
    """

    labels: np.ndarray
    predicted: np.ndarray
    quality: np.ndarray
    is_issue: np.ndarray


@dataclass(frozen=True)
class LabelIssue:
    """A face whose prediction contradicts its label, and its position among all faces."""

    position: int
    name: str
    label: str
    predicted_label: str
    label_quality: float


def folds_of(pixels: np.ndarray, labels: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Return the cross-validation fold of each face, 0..folds-1: stratified, exact duplicates in the same fold.

    Otherwise a network would learn a held-out face's label from its duplicate.

    Raises:
        InputError: There are too few faces.
    """
    numbers: dict[bytes, int] = {}
    groups = [numbers.setdefault(face.tobytes(), len(numbers)) for face in pixels]
    fold_of = np.full(len(labels), -1)
    try:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        for fold, (_, members) in enumerate(splitter.split(pixels, labels, groups)):
            fold_of[members] = fold
    except ValueError as error:
        raise InputError(f"label_audit.folds: these faces cannot be divided: {error}") from None
    return fold_of


def find(labels: np.ndarray, probabilities: np.ndarray) -> LabelQuality:
    """Return the quality of each label by out-of-fold probabilities (n, 7), rows that sum to one.

    Of cleanlab's scores self-confidence finds most: with random label errors in PublicTest, 66 % of them are in the
    worst 8.4 % by the predictions of the committed `cnn`; by normalised margin 52 %.
    """
    probabilities = probabilities.astype(np.float64)
    # More jobs would be forked processes, which TensorFlow does not survive.
    is_issue = find_label_issues(labels, probabilities, filter_by="confident_learning", n_jobs=1)
    quality = get_label_quality_scores(labels, probabilities, method="self_confidence")
    return LabelQuality(labels, probabilities.argmax(axis=1), quality.round(6), is_issue)


def ranked(audited: LabelQuality, names: Sequence[str], count: int) -> list[LabelIssue]:
    """Return at most `count` faces whose predicted label differs from the label, worst first."""
    different = np.flatnonzero(audited.predicted != audited.labels).tolist()
    worst = sorted(different, key=lambda face: (audited.quality[face], names[face]))[:count]
    return [
        LabelIssue(
            position=face,
            name=names[face],
            label=EMOTIONS[audited.labels[face]],
            predicted_label=EMOTIONS[audited.predicted[face]],
            label_quality=float(audited.quality[face]),
        )
        for face in worst
    ]


def write(issues: Sequence[LabelIssue], path: str | Path) -> None:
    """Write label issues as a CSV file."""
    rows = [
        dict(zip(COLUMNS, (face.name, face.label, face.predicted_label, f"{face.label_quality:.6f}"), strict=True))
        for face in issues
    ]
    write_csv(path, rows, COLUMNS)


def summarise(audited: LabelQuality, listed: int) -> dict[str, object]:
    """Return the counts of metrics/label_audit.json: all label issues, and by label and predicted label."""
    counts = np.zeros((len(EMOTIONS), len(EMOTIONS)), int)
    np.add.at(counts, (audited.labels[audited.is_issue], audited.predicted[audited.is_issue]), 1)
    by_pair = {
        f"label_{label}": {
            f"predicted_{predicted}": int(counts[row, column])
            for column, predicted in enumerate(EMOTIONS)
            if column != row
        }
        for row, label in enumerate(EMOTIONS)
    }
    return {
        "faces": len(audited.labels),
        "out_of_fold_accuracy": round(float(np.mean(audited.predicted == audited.labels)), 6),
        "listed": listed,
        "label_issues": int(audited.is_issue.sum()),
        "by_label": by_pair,
    }
