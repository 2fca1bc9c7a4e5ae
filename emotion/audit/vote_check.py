"""What the annotators' votes say of the labels, of the audit and of the label issues."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from emotion.core import votes
from emotion.core.labels import EMOTIONS

NOT_A_FACE = votes.COLUMNS.index("not_a_face")
UNKNOWN = votes.COLUMNS.index("unknown")


def of_labels(labels: np.ndarray, counts: np.ndarray) -> dict[str, Any]:
    """Return how many faces have a majority and how often it is the label, in all and of each label.

    Args:
        labels: Positions in EMOTIONS, (n,).
        counts: Votes (n, 10).
    """
    majority = votes.majority(counts)
    found: dict[str, Any] = {
        "faces": len(labels),
        "with_votes": int(counts.any(axis=1).sum()),
        "with_majority": int((majority >= 0).sum()),
        "not_a_face": int((counts[:, NOT_A_FACE] >= votes.MAJORITY).sum()),
        "unknown": int((counts[:, UNKNOWN] >= votes.MAJORITY).sum()),
        "label_is_majority": _share(majority[majority >= 0] == labels[majority >= 0]),
    }
    of_emotion = {emotion: (majority >= 0) & (labels == place) for place, emotion in enumerate(EMOTIONS)}
    by_label = {emotion: _share(majority[rows] == labels[rows]) for emotion, rows in of_emotion.items()}
    return found | {"label_is_majority_by_label": by_label}


def of_faces(scores: np.ndarray, min_score: float, counts: np.ndarray) -> dict[str, Any]:
    """Return how well the audit's score finds what most annotators call no face.

    Args:
        scores: Of each face (n,), 0 to 1; NaN where there is none.
        min_score: From which a picture counts as no face.
        counts: Votes (n, 10).
    """
    flagged = np.nan_to_num(scores) >= min_score
    true = counts[:, NOT_A_FACE] >= votes.MAJORITY
    both = flagged & true
    return {
        "flagged": int(flagged.sum()),
        "precision": _share(both[flagged]),
        "recall": _share(both[true]),
    }


def of_issues(issues: Mapping[str, str], labels: np.ndarray, counts: np.ndarray) -> dict[str, Any]:
    """Return how many of the listed labels a majority contradicts, and how many of the others.

    Args:
        issues: The predicted label of each listed face, by its name, the worst first.
        labels: Of the listed faces, in this order (n,).
        counts: Their votes (n, 10).
    """
    majority = votes.majority(counts)
    predicted = np.array([EMOTIONS.index(label) for label in issues.values()], int)
    found: dict[str, Any] = {"listed": len(predicted), "with_majority": int((majority >= 0).sum())}
    for name, length in (("first_100", 100), ("first_500", 500), ("all", len(predicted))):
        rows = np.flatnonzero(majority[:length] >= 0)
        found[f"precision_{name}"] = _share(majority[rows] != labels[rows])
        found[f"predicted_is_majority_{name}"] = _share(majority[rows] == predicted[rows])
    return found


def _share(values: np.ndarray) -> float | None:
    return round(float(values.mean()), 6) if len(values) else None
