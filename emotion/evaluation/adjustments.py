"""What is done to a network's probabilities after it predicted them: logit adjustment and temperature scaling.

A network learns how frequent each emotion is in its training faces and predicts the rare ones too seldom. Dividing its
probabilities by these priors to some power makes up for it (Menon et al., "Long-tail Learning via Logit Adjustment",
2021).
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from emotion.core import votes
from emotion.core.labels import EMOTIONS
from emotion.core.predictions import Predictions
from emotion.evaluation import calibration, metrics
from emotion.evaluation.settings import CalibrateSettings

EXPONENTS = np.linspace(0, 1, 21)
MIN_PRIOR = 1e-6


@dataclass(frozen=True)
class Adjustment:
    """Probabilities become proportional to (probability / prior ** prior_exponent) ** (1 / temperature).

    Attributes:
        temperature: Above 1 it lowers the confidence.
        prior_exponent: 0 keeps the network's priors, 1 makes all emotions equally likely.
        priors: The network's implicit priors of the emotions, (7,), estimated as its mean probabilities of validation
            faces.
    """

    temperature: float
    prior_exponent: float
    priors: np.ndarray

    def apply(self, probabilities: np.ndarray) -> np.ndarray:
        """Return adjusted probabilities, float (n, 7)."""
        divided = probabilities / self.priors**self.prior_exponent
        return calibration.apply_temperature(divided, self.temperature)

    def as_json(self) -> dict[str, Any]:
        """Return the values that `read` reads, ready for JSON."""
        priors = dict(zip(EMOTIONS, self.priors.tolist(), strict=True))
        return {"temperature": self.temperature, "prior_exponent": self.prior_exponent, "priors": priors}


def read(path: str | Path, mode: str | None = None) -> Adjustment:
    """Return the adjustment in metrics/ensemble_members.json or a file of metrics/calibration/.

    Args:
        path: The file.
        mode: In the latter, that of predictions `without_tta` or `with_tta`.
    """
    values = json.loads(Path(path).read_text(encoding="utf-8"))
    if mode:
        values = values[mode]
    priors = np.array([values["priors"][emotion] for emotion in EMOTIONS])
    return Adjustment(values["temperature"], values["prior_exponent"], priors)


def fitted(predicted: Predictions, votes_path: str, settings: CalibrateSettings) -> dict[str, Any]:
    """Return the adjustment fitted on validation faces, and the ECE before it, after it and cross-fitted.

    Args:
        predicted: For validation faces.
        votes_path: File of the annotators' votes. Without any, labels take their place.
        settings: Section `calibrate` of params.yaml.
    """
    shares = vote_shares(votes.read(votes_path, predicted.names), predicted.labels)
    adjustment = fit(shares, predicted.probabilities, settings.balanced_weight)
    divided = replace(adjustment, temperature=1.0).apply(predicted.probabilities)
    errors = {
        "ece": calibration.ece(shares, predicted.probabilities),
        "ece_after": calibration.ece(shares, adjustment.apply(predicted.probabilities)),
        "ece_cross_fitted": calibration.cross_fitted_ece(shares, divided, settings.folds, settings.seed),
    }
    temperature_of_labels = calibration.fit_temperature(predicted.labels, divided)
    rounded = {name: round(error, 6) for name, error in errors.items()}
    return {**adjustment.as_json(), **rounded, "temperature_of_labels": temperature_of_labels}


def score(predicted: Predictions, votes_path: str, adjustment: Adjustment, balanced_weight: float) -> float:
    """Return (1 - balanced_weight) x accuracy + balanced_weight x balanced accuracy, both of shares of the votes.

    The exponent is chosen by it, too.
    """
    shares = vote_shares(votes.read(votes_path, predicted.names), predicted.labels)
    chosen = adjustment.apply(predicted.probabilities).argmax(axis=1)
    return metrics.weighted_accuracy(shares, chosen, balanced_weight)


def vote_shares(counts: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the shares of the votes (n, 10), float (n, 7); a face without votes has its one-hot label."""
    shares = votes.shares(counts)
    return np.where(shares.any(axis=1, keepdims=True), shares, np.eye(len(EMOTIONS))[labels])


def fit(shares: np.ndarray, probabilities: np.ndarray, balanced_weight: float) -> Adjustment:
    """Fit the exponent, then the temperature, on validation faces.

    The exponent is the one with the highest weighted mean of accuracy and balanced accuracy; ties go to the smallest.
    The temperature minimises the cross-entropy with the shares.

    Args:
        shares: Of the votes (n, 7), or one-hot labels.
        probabilities: Float (n, 7).
        balanced_weight: Weight of balanced accuracy, 0..1.
    """
    # Rounded, so that the last bits of a sum decide nothing.
    priors = np.array([float(f"{prior:.4g}") for prior in np.maximum(probabilities.mean(axis=0), MIN_PRIOR)])
    scores = [
        metrics.weighted_accuracy(shares, (probabilities / priors**exponent).argmax(axis=1), balanced_weight)
        for exponent in EXPONENTS
    ]
    exponent = round(float(EXPONENTS[int(np.argmax(scores))]), 2)
    temperature = calibration.fit_temperature(shares, Adjustment(1.0, exponent, priors).apply(probabilities))
    return Adjustment(temperature, exponent, priors)
