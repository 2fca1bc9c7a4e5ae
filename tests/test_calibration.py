"""Temperatures and calibration errors, against second implementations and answers whose calibration is known."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from emotion.evaluation import calibration


def drawn(count: int, temperature: float = 1.0, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return labels drawn from probabilities, and the probabilities made surer by a temperature above 1."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(7, 0.4), count)
    labels = (probabilities.cumsum(axis=1) > rng.random((count, 1))).argmax(axis=1)
    return labels, calibration.scaled(probabilities, 1 / temperature)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_made_answers_too_sure_is_found(temperature: float):
    labels, probabilities = drawn(20_000, temperature)
    assert calibration.temperature(labels, probabilities) == pytest.approx(temperature, rel=0.03)


def test_scaling_divides_logits_and_changes_no_answer():
    logits = np.random.default_rng(1).normal(0, 3, (50, 7))

    def softmax(values: np.ndarray) -> np.ndarray:
        return np.exp(values) / np.exp(values).sum(axis=1, keepdims=True)

    np.testing.assert_allclose(calibration.scaled(softmax(logits), 1.7), softmax(logits / 1.7), rtol=1e-9)
    np.testing.assert_array_equal(calibration.scaled(np.eye(7), 3.0).argmax(axis=1), np.arange(7))


def test_the_error_of_15_bins_is_that_of_a_second_implementation():
    labels, probabilities = drawn(3000, 2.0)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    share, mean = calibration_curve(right, confidence, n_bins=15)
    faces = np.histogram(confidence, np.linspace(0, 1, 16))[0]
    expected = (np.abs(share - mean) * faces[faces > 0]).sum() / 3000
    assert calibration.error(labels, probabilities) == pytest.approx(expected, abs=1e-9)


def test_bins_of_equal_mass_hold_the_same_number_of_faces_each_face_once():
    found = calibration.bins(*drawn(1500), equal_mass=True)
    assert [one["faces"] for one in found] == [100] * 15
    confidences = [one["confidence"] for one in found]
    assert confidences == sorted(confidences)


def test_cross_fitting_mends_answers_that_are_too_sure():
    labels, probabilities = drawn(4000, 2.0)
    low, high = calibration.error_by_chance(drawn(4000)[1], 200, seed=1)
    assert calibration.error(labels, probabilities) > 0.1
    assert low / 2 < calibration.cross_fitted_error(labels, probabilities, 5, seed=1) < high * 1.5


def test_no_face_has_a_part_in_its_own_temperature():
    fold = np.random.default_rng(3).permutation(2000) % 2
    sure = np.full((2000, 7), 0.05)
    sure[:, 0] = 0.7
    labels = np.where((fold == 0) | (np.arange(2000) % 10 < 4), 0, 1)  # all of one fold are right, 40 % of the other
    assert calibration.cross_fitted_error(labels, sure, 2, seed=3) == pytest.approx(0.6, abs=0.02)


def test_calibrated_answers_lie_within_what_chance_gives_and_sure_ones_do_not():
    labels, probabilities = drawn(3589)
    low, high = calibration.error_by_chance(probabilities, 500, seed=1)
    assert low < calibration.error(labels, probabilities) < high
    assert calibration.error(*drawn(3589, 1.5)) > calibration.error_by_chance(drawn(3589, 1.5)[1], 500, seed=1)[1]


def test_the_brier_score_is_0_for_what_is_right_and_2_for_what_is_wrong():
    assert calibration.brier(np.array([2]), np.eye(7)[[2]]) == 0
    assert calibration.brier(np.array([2]), np.eye(7)[[3]]) == 2


def test_risk_grows_from_the_surest_face_to_all_of_them():
    labels, probabilities = np.array([0, 1, 0, 0]), np.eye(7)[[0, 0, 0, 1]] * [[0.9], [0.6], [0.8], [0.3]]
    coverage, risk = calibration.risk_coverage(labels, probabilities)
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk == pytest.approx([0, 0, 1 / 3, 1 / 2])
    assert calibration.confidence_for(labels, probabilities, 0.9) == (0.8, 0.5)
    assert calibration.confidence_for(labels, probabilities, 0.6) == (0.6, 0.75)
    assert calibration.confidence_for(np.array([3]), np.eye(7)[[1]], 0.9) is None


def test_faces_of_equal_confidence_are_accepted_or_refused_together():
    assert calibration.confidence_for(np.array([0, 1]), np.eye(7)[[0, 0]], 0.9) is None


def test_one_face_is_enough_for_every_number():
    labels, probabilities = np.array([3]), np.full((1, 7), 1 / 7)
    assert calibration.temperature(labels, probabilities) > 0
    assert calibration.cross_fitted_error(labels, probabilities, 5, seed=1) == pytest.approx(1 / 7, abs=1e-6)
