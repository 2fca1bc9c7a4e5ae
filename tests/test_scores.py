"""Scores: against numbers worked out by hand and against scikit-learn's own."""

import numpy as np
import pytest
from sklearn import metrics

from emotion.evaluation import scores
from emotion.labels import EMOTIONS

# Nine faces: one of each emotion and two more happy ones; angry and sad are taken for each other, one happy for sad.
LABELS = np.array([0, 1, 2, 3, 3, 3, 4, 5, 6])
ANSWERS = np.array([5, 1, 2, 3, 3, 5, 4, 0, 6])


def _sure(answers: np.ndarray, probability: float = 0.7) -> np.ndarray:
    """Return probabilities (n, 7) that give the answer `probability` and the others equal shares of the rest."""
    rest = (1 - probability) / 6
    return np.where(np.eye(7)[answers] == 1, probability, rest)


def test_headline_has_the_values_worked_out_by_hand():
    found = scores.headline(LABELS, _sure(ANSWERS))
    assert found["accuracy"] == pytest.approx(6 / 9, abs=1e-6)
    assert found["balanced_accuracy"] == pytest.approx((0 + 1 + 1 + 2 / 3 + 1 + 0 + 1) / 7, abs=1e-6)
    # happy: precision 2/2, recall 2/3, F1 0.8; angry and sad 0; the other four 1
    assert found["macro_f1"] == pytest.approx((0.8 + 4) / 7, abs=1e-6)
    assert found["weighted_f1"] == pytest.approx((3 * 0.8 + 4) / 9, abs=1e-6)
    assert found["log_loss"] == pytest.approx(-(6 * np.log(0.7) + 3 * np.log(0.05)) / 9, abs=1e-6)


def test_roc_auc_is_the_mean_of_each_emotion_against_the_rest():
    rng = np.random.default_rng(2)
    labels = np.concatenate([np.arange(7), rng.integers(0, 7, 300)])
    probabilities = rng.dirichlet(np.ones(7), len(labels))
    probabilities[np.arange(len(labels)), labels] += 0.3
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    wanted = metrics.roc_auc_score(labels, probabilities, multi_class="ovr", average="macro")
    assert scores.headline(labels, probabilities)["roc_auc"] == pytest.approx(wanted, abs=1e-6)
    curves = scores.roc(labels, probabilities)
    area = np.trapezoid([point["macro"] for point in curves], [point["fpr"] for point in curves])
    assert area == pytest.approx(wanted, abs=0.02)


def test_an_absent_emotion_has_no_roc_auc_and_does_not_count_in_means():
    present = LABELS != 1
    found = scores.headline(LABELS[present], _sure(ANSWERS[present]))
    assert found["roc_auc"] is None
    assert found["balanced_accuracy"] == pytest.approx((0 + 1 + 2 / 3 + 1 + 0 + 1) / 6, abs=1e-6)
    assert found["macro_f1"] == pytest.approx((0 + 1 + 0.8 + 1 + 0 + 1) / 6, abs=1e-6)
    rows = scores.per_class(LABELS[present], _sure(ANSWERS[present]))
    assert rows[1] == {"emotion": "disgust", "precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}
    assert set(scores.roc(LABELS[present], _sure(ANSWERS[present]))[0]) == {"fpr", "macro", *EMOTIONS} - {"disgust"}


def test_per_class_has_one_row_per_emotion_in_the_projects_order():
    rows = scores.per_class(LABELS, _sure(ANSWERS))
    assert [row["emotion"] for row in rows] == list(EMOTIONS)
    assert rows[3] == {"emotion": "happy", "precision": 1.0, "recall": 0.666667, "f1": 0.8, "support": 3}
    assert sum(row["support"] for row in rows) == 9


def test_confusion_counts_true_emotions_in_rows():
    counts = scores.confusion(LABELS, _sure(ANSWERS))
    assert counts.shape == (7, 7) and counts.sum() == 9
    happy, sad = EMOTIONS.index("happy"), EMOTIONS.index("sad")
    assert counts[happy, sad] == 1 and counts[sad, happy] == 0


def test_accuracy_interval_is_wilsons():
    low, high = scores.accuracy_interval(np.zeros(100, int), _sure(np.array([0] * 65 + [1] * 35)))
    assert (low, high) == (pytest.approx(0.5525, abs=1e-4), pytest.approx(0.7364, abs=1e-4))


def test_roc_rises_from_0_to_1_and_is_a_step_for_a_perfect_model():
    curves = scores.roc(LABELS, _sure(LABELS))
    assert len(curves) == 101
    assert all(point["macro"] == 1 for point in curves)
    blind = scores.roc(LABELS, np.full((9, 7), 1 / 7))
    assert all(point["macro"] == pytest.approx(point["fpr"], abs=1e-6) for point in blind)
