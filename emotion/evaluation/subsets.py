"""The subsets on which a model is scored, and all its scores on a subset."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from emotion.core import votes
from emotion.core.predictions import Predictions
from emotion.evaluation import adjustments, bootstrap, calibration, metrics
from emotion.evaluation.adjustments import Adjustment
from emotion.evaluation.settings import EvaluateSettings

HEADLINE = ("accuracy", "macro_f1", "balanced_accuracy")  # with their CI in metrics/<model>.json
WITHOUT_CI = ("roc_auc", "log_loss")
SIMULATIONS = 1000  # of perfectly calibrated predictions
TARGET_ACCURACY = 0.9  # for which a confidence threshold is sought


@dataclass(frozen=True)
class Scored:
    """A model's predictions for the faces of a subset.

    Attributes:
        labels: Positions in EMOTIONS, (n,).
        shares: Of the annotators' votes, (n, 7); one-hot labels where nobody voted.
        unadjusted: The network's own probabilities, (n, 7).
        adjustment: Fitted on validation faces.
    """

    labels: np.ndarray
    shares: np.ndarray
    unadjusted: np.ndarray
    adjustment: Adjustment

    @property
    def probabilities(self) -> np.ndarray:
        """The adjusted probabilities, which an exported file gives, too."""
        return self.adjustment.apply(self.unadjusted)

    def only(self, rows: np.ndarray, labels: np.ndarray | None = None) -> "Scored":
        """Return some of the faces, bool (n,), with other labels (n,) if these are given."""
        labels = self.labels if labels is None else labels
        return Scored(labels[rows], self.shares[rows], self.unadjusted[rows], self.adjustment)


def scored_subsets(
    predicted: Mapping[str, Predictions], votes_path: str, adjustment: Adjustment, suffix: str = ""
) -> dict[str, Scored]:
    """Return validation and test faces, and of both those with a majority; of test faces also those without leakage.

    Args:
        predicted: Predictions for `validation` and `test` faces.
        votes_path: File of the annotators' votes; without any, the subsets with a majority are absent.
        adjustment: Fitted on the validation faces.
        suffix: Of the names of the subsets, such as `_tta`.
    """
    found: dict[str, Scored] = {}
    for subset, one in predicted.items():
        counts = votes.read(votes_path, one.names)
        whole = Scored(one.labels, adjustments.vote_shares(counts, one.labels), one.probabilities, adjustment)
        majority = votes.majority(counts)
        clear = votes.majority(counts, votes.CLEAR_MAJORITY)
        clean = one.leakage == "no"
        parts = {
            "": (np.ones(len(majority), bool), one.labels),
            "_no_exact_leakage": (one.leakage != "exact", one.labels),
            "_no_leakage": (clean, one.labels),
            "_majority": (majority >= 0, majority),
            "_majority_no_leakage": (clean & (majority >= 0), majority),
            "_clear": (clear >= 0, clear),
        }
        wanted = parts if subset == "test" else ("", "_majority")
        named = {f"{subset}{suffix}{part}": parts[part] for part in wanted}
        found |= {name: whole.only(rows, labels) for name, (rows, labels) in named.items() if rows.any()}
    return found


def details(subset: Scored, settings: EvaluateSettings) -> dict[str, Any]:
    """Return every score of a subset with its 95 % CI: Wilson's for the accuracy, else the bootstrap's."""
    labels = subset.labels
    probabilities = subset.probabilities
    intervals = bootstrap.intervals(labels, probabilities, settings.resamples, settings.seed)
    intervals["accuracy"] = metrics.share_interval(probabilities.argmax(axis=1) == labels)
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
    after = details["calibration"]["after"]
    return found | {name: after[name] for name in ("ece", "vote_ece", "vote_cross_entropy")}


def _ends(name: str, interval: bootstrap.Interval) -> dict[str, float | None]:
    low, high = interval or (None, None)
    return {f"{name}_low": low, f"{name}_high": high}


def _calibration(subset: Scored, seed: int) -> dict[str, Any]:
    """Return the calibration before and after the adjustment, and the threshold for 90 % accuracy."""
    low, high = calibration.ece_of_perfect_calibration(subset.probabilities, SIMULATIONS, seed)
    found = {name: getattr(subset.adjustment, name) for name in ("temperature", "prior_exponent")}
    for when, probabilities in {"before": subset.unadjusted, "after": subset.probabilities}.items():
        errors = {
            "vote_ece": calibration.ece(subset.shares, probabilities),
            "vote_cross_entropy": calibration.log_loss(subset.shares, probabilities),
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
