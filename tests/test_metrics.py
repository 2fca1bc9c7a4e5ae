"""Metrics: against numbers worked out by hand, scikit-learn and statsmodels."""

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics
from statsmodels.stats.proportion import proportion_confint

from emotion.core.labels import EMOTIONS
from emotion.evaluation import metrics
from tests.predicted import confident, drawn

# Nine faces: one of each emotion and two more happy ones; angry and sad are confused, one happy is predicted as sad.
LABELS = np.array([0, 1, 2, 3, 3, 3, 4, 5, 6])
PREDICTED = np.array([5, 1, 2, 3, 3, 5, 4, 0, 6])
PROBABILITIES = confident(PREDICTED, 0.7)


def test_headline_has_the_values_worked_out_by_hand():
    assert metrics.headline(LABELS, PROBABILITIES) | {"roc_auc": None} == pytest.approx(
        {
            "accuracy": 6 / 9,
            "balanced_accuracy": (0 + 1 + 1 + 2 / 3 + 1 + 0 + 1) / 7,
            # happy: precision 2/2, recall 2/3, F1 0.8; angry and sad 0; the other four 1
            "macro_f1": (0.8 + 4) / 7,
            "weighted_f1": (3 * 0.8 + 4) / 9,
            "roc_auc": None,
            "log_loss": -(6 * np.log(0.7) + 3 * np.log(0.05)) / 9,
        },
        abs=1e-6,
    )


def test_roc_auc_is_the_mean_of_each_emotion_against_the_rest():
    labels, probabilities = drawn(300)
    expected = sklearn_metrics.roc_auc_score(labels, probabilities, multi_class="ovr", average="macro")
    assert metrics.headline(labels, probabilities)["roc_auc"] == pytest.approx(expected, abs=1e-6)
    curves = metrics.roc(labels, probabilities)
    area = np.trapezoid([point["macro"] for point in curves], [point["fpr"] for point in curves])
    assert area == pytest.approx(expected, abs=0.02)


def test_an_absent_emotion_has_no_roc_auc_and_no_part_in_means():
    present = LABELS != 1
    labels, probabilities = LABELS[present], PROBABILITIES[present]
    found = metrics.headline(labels, probabilities)
    assert found["roc_auc"] is None
    assert found["balanced_accuracy"] == pytest.approx((0 + 1 + 2 / 3 + 1 + 0 + 1) / 6, abs=1e-6)
    assert found["macro_f1"] == pytest.approx((0 + 1 + 0.8 + 1 + 0 + 1) / 6, abs=1e-6)
    disgust = metrics.per_class(labels, probabilities)[1]
    assert disgust == {"emotion": "disgust", "precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}
    assert set(metrics.roc(labels, probabilities)[0]) == {"fpr", "macro", *EMOTIONS} - {"disgust"}


def test_per_class_has_one_row_per_emotion_in_the_order_of_the_labels():
    rows = metrics.per_class(LABELS, PROBABILITIES)
    assert [row["emotion"] for row in rows] == list(EMOTIONS)
    assert rows[3] == {"emotion": "happy", "precision": 1.0, "recall": 0.666667, "f1": 0.8, "support": 3}
    assert sum(row["support"] for row in rows) == 9


def test_the_interval_of_accuracy_is_wilsons():
    probabilities = np.eye(7)[np.repeat([0, 1], [330, 170])]
    expected = proportion_confint(330, 500, method="wilson")
    assert metrics.share_interval(probabilities.argmax(axis=1) == 0) == pytest.approx(expected, abs=1e-6)


def test_roc_is_a_step_for_a_perfect_model_and_the_diagonal_for_chance():
    curves = metrics.roc(LABELS, confident(LABELS))
    assert len(curves) == 101
    assert all(point["macro"] == 1 for point in curves)
    blind = metrics.roc(LABELS, np.full((9, 7), 1 / 7))
    assert all(point["macro"] == pytest.approx(point["fpr"], abs=1e-6) for point in blind)
