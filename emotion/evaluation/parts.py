"""What is scored of a model, its answers for a part of the faces, and all the scores."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import Field

from emotion.evaluation import bootstrap, calibration, scores
from emotion.evaluation.predictions import Predictions
from emotion.params import Section

HEADLINE = ("accuracy", "macro_f1", "balanced_accuracy")  # with intervals in metrics/<model>.json
VALUES = ("roc_auc", "log_loss")  # without
SIMULATIONS = 1000  # of exactly calibrated answers
ENOUGH = 0.9  # share of right answers for which a confidence is sought


class EvaluateSettings(Section):
    """Section `evaluate` of params.yaml."""

    resamples: int = Field(ge=1)
    seed: int = Field(ge=0)


@dataclass(frozen=True)
class Part:
    """Labels (n,) and a network's probabilities (n, 7) with the temperature by which its logits are divided."""

    labels: np.ndarray
    given: np.ndarray
    temperature: float

    @property
    def probabilities(self) -> np.ndarray:
        """What an exported file answers: calibrated."""
        return calibration.scaled(self.given, self.temperature)


def parts(validation: Predictions, test: Predictions, temperature: float, kind: str = "") -> dict[str, Part]:
    """Return what is scored: all faces of either part, and the test faces of which no other part holds a copy.

    Args:
        validation: Answers for validation faces.
        test: Answers for test faces.
        temperature: That was fitted to the former.
        kind: What the names say of the answers, such as `_averaged`.
    """
    found = {"validation" + kind: Part(validation.labels, validation.probabilities, temperature)}
    found["test" + kind] = Part(test.labels, test.probabilities, temperature)
    for leak, kept in {"unleaked": test.leaked != "exact", "unleaked_near": test.leaked == "no"}.items():
        if kept.any():
            found[f"test{kind}_{leak}"] = Part(test.labels[kept], test.probabilities[kept], temperature)
    return found


def details(part: Part, settings: EvaluateSettings) -> dict[str, Any]:
    """Return every score of a part with its 95 % interval: Wilson's for the accuracy, else the bootstrap's."""
    labels, probabilities = part.labels, part.probabilities
    ranges = bootstrap.intervals(labels, probabilities, settings.resamples, settings.seed)
    ranges["accuracy"] = scores.accuracy_interval(labels, probabilities)
    rows = scores.per_class(labels, probabilities)
    for row in rows:
        for score in ("recall", "f1"):
            row |= _ends(score, ranges[f"{score}/{row['emotion']}"])
    values = scores.headline(labels, probabilities)
    return {
        "faces": len(labels),
        "scores": {name: {name: value, **_ends(name, ranges[name])} for name, value in values.items()},
        "per_class": rows,
        "confusion": scores.confusion(labels, probabilities).tolist(),
        "calibration": _calibration(part, settings.seed),
    }


def headline(details: dict[str, Any]) -> dict[str, float | None]:
    """Return the numbers that a person compares first, of what `details` returns."""
    found: dict[str, float | None] = {}
    for name in HEADLINE:
        found |= details["scores"][name]
    found |= {name: details["scores"][name][name] for name in VALUES}
    return found | {"calibration_error": details["calibration"]["after"]["error"]}


def _ends(name: str, interval: bootstrap.Interval) -> dict[str, float | None]:
    low, high = interval or (None, None)
    return {f"{name}_low": low, f"{name}_high": high}


def _calibration(part: Part, seed: int) -> dict[str, Any]:
    """Return calibration errors before and after scaling, and how sure an answer must be to be right in 90 %."""
    low, high = calibration.error_by_chance(part.probabilities, SIMULATIONS, seed)
    found: dict[str, Any] = {"temperature": part.temperature}
    for when, probabilities in {"before": part.given, "after": part.probabilities}.items():
        errors = {
            "error": calibration.error(part.labels, probabilities),
            "error_of_equal_mass": calibration.error(part.labels, probabilities, equal_mass=True),
            "brier": calibration.brier(part.labels, probabilities),
            "log_loss": calibration.log_loss(part.labels, probabilities),
        }
        found[when] = {name: round(value, 6) for name, value in errors.items()}
    sure = calibration.confidence_for(part.labels, part.probabilities, ENOUGH)
    found |= {"error_by_chance_low": round(low, 6), "error_by_chance_high": round(high, 6)}
    confidence, coverage = (round(value, 6) for value in sure) if sure else (None, None)
    return found | {"confidence_for_90": confidence, "coverage_for_90": coverage}
