"""Scores of predictions, in NumPy alone, because every install has `emotion score`; tests compare scikit-learn's."""

from typing import Any

import numpy as np

from emotion.core.labels import EMOTIONS

CLASSES = np.arange(len(EMOTIONS))
Z = 1.959963984540054  # 97.5 % of a normal distribution are below


def headline(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float | None]:
    """Return accuracy, F1, area under the ROC curve and log loss, rounded to six digits.

    Args:
        labels: Positions in EMOTIONS, (n,).
        probabilities: Float (n, 7), rows that sum to one.

    Returns:
        Means are over the emotions that occur in the labels; the area under the ROC curve, each emotion against the
        rest, is None if one is absent.
    """
    present = np.unique(labels)
    rows = per_class_scores(confusion(labels, probabilities))
    return _rounded(
        {
            "accuracy": (probabilities.argmax(axis=1) == labels).mean(),
            "balanced_accuracy": rows["recall"][present].mean(),
            "macro_f1": rows["f1"][present].mean(),
            "weighted_f1": (rows["f1"] * rows["support"]).sum() / len(labels),
            "roc_auc": _mean_auc(labels, probabilities) if len(present) == len(CLASSES) else None,
            "log_loss": losses(labels, probabilities).mean(),
        }
    )


def losses(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return the log loss of each face, (n,)."""
    of_label = np.take_along_axis(probabilities, labels[:, None], axis=1)[:, 0] / probabilities.sum(axis=1)
    return -np.log(np.maximum(of_label, np.finfo(float).eps))


def macro_f1(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean F1 of the emotions that occur in the labels."""
    return float(per_class_scores(confusion(labels, probabilities))["f1"][np.unique(labels)].mean())


def weighted_accuracy(shares: np.ndarray, predicted: np.ndarray, balanced_weight: float) -> float:
    """Return the weighted mean of accuracy and balanced accuracy, rounded to six digits.

    A prediction is as correct as its emotion's share of the votes; the recall of an emotion is the share of its votes
    that is predicted. So every vote for a rare emotion counts, and not only the few faces on which it has a majority.

    Args:
        shares: Of the votes (n, 7), or one-hot labels.
        predicted: Positions in EMOTIONS, (n,).
        balanced_weight: Weight of balanced accuracy, 0..1.
    """
    correct = shares * np.eye(len(CLASSES))[predicted]
    received = shares.sum(axis=0)
    recalls = (correct.sum(axis=0) / np.maximum(received, 1e-9))[received > 0]
    accuracy = correct.sum(axis=1).mean()
    return round(float((1 - balanced_weight) * accuracy + balanced_weight * recalls.mean()), 6)


def per_class(labels: np.ndarray, probabilities: np.ndarray) -> list[dict[str, object]]:
    """Return precision, recall, F1 and the number of faces of each emotion."""
    columns = per_class_scores(confusion(labels, probabilities))
    return [
        {"emotion": emotion, **_rounded({"precision": precision, "recall": recall, "f1": f1}), "support": int(support)}
        for emotion, precision, recall, f1, support in zip(EMOTIONS, *columns.values(), strict=True)
    ]


def per_class_scores(counts: np.ndarray) -> dict[str, np.ndarray]:
    """Return precision, recall, F1 (0 where undefined) and support of each emotion, (..., 7).

    Args:
        counts: What `confusion` returns, of one set of faces or of several: (..., 7, 7).
    """
    correct, support, predicted = counts.diagonal(axis1=-2, axis2=-1), counts.sum(axis=-1), counts.sum(axis=-2)
    return {
        "precision": correct / np.maximum(predicted, 1),
        "recall": correct / np.maximum(support, 1),
        "f1": 2 * correct / np.maximum(support + predicted, 1),
        "support": support,
    }


def confusion(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return how many faces of each true label (rows) have each predicted label (columns), int (7, 7)."""
    classes = len(CLASSES)
    cells = labels * classes + probabilities.argmax(axis=1)
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def share_interval(correct: np.ndarray) -> tuple[float, float]:
    """Return the 95 % confidence interval of the share of correct predictions, bool (n,) (Wilson, 1927)."""
    share, n = correct.mean(), len(correct)
    center = share + Z**2 / (2 * n)
    half = Z * np.sqrt(share * (1 - share) / n + (Z / (2 * n)) ** 2)
    return round(float((center - half) / (1 + Z**2 / n)), 6), round(float((center + half) / (1 + Z**2 / n)), 6)


def roc(labels: np.ndarray, probabilities: np.ndarray) -> list[dict[str, float]]:
    """Return the ROC curves, each emotion against the rest and their mean, at 101 false positive rates."""
    grid = np.linspace(0, 1, 101)
    curves = {}
    for emotion in np.unique(labels):
        curves[EMOTIONS[emotion]] = np.interp(grid, *_roc_curve(labels == emotion, probabilities[:, emotion]))
    curves = {"fpr": grid, "macro": np.mean(list(curves.values()), axis=0), **curves}
    return [_rounded(dict(zip(curves, point, strict=True))) for point in zip(*curves.values(), strict=True)]


def _roc_curve(positive: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return false and true positive rates from (0, 0) to (1, 1), a point for each distinct value."""
    order = np.argsort(-values, kind="stable")
    last = np.flatnonzero(np.diff(values[order], append=-np.inf))  # of each run of equal values
    rates = [np.append(0, np.cumsum(found[order])[last]) / found.sum() for found in (~positive, positive)]
    return rates[0], rates[1]


def _mean_auc(labels: np.ndarray, probabilities: np.ndarray) -> float:
    curves = [_roc_curve(labels == emotion, probabilities[:, emotion]) for emotion in CLASSES]
    return float(np.mean([np.trapezoid(tpr, fpr) for fpr, tpr in curves]))


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: None if value is None else round(float(value), 6) for name, value in values.items()}
