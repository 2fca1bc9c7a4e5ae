"""Logit adjustment by the priors, and temperature scaling for the shares of votes."""

from pathlib import Path

import numpy as np
import pytest

from emotion.core.files import write_json
from emotion.core.labels import EMOTIONS
from emotion.evaluation import adjustments, calibration, metrics
from emotion.evaluation.adjustments import Adjustment

PRIORS = np.array([0.02, 0.02, 0.02, 0.3, 0.6, 0.02, 0.02])


def _biased(count: int = 20_000, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return labels by PRIORS, and the posterior of noisy evidence that knows these priors."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(7, count, p=PRIORS)
    evidence = rng.normal(0, 1, (count, 7))
    evidence[np.arange(count), labels] += 1.5
    posterior = PRIORS * np.exp(1.5 * evidence)
    return labels, posterior / posterior.sum(axis=1, keepdims=True)


def _recalls(adjustment: Adjustment, labels: np.ndarray, probabilities: np.ndarray) -> list[float]:
    predicted = adjustment.apply(probabilities).argmax(axis=1)
    return [np.mean(predicted[labels == emotion] == emotion) for emotion in range(7)]


@pytest.mark.parametrize(("balanced_weight", "low", "high"), [(0.0, 0.0, 0.1), (1.0, 0.8, 1.0)])
def test_the_exponent_is_the_best_for_the_wanted_score(balanced_weight: float, low: float, high: float):
    labels, probabilities = _biased()
    fitted = adjustments.fit(np.eye(7)[labels], probabilities, balanced_weight)
    assert low <= fitted.prior_exponent <= high
    np.testing.assert_allclose(fitted.priors, PRIORS, atol=0.01)


def test_a_larger_exponent_finds_more_of_the_rare_emotions():
    labels, probabilities = _biased()
    means = [np.mean(_recalls(Adjustment(1.0, exponent, PRIORS), labels, probabilities)) for exponent in (0, 0.5, 1)]
    assert means[0] < means[1] < means[2]


def test_exponent_0_and_temperature_1_change_nothing():
    _, probabilities = _biased(50)
    np.testing.assert_allclose(Adjustment(1.0, 0.0, PRIORS).apply(probabilities), probabilities, rtol=1e-9)


def test_the_temperature_fits_the_shares_and_not_the_majority():
    """A network that gives the true shares of the votes is right as it is; for the majority it is not sure enough."""
    rng = np.random.default_rng(1)
    shares = rng.dirichlet(np.ones(7), 5000)
    truthful = adjustments.fit(shares, shares, 0.0)
    assert truthful.temperature == pytest.approx(1, abs=0.01)
    assert calibration.ece(shares, truthful.apply(shares)) < 0.01
    assert calibration.fit_temperature(shares.argmax(axis=1), shares) < 0.5


def test_of_shares_a_prediction_is_as_correct_as_its_share():
    shares = np.zeros((3, 7))
    shares[[0, 0, 1, 2], [3, 4, 3, 5]] = (0.75, 0.25, 1, 1)
    predicted = np.array([3, 3, 0])
    assert metrics.weighted_accuracy(shares, predicted, 0.0) == pytest.approx(1.75 / 3, abs=1e-6)
    # All votes for happy are found, none for neutral and sad.
    assert metrics.weighted_accuracy(shares, predicted, 1.0) == pytest.approx(1 / 3, abs=1e-6)
    assert metrics.weighted_accuracy(shares, predicted, 0.25) == pytest.approx((0.75 * 1.75 + 0.25) / 3, abs=1e-6)


@pytest.mark.parametrize("mode", [None, "with_tta"])
def test_an_adjustment_is_read_as_it_was_written(tmp_path: Path, mode: str | None):
    adjustment = Adjustment(1.25, 0.35, PRIORS)
    values = adjustment.as_json()
    assert list(values["priors"]) == list(EMOTIONS)
    write_json(tmp_path / "adjustment.json", {mode: values} if mode else values)
    again = adjustments.read(tmp_path / "adjustment.json", mode)
    assert (again.temperature, again.prior_exponent) == (1.25, 0.35) and np.array_equal(again.priors, PRIORS)
