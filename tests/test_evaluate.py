"""The stage that scores a model, and the scores of one subset where there is little or nothing to score."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotion.core.labels import EMOTIONS
from emotion.evaluation import adjustments, subsets
from emotion.evaluation.settings import EvaluateSettings
from stages import calibrate, evaluate
from tests import predicted

LABELS = np.arange(70) % 7
ONE_HOT = np.eye(7)[LABELS]
LEAKAGE = np.array(["no"] * 40 + ["near"] * 20 + ["exact"] * 10)
# Of the first 20 faces, 8 annotators agree with the label; of the next 20, 6 see the emotion after it; for the others
# there is no majority.
VOTES = {
    str(face): {EMOTIONS[label]: 8 if face < 20 else 4, EMOTIONS[(label + 1) % 7]: 2 if face < 20 else 6}
    if face < 40
    else {EMOTIONS[label]: 5, EMOTIONS[(label + 1) % 7]: 5}
    for face, label in enumerate(LABELS)
}
HISTORY = "epoch,accuracy,best\n1,0.2,1\n2,0.3,1\n3,0.9,0\n"
SETTINGS = EvaluateSettings(resamples=50, seed=1)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the stage writes of a model that is correct for the first 10 of 70 validation faces, 35 test faces ..."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("evaluated"))
        for subset, correct in {"validation": 10, "test": 35, "validation_tta": 14, "test_tta": 42}.items():
            probabilities = predicted.right_for_first(LABELS, correct)
            predicted.write(f"plots/predictions/{subset}/cnn.csv", probabilities, LABELS, leakage=LEAKAGE)
        calibrated = {"balanced_weight": 0.0, "folds": 5, "seed": 1}
        predicted.write_params(evaluate={"resamples": 200, "seed": 1}, calibrate=calibrated)
        predicted.write_votes(VOTES)
        calibrate.main("cnn")
        Path("plots/history").mkdir()
        Path("plots/history/cnn.csv").write_text(HISTORY, encoding="utf-8")
        evaluate.main("cnn")
        assert Path("plots/confusion/cnn.png").stat().st_size
        files = {
            path.parent.name: json.loads(path.read_text(encoding="utf-8"))
            for path in Path().rglob("*.json")
            if path.stem == "cnn"
        }
        files["per_class"] = Path("plots/per_class/cnn.csv").read_text(encoding="utf-8").splitlines()
    return files


def test_metrics_have_the_accuracy_of_each_subset_without_and_with_tta(written: dict[str, Any]):
    accuracies = {subset: scores["accuracy"] for subset, scores in written["metrics"].items()}
    expected = {
        "train": 0.3,
        "validation": 10 / 70,
        "validation_majority": (10 + 20) / 40,
        "test": 35 / 70,
        "test_no_exact_leakage": 35 / 60,
        "test_no_leakage": 35 / 40,
        "test_majority": (20 + 5) / 40,
        "test_majority_no_leakage": (20 + 5) / 40,
        "test_clear": 20 / 20,
        "validation_tta": 14 / 70,
        "test_tta": 42 / 70,
    }
    assert accuracies == pytest.approx(expected, abs=1e-6)
    compared = ("accuracy", "macro_f1", "balanced_accuracy")
    names = {f"{name}{end}" for name in compared for end in ("", "_low", "_high")} | {"roc_auc", "log_loss", "ece"}
    names |= {"vote_ece", "vote_cross_entropy"}
    assert all(set(scores) == names for subset, scores in written["metrics"].items() if subset != "train")


def test_details_have_intervals_and_with_tta_subsets_without_leakage(written: dict[str, Any]):
    details = {row["subset"]: row for row in written["scores"]["scores"]}
    expected = {subset: scores["accuracy"] for subset, scores in written["metrics"].items() if subset != "train"}
    expected |= {"test_tta_no_exact_leakage": 42 / 60, "test_tta_no_leakage": 40 / 40, "test_tta_clear": 20 / 20}
    expected |= {"test_tta_majority": 20 / 40, "test_tta_majority_no_leakage": 20 / 40}
    expected |= {"validation_tta_majority": (14 + 20) / 40}
    assert details.keys() == expected.keys()
    for subset, found in details.items():
        assert found["scores"]["accuracy"]["accuracy"] == pytest.approx(expected[subset], abs=1e-6)
        for name, score in found["scores"].items():
            assert score[f"{name}_low"] <= score[name] <= score[f"{name}_high"], name
        assert sum(map(sum, found["confusion"])) == found["faces"]


def test_charts_are_without_tta(written: dict[str, Any]):
    test = next(row for row in written["scores"]["scores"] if row["subset"] == "test")
    assert written["per_class"][1].split(",") == [str(value) for value in test["per_class"][0].values()]
    assert sum(one["faces"] for one in written["reliability"]["reliability"] if one["when"] == "after") == 70
    assert written["risk_coverage"]["risk_coverage"][-1] == {"coverage": 1.0, "risk": 0.5}


def test_test_faces_are_scaled_by_the_temperature_of_validation_faces(written: dict[str, Any]):
    test = next(row for row in written["scores"]["scores"] if row["subset"] == "test")["calibration"]
    fitted = written["calibration"]
    assert test["temperature"] == fitted["without_tta"]["temperature"]
    assert fitted["with_tta"]["temperature"] != fitted["without_tta"]["temperature"]
    assert test["before"]["ece"] == pytest.approx(0.5 - 0.4) and test["after"]["ece"] != test["before"]["ece"]
    # Right for 20 faces with a share of 0.8, 15 with 0.4 and 15 with 0.5, for 20 faces with 0.6, 0.5 and so on.
    votes = [0.8] * 20 + [0.4] * 15 + [0.6] * 5 + [0.5] * 30
    assert test["before"]["vote_ece"] == pytest.approx(np.mean(votes) - 0.4, abs=1e-6)


def _details(labels: np.ndarray, probabilities: np.ndarray, temperature: float = 1.0) -> dict[str, Any]:
    adjustment = adjustments.Adjustment(temperature, 0.0, np.full(7, 1 / 7))
    return subsets.details(subsets.Scored(labels, np.eye(7)[labels], probabilities, adjustment), SETTINGS)


@pytest.mark.parametrize(
    ("labels", "probabilities"),
    [
        (LABELS[:1], ONE_HOT[:1]),
        (LABELS, np.full((70, 7), 1 / 7)),
        (LABELS, ONE_HOT),
        (LABELS, ONE_HOT[::-1]),
        (LABELS * 0, ONE_HOT),
        (LABELS[LABELS != 3], ONE_HOT[LABELS != 3]),
    ],
    ids=["one face", "all equal", "all correct", "confident and mostly wrong", "one emotion", "an emotion absent"],
)
def test_every_score_is_within_its_interval_or_null(labels: np.ndarray, probabilities: np.ndarray):
    found = _details(labels, probabilities)
    json.dumps(found, allow_nan=False)
    for name, score in found["scores"].items():
        value, low, high = score[name], score[f"{name}_low"], score[f"{name}_high"]
        assert (value is None) == (low is None) and (value is None or low - 1e-6 <= value <= high + 1e-6), name
    assert (found["scores"]["roc_auc"]["roc_auc"] is None) is (len(np.unique(labels)) < 7)
