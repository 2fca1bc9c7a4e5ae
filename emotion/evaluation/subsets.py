"""The subsets on which a model is scored, and all its scores on a subset."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import Field

from emotion.core.params import Section
from emotion.core.predictions import Predictions
from emotion.evaluation import bootstrap, calibration, metrics

HEADLINE = ("accuracy", "macro_f1", "balanced_accuracy")  # with their CI in metrics/<model>.json
WITHOUT_CI = ("roc_auc", "log_loss")
SIMULATIONS = 1000  # of perfectly calibrated predictions
TARGET_ACCURACY = 0.9  # for which a confidence threshold is sought


class EvaluateSettings(Section):
    """Section `evaluate` of params.yaml."""

    resamples: int = Field(ge=1)
    seed: int = Field(ge=0)


@dataclass(frozen=True)
class Scored:
    """Labels (n,), a model's probabilities (n, 7) before temperature scaling, and the temperature."""

    labels: np.ndarray
    uncalibrated: np.ndarray
    temperature: float

    @property
    def probabilities(self) -> np.ndarray:
        """The calibrated probabilities, which an exported file gives, too."""
        return calibration.apply_temperature(self.uncalibrated, self.temperature)


def scored_subsets(
    validation: Predictions, test: Predictions, temperature: float, suffix: str = ""
) -> dict[str, Scored]:
    """Return validation, test, and the test faces without exact leakage and without any leakage.

    Args:
        validation: Predictions for validation faces.
        test: Predictions for test faces.
        temperature: Fitted on the validation faces.
        suffix: Of the names of the subsets, such as `_tta`.
    """
    found = {
        f"validation{suffix}": Scored(validation.labels, validation.probabilities, temperature),
        f"test{suffix}": Scored(test.labels, test.probabilities, temperature),
    }
    for name, rows in {"no_exact_leakage": test.leakage != "exact", "no_leakage": test.leakage == "no"}.items():
        if rows.any():
            found[f"test{suffix}_{name}"] = Scored(test.labels[rows], test.probabilities[rows], temperature)
    return found


def details(subset: Scored, settings: EvaluateSettings) -> dict[str, Any]:
    """Return every score of a subset with its 95 % CI: Wilson's for the accuracy, else the bootstrap's."""
    labels = subset.labels
    probabilities = subset.probabilities
    intervals = bootstrap.intervals(labels, probabilities, settings.resamples, settings.seed)
    intervals["accuracy"] = metrics.accuracy_interval(labels, probabilities)
    per_class = metrics.per_class(labels, probabilities)
    for row in per_class:
        for score in ("recall", "f1"):
            row |= _ends(score, intervals[f"{score}/{row['emotion']}"])
    values = metrics.headline(labels, probabilities)
    return {
        "faces": len(labels),
        "scores": {name: {name: value, **_ends(name, intervals[name])} for name, value in values.items()},
        "per_class": per_class,
        "confusion": metrics.confusion(labels, probabilities).tolist(),
        "calibration": _calibration(subset, settings.seed),
    }


def headline(details: dict[str, Any]) -> dict[str, float | None]:
    """Return the scores for metrics/<model>.json from what `details` returns."""
    found: dict[str, float | None] = {}
    for name in HEADLINE:
        found |= details["scores"][name]
    found |= {name: details["scores"][name][name] for name in WITHOUT_CI}
    return found | {"ece": details["calibration"]["after"]["ece"]}


def _ends(name: str, interval: bootstrap.Interval) -> dict[str, float | None]:
    low, high = interval or (None, None)
    return {f"{name}_low": low, f"{name}_high": high}


def _calibration(subset: Scored, seed: int) -> dict[str, Any]:
    """Return the calibration before and after temperature scaling, and the threshold for 90 % accuracy."""
    low, high = calibration.ece_of_perfect_calibration(subset.probabilities, SIMULATIONS, seed)
    found: dict[str, Any] = {"temperature": subset.temperature}
    for when, probabilities in {"before": subset.uncalibrated, "after": subset.probabilities}.items():
        errors = {
            "ece": calibration.ece(subset.labels, probabilities),
            "adaptive_ece": calibration.ece(subset.labels, probabilities, equal_mass=True),
            "brier": calibration.brier(subset.labels, probabilities),
            "log_loss": calibration.log_loss(subset.labels, probabilities),
        }
        found[when] = {name: round(value, 6) for name, value in errors.items()}
    threshold = calibration.confidence_for(subset.labels, subset.probabilities, TARGET_ACCURACY)
    found |= {"ece_of_perfect_calibration_low": round(low, 6), "ece_of_perfect_calibration_high": round(high, 6)}
    confidence, coverage = (round(value, 6) for value in threshold) if threshold else (None, None)
    return found | {"confidence_for_90": confidence, "coverage_for_90": coverage}
