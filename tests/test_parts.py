"""All scores of a part of the faces, where there is little or nothing to score."""

import json

import numpy as np
import pytest

from emotion.evaluation import parts
from emotion.evaluation.parts import EvaluateSettings, Part

SETTINGS = EvaluateSettings(resamples=50, seed=1)
LABELS = np.arange(70) % 7
SURE = np.eye(7)[LABELS]


def _details(labels: np.ndarray, given: np.ndarray, temperature: float = 1.0) -> dict:
    return parts.details(Part(labels, given, temperature), SETTINGS)


@pytest.mark.parametrize(
    ("labels", "given"),
    [
        (LABELS[:1], SURE[:1]),
        (LABELS, np.full((70, 7), 1 / 7)),
        (LABELS, SURE),
        (LABELS, SURE[::-1]),
        (LABELS * 0, SURE),
    ],
    ids=["one face", "all answers equal", "all right and sure", "sure and mostly wrong", "one emotion"],
)
def test_every_score_is_a_number_within_its_interval_or_null(labels: np.ndarray, given: np.ndarray):
    found = _details(labels, given)
    json.dumps(found, allow_nan=False)
    for name, score in found["scores"].items():
        value, low, high = score[name], score[f"{name}_low"], score[f"{name}_high"]
        assert (value is None) == (low is None) and (value is None or low - 1e-6 <= value <= high + 1e-6), name


def test_an_emotion_without_faces_leaves_the_area_under_the_curve_undefined():
    present = LABELS != 3
    assert _details(LABELS[present], SURE[present])["scores"]["roc_auc"]["roc_auc"] is None


def test_the_temperature_changes_probabilities_and_no_answer():
    given = 0.3 * SURE[::-1] + 0.1
    one, other = _details(LABELS, given), _details(LABELS, given, temperature=3.0)
    assert one["confusion"] == other["confusion"] and one["scores"]["accuracy"] == other["scores"]["accuracy"]
    assert one["calibration"]["before"] == other["calibration"]["before"] != other["calibration"]["after"]
    assert one["calibration"]["before"] == one["calibration"]["after"]


def test_headline_has_intervals_of_what_is_compared_and_values_of_the_rest():
    found = parts.headline(_details(LABELS, SURE))
    assert found["accuracy"] == found["accuracy_high"] == 1 and found["accuracy_low"] < 1
    assert set(found) >= {"macro_f1_low", "balanced_accuracy_high", "roc_auc", "log_loss", "calibration_error"}
