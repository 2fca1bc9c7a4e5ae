"""The stage that scores a model: which faces and which answers each number belongs to."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from emotion.evaluation import predictions
from emotion.evaluation.predictions import Predictions
from stages import calibrate, evaluate

PARAMS = {"evaluate": {"resamples": 200, "seed": 1}, "calibrate": {"folds": 5, "seed": 1}}
LABELS = np.arange(70) % 7
LEAKED = np.array(["no"] * 40 + ["near"] * 20 + ["exact"] * 10)
HISTORY = "epoch,accuracy,best\n1,0.2,1\n2,0.3,1\n3,0.9,0\n"


def _answers(right: int) -> np.ndarray:
    """Return probabilities (70, 7), right for the first faces only."""
    answers = np.where(np.arange(70) < right, LABELS, (LABELS + 1) % 7)
    return np.where(np.eye(7)[answers] == 1, 0.4, 0.1)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the stage writes of a model that is right about 10 validation and 35 test faces, averaged 14 and 42."""
    monkeypatch.chdir(tmp_path)
    for part, right in {"validation": 10, "test": 35, "validation_averaged": 14, "test_averaged": 42}.items():
        names = [f"{part}/{number}.png" for number in range(70)]
        predictions.write(Predictions(names, LABELS, LEAKED, _answers(right)), f"plots/predictions/{part}/cnn.csv")
    Path("params.yaml").write_text(yaml.safe_dump(PARAMS), encoding="utf-8")
    calibrate.main("cnn")
    Path("plots/history").mkdir()
    Path("plots/history/cnn.csv").write_text(HISTORY, encoding="utf-8")
    evaluate.main("cnn")
    files = {"metrics": Path("metrics/cnn.json"), "details": Path("plots/scores/cnn.json")}
    return {name: json.loads(path.read_text(encoding="utf-8")) for name, path in files.items()}


def test_metrics_hold_the_accuracy_of_each_part_by_a_single_look_and_averaged(written: dict[str, Any]):
    accuracies = {part: scores["accuracy"] for part, scores in written["metrics"].items()}
    assert accuracies == pytest.approx(
        {
            "train": 0.3,
            "validation": 10 / 70,
            "test": 35 / 70,
            "test_unleaked": 35 / 60,
            "test_unleaked_near": 35 / 40,
            "validation_averaged": 14 / 70,
            "test_averaged": 42 / 70,
        },
        abs=1e-6,
    )


def test_details_hold_the_interval_of_each_part_and_unleaked_faces_averaged_too(written: dict[str, Any]):
    details = {part["part"]: part for part in written["details"]["scores"]}
    wanted = written["metrics"] | {
        "test_averaged_unleaked": {"accuracy": 42 / 60},
        "test_averaged_unleaked_near": {"accuracy": 40 / 40},
    }
    assert set(details) == set(wanted) - {"train"}
    for part, found in details.items():
        assert found["scores"]["accuracy"]["accuracy"] == pytest.approx(wanted[part]["accuracy"], abs=1e-6)
        for name, score in found["scores"].items():
            assert score[f"{name}_low"] <= score[name] <= score[f"{name}_high"], name
        assert sum(map(sum, found["confusion"])) == found["faces"]


def test_charts_show_the_single_look(written: dict[str, Any]):
    rows = Path("plots/per_class/cnn.csv").read_text(encoding="utf-8").splitlines()
    single = next(part for part in written["details"]["scores"] if part["part"] == "test")["per_class"]
    assert rows[1].split(",") == [str(value) for value in single[0].values()]
    assert Path("plots/confusion/cnn.png").stat().st_size


def test_metrics_hold_intervals_of_what_is_compared_first_and_values_of_the_rest(written: dict[str, Any]):
    wanted = {f"{name}{end}" for name in ("accuracy", "macro_f1", "balanced_accuracy") for end in ("", "_low", "_high")}
    for part, scores in written["metrics"].items():
        assert part == "train" or set(scores) == wanted | {"roc_auc", "log_loss", "calibration_error"}


def test_probabilities_are_scaled_by_the_temperature_of_validation_faces_and_answers_stay(written: dict[str, Any]):
    """10 of 70 validation answers are right: nobody may be sure of more than a seventh."""
    test = next(part for part in written["details"]["scores"] if part["part"] == "test")["calibration"]
    fitted = json.loads(Path("metrics/calibration/cnn.json").read_text(encoding="utf-8"))
    assert test["temperature"] == fitted["single"]["temperature"] > 5
    assert fitted["averaged"]["temperature"] != fitted["single"]["temperature"]
    assert test["before"]["error"] == pytest.approx(0.5 - 0.4) and test["after"]["error"] > 0.3
    chart = json.loads(Path("plots/reliability/cnn.json").read_text(encoding="utf-8"))["reliability"]
    assert sum(one["faces"] for one in chart if one["when"] == "after") == 70
    risks = json.loads(Path("plots/risk_coverage/cnn.json").read_text(encoding="utf-8"))["risk_coverage"]
    assert risks[-1] == {"coverage": 1.0, "risk": 0.5}
