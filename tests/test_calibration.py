"""Temperatures and calibration errors, against second implementations and predictions of known calibration."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from emotion.evaluation import calibration


def sampled(count: int, temperature: float = 1.0, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return labels drawn from probabilities, and these made overconfident by a temperature above 1."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(7, 0.4), count)
    labels = (probabilities.cumsum(axis=1) > rng.random((count, 1))).argmax(axis=1)
    return labels, calibration.apply_temperature(probabilities, 1 / temperature)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_behind_overconfident_predictions_is_found(temperature: float):
    labels, probabilities = sampled(20_000, temperature)
    assert calibration.fit_temperature(labels, probabilities) == pytest.approx(temperature, rel=0.03)


def test_temperature_scaling_divides_logits_and_keeps_predicted_labels():
    logits = np.random.default_rng(1).normal(0, 3, (50, 7))

    def softmax(values: np.ndarray) -> np.ndarray:
        return np.exp(values) / np.exp(values).sum(axis=1, keepdims=True)

    np.testing.assert_allclose(calibration.apply_temperature(softmax(logits), 1.7), softmax(logits / 1.7), rtol=1e-9)
    np.testing.assert_array_equal(calibration.apply_temperature(np.eye(7), 3.0).argmax(axis=1), np.arange(7))


def test_ece_is_that_of_a_second_implementation():
    labels, probabilities = sampled(3000, 2.0)
    confidence = probabilities.max(axis=1)
    accuracy, mean = calibration_curve(probabilities.argmax(axis=1) == labels, confidence, n_bins=15)
    faces = np.histogram(confidence, np.linspace(0, 1, 16))[0]
    expected = (np.abs(accuracy - mean) * faces[faces > 0]).sum() / 3000
    assert calibration.ece(labels, probabilities) == pytest.approx(expected, abs=1e-9)


def test_bins_of_equal_mass_have_equal_numbers_of_faces():
    found = calibration.bins(*sampled(1500), equal_mass=True)
    assert [one["faces"] for one in found] == [100] * 15
    confidences = [one["confidence"] for one in found]
    assert confidences == sorted(confidences)


def test_cross_fitting_mends_overconfident_predictions():
    labels, probabilities = sampled(4000, 2.0)
    low, high = calibration.ece_of_perfect_calibration(sampled(4000)[1], 200, seed=1)
    assert calibration.ece(labels, probabilities) > 0.1
    assert low / 2 < calibration.cross_fitted_ece(labels, probabilities, 5, seed=1) < high * 1.5


def test_a_face_is_not_scaled_by_a_temperature_fitted_on_it():
    fold = np.random.default_rng(3).permutation(2000) % 2
    probabilities = np.full((2000, 7), 0.05)
    probabilities[:, 0] = 0.7
    # All predictions of one fold are correct, and 40 % of the other.
    labels = np.where((fold == 0) | (np.arange(2000) % 10 < 4), 0, 1)
    assert calibration.cross_fitted_ece(labels, probabilities, 2, seed=3) == pytest.approx(0.6, abs=0.02)


@pytest.mark.parametrize(("temperature", "inside"), [(1.0, True), (1.5, False)])
def test_only_calibrated_predictions_have_the_ece_of_perfect_calibration(temperature: float, inside: bool):
    labels, probabilities = sampled(3589, temperature)
    low, high = calibration.ece_of_perfect_calibration(probabilities, 500, seed=1)
    assert (low < calibration.ece(labels, probabilities) < high) is inside


def test_the_brier_score_is_0_for_correct_and_2_for_wrong_predictions():
    assert calibration.brier(np.array([2]), np.eye(7)[[2]]) == 0
    assert calibration.brier(np.array([2]), np.eye(7)[[3]]) == 2


def test_risk_is_the_error_rate_of_the_most_confident_faces():
    labels = np.array([0, 1, 0, 0])
    probabilities = np.eye(7)[[0, 0, 0, 1]] * [[0.9], [0.6], [0.8], [0.3]]
    coverage, risk = calibration.risk_coverage(labels, probabilities)
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk == pytest.approx([0, 0, 1 / 3, 1 / 2])
    assert calibration.confidence_for(labels, probabilities, 0.9) == (0.8, 0.5)
    assert calibration.confidence_for(labels, probabilities, 0.6) == (0.6, 0.75)
    falling = np.linspace(0.9, 0.8, 10)
    nine_of_ten = np.stack([falling, 1 - falling], axis=1)
    assert calibration.confidence_for(np.array([0] * 9 + [1]), nine_of_ten, 0.9) == (pytest.approx(0.8), 1.0)


@pytest.mark.parametrize(("labels", "predicted"), [([3], [1]), ([0, 1], [0, 0])], ids=["all wrong", "tie"])
def test_no_threshold_reaches_the_accuracy_if_none_can(labels: list[int], predicted: list[int]):
    assert calibration.confidence_for(np.array(labels), np.eye(7)[predicted], 0.9) is None


def test_one_face_is_enough_for_every_number():
    labels, probabilities = np.array([3]), np.full((1, 7), 1 / 7)
    assert calibration.fit_temperature(labels, probabilities) > 0
    assert calibration.cross_fitted_ece(labels, probabilities, 5, seed=1) == pytest.approx(1 / 7, abs=1e-6)
