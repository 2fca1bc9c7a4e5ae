"""Bootstrap intervals, against scikit-learn's scores of the faces drawn."""

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from emotion.core.labels import EMOTIONS
from emotion.evaluation import bootstrap, metrics
from tests.predicted import drawn


@pytest.mark.parametrize("digits", [17, 1], ids=["distinct probabilities", "ties"])
def test_a_resample_has_the_scores_that_scikit_learn_gives(digits: int):
    labels, probabilities = drawn(200)
    probabilities = probabilities.round(digits) + 1e-9
    (counts,) = bootstrap._resampled(200, 1, seed=3)
    rows = np.repeat(np.arange(200), counts[0].astype(int))
    expected = metrics.headline(labels[rows], probabilities[rows])
    found = bootstrap.intervals(labels, probabilities, 1, seed=3)
    for name, value in expected.items():
        assert found[name] == pytest.approx((value, value), abs=1e-6), name
    recalls = sklearn_metrics.recall_score(labels[rows], probabilities[rows].argmax(axis=1), average=None)
    assert [found[f"recall/{emotion}"][0] for emotion in EMOTIONS] == pytest.approx(recalls, abs=1e-6)


def test_the_interval_of_accuracy_is_wilsons_where_faces_are_many():
    labels, probabilities = drawn(3000)
    low, high = bootstrap.intervals(labels, probabilities, 4000, seed=1)["accuracy"]
    assert (low, high) == pytest.approx(metrics.share_interval(probabilities.argmax(axis=1) == labels), abs=0.002)


def test_the_seed_fixes_the_interval():
    one, again, other = (bootstrap.intervals(*drawn(100), 150, seed=seed) for seed in (1, 1, 2))
    assert one == again != other


def test_an_absent_emotion_has_no_interval_and_no_part_in_means():
    labels, probabilities = drawn(300)
    labels[labels == 1] = 0
    found = bootstrap.intervals(labels, probabilities, 200, seed=1)
    assert found["recall/disgust"] is found["f1/disgust"] is found["roc_auc"] is None
    low, high = found["balanced_accuracy"]
    assert low < metrics.headline(labels, probabilities)["balanced_accuracy"] < high
