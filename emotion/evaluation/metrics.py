"""Scores of predictions, by scikit-learn."""

from typing import Any

import numpy as np
from scipy.stats import binomtest
from sklearn import metrics

from emotion.core.labels import EMOTIONS

CLASSES = np.arange(len(EMOTIONS))


def headline(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float | None]:
    """Return accuracy, F1, area under the ROC curve and log loss, rounded to six digits.

    Args:
        labels: Positions in EMOTIONS, (n,).
        probabilities: Float (n, 7), rows that sum to one.

    Returns:
        Means are over the emotions that occur in the labels; the area under the ROC curve, each emotion against the
        rest, is None if one is absent.
    """
    predicted = probabilities.argmax(axis=1)
    present = np.unique(labels)
    return _rounded(
        {
            "accuracy": metrics.accuracy_score(labels, predicted),
            "balanced_accuracy": metrics.recall_score(
                labels, predicted, labels=present, average="macro", zero_division=0
            ),
            "macro_f1": macro_f1(labels, predicted),
            "weighted_f1": metrics.f1_score(labels, predicted, labels=CLASSES, average="weighted", zero_division=0),
            "roc_auc": _mean_auc(labels, probabilities) if len(present) == len(CLASSES) else None,
            "log_loss": metrics.log_loss(labels, _normalised(probabilities), labels=CLASSES),
        }
    )


def macro_f1(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Return the mean F1 of the emotions that occur in the labels, from labels and predicted labels (n,)."""
    return float(metrics.f1_score(labels, predicted, labels=np.unique(labels), average="macro", zero_division=0))


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
    predicted = probabilities.argmax(axis=1)
    columns = metrics.precision_recall_fscore_support(labels, predicted, labels=CLASSES, zero_division=0)
    return [
        {"emotion": emotion, **_rounded({"precision": precision, "recall": recall, "f1": f1}), "support": int(support)}
        for emotion, precision, recall, f1, support in zip(EMOTIONS, *columns, strict=True)
    ]


def confusion(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return how many faces of each true label (rows) have each predicted label (columns), int (7, 7)."""
    return metrics.confusion_matrix(labels, probabilities.argmax(axis=1), labels=CLASSES)


def accuracy_interval(labels: np.ndarray, probabilities: np.ndarray) -> tuple[float, float]:
    """Return the 95 % confidence interval of the accuracy."""
    return share_interval(probabilities.argmax(axis=1) == labels)


def share_interval(correct: np.ndarray) -> tuple[float, float]:
    """Return the 95 % confidence interval of the share of correct predictions, bool (n,) (Wilson, 1927)."""
    interval = binomtest(int(correct.sum()), len(correct)).proportion_ci(method="wilson")
    return round(float(interval.low), 6), round(float(interval.high), 6)


def roc(labels: np.ndarray, probabilities: np.ndarray) -> list[dict[str, float]]:
    """Return the ROC curves, each emotion against the rest and their mean, at 101 false positive rates."""
    grid = np.linspace(0, 1, 101)
    curves = {}
    for emotion in np.unique(labels):
        fpr, tpr, _ = metrics.roc_curve(labels == emotion, probabilities[:, emotion])
        curves[EMOTIONS[emotion]] = np.interp(grid, fpr, tpr)
    curves = {"fpr": grid, "macro": np.mean(list(curves.values()), axis=0), **curves}
    return [_rounded(dict(zip(curves, point, strict=True))) for point in zip(*curves.values(), strict=True)]


def _mean_auc(labels: np.ndarray, probabilities: np.ndarray) -> float:
    return float(np.mean([metrics.roc_auc_score(labels == emotion, probabilities[:, emotion]) for emotion in CLASSES]))


def _normalised(probabilities: np.ndarray) -> np.ndarray:
    """Return rows that sum to one exactly, which rounding to six digits in the CSV file does not keep."""
    return probabilities / probabilities.sum(axis=1, keepdims=True)


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: None if value is None else round(float(value), 6) for name, value in values.items()}
