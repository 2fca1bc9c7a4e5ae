"""Bootstrap intervals, against scikit-learn's scores of faces that were really drawn again."""

import numpy as np
import pytest
from sklearn import metrics

from emotion.evaluation import bootstrap, scores
from emotion.labels import EMOTIONS


def answers(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and answers that are right more often than not."""
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(7), rng.integers(0, 7, count - 7)])
    probabilities = rng.dirichlet(np.ones(7), count)
    probabilities[np.arange(count), labels] += 0.3
    return labels, probabilities / probabilities.sum(axis=1, keepdims=True)


def test_a_resample_scores_what_scikit_learn_gives_for_its_faces():
    labels, probabilities = answers(200)
    (counts,) = bootstrap._resampled(200, 1, seed=3)
    drawn = np.repeat(np.arange(200), counts[0].astype(int))
    expected = scores.headline(labels[drawn], probabilities[drawn])
    found = bootstrap.intervals(labels, probabilities, 1, seed=3)
    for name, value in expected.items():
        assert found[name] == pytest.approx((value, value), abs=1e-6), name
    recalls = metrics.recall_score(labels[drawn], probabilities[drawn].argmax(axis=1), average=None)
    assert [found[f"recall/{emotion}"][0] for emotion in EMOTIONS] == pytest.approx(recalls, abs=1e-6)


def test_equal_probabilities_count_half_in_the_area_under_the_curve():
    labels, probabilities = answers(300)
    assert bootstrap.intervals(labels, np.full((300, 7), 1 / 7), 50, seed=1)["roc_auc"] == (0.5, 0.5)
    coarse = probabilities.round(1) + 1e-9
    (counts,) = bootstrap._resampled(300, 1, seed=4)
    drawn = np.repeat(np.arange(300), counts[0].astype(int))
    expected = scores.headline(labels[drawn], coarse[drawn])["roc_auc"]
    assert bootstrap.intervals(labels, coarse, 1, seed=4)["roc_auc"][0] == pytest.approx(expected, abs=1e-6)


def test_the_interval_of_accuracy_is_that_of_wilson_where_faces_are_many():
    labels, probabilities = answers(3000)
    low, high = bootstrap.intervals(labels, probabilities, 4000, seed=1)["accuracy"]
    assert (low, high) == pytest.approx(scores.accuracy_interval(labels, probabilities), abs=0.002)


def test_the_seed_fixes_the_interval():
    one, again, other = (bootstrap.intervals(*answers(100), 150, seed=seed) for seed in (1, 1, 2))
    assert one == again != other


def test_an_emotion_without_faces_has_no_interval_and_no_part_in_means():
    labels, probabilities = answers(300)
    labels[labels == 1] = 0
    found = bootstrap.intervals(labels, probabilities, 200, seed=1)
    assert found["recall/disgust"] is found["f1/disgust"] is found["roc_auc"] is None
    low, high = found["balanced_accuracy"]
    assert low < scores.headline(labels, probabilities)["balanced_accuracy"] < high


def test_one_face_has_an_interval_without_width():
    found = bootstrap.intervals(np.array([3]), np.eye(7)[[3]], 20, seed=1)
    assert found["accuracy"] == found["macro_f1"] == (1.0, 1.0) and found["roc_auc"] is None
