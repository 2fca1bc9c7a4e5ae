"""The choice of an ensemble's members, and what becomes of their answers."""

import itertools
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from scipy.optimize import minimize_scalar
from sklearn import metrics

from emotion.errors import InputError
from emotion.evaluation import calibration, ensembling, predictions
from emotion.evaluation.predictions import Predictions
from stages import ensemble, ensemble_choice

LABELS = np.random.default_rng(1).integers(0, 7, 300)


def _gain(given: np.ndarray) -> float:
    """Return minus the log loss at the best temperature."""

    def loss(sharpness: float) -> float:
        powers = given**sharpness
        return metrics.log_loss(LABELS, powers / powers.sum(axis=1, keepdims=True), labels=range(7))

    return -minimize_scalar(loss, bounds=(0.1, 10), method="bounded").fun


SCORES = {
    "log_loss": _gain,
    "accuracy": lambda given: metrics.accuracy_score(LABELS, given.argmax(axis=1)),
    "macro_f1": lambda given: metrics.f1_score(LABELS, given.argmax(axis=1), average="macro"),
}


def _model(seed: int, skill: float) -> np.ndarray:
    """Return answers (n, 7) that are right the more often the higher the skill is."""
    noise = np.random.default_rng(seed).gumbel(size=(len(LABELS), 7)) + skill * np.eye(7)[LABELS]
    return np.exp(noise) / np.exp(noise).sum(axis=1, keepdims=True)


CANDIDATES = {"a": _model(1, 2), "b": _model(2, 2), "c": _model(3, 1.5), "d": _model(4, 0), "e": _model(5, 1.8)}


@pytest.mark.parametrize("select_by", SCORES)
@pytest.mark.parametrize("largest", [1, 3, 9])
def test_the_first_group_has_the_best_average_of_all_that_there_are(select_by: Any, largest: int):
    groups = [g for size in range(1, min(largest, 5) + 1) for g in itertools.combinations(CANDIDATES, size)]
    best = max(SCORES[select_by](np.mean([CANDIDATES[name] for name in group], axis=0)) for group in groups)
    ranked = ensembling.ranked(LABELS, CANDIDATES, select_by, largest)
    assert sorted(ranked) == sorted(groups)
    values = [SCORES[select_by](np.mean([CANDIDATES[name] for name in group], axis=0)) for group in ranked]
    assert values[0] == pytest.approx(best, abs=1e-7)
    assert all(one >= other - 1e-7 for one, other in itertools.pairwise(values))


def test_of_equal_groups_the_smaller_one_wins_and_then_the_one_named_earlier():
    same = {"b": CANDIDATES["a"], "a": CANDIDATES["a"], "worse": CANDIDATES["d"]}
    ranked = ensembling.ranked(LABELS, same, "log_loss", 3)
    assert ranked[:3] == [("b",), ("a",), ("b", "a")]


def test_a_mean_is_not_judged_by_its_modesty():
    """Averaged answers are less sure than their members, and a temperature mends just that."""
    modest, weak = calibration.scaled(CANDIDATES["a"], 30), calibration.scaled(CANDIDATES["c"], 2)
    assert calibration.log_loss(LABELS, modest) > calibration.log_loss(LABELS, weak)
    assert ensembling.ranked(LABELS, {"weak": weak, "modest": modest}, "log_loss", 1) == [("modest",), ("weak",)]


def test_an_impossible_answer_costs_much_and_is_no_error():
    sure = np.eye(7)[(LABELS + 1) % 7]
    assert ensembling.ranked(LABELS, {"sure": sure, "d": CANDIDATES["d"]}, "log_loss", 1) == [("d",), ("sure",)]


def test_too_many_groups_are_an_error_that_names_the_params():
    many = {str(number): CANDIDATES["a"] for number in range(20)}
    with pytest.raises(InputError, match="^20 candidates make 21,699 groups of up to 5, .* lower ensemble.largest or"):
        ensembling.ranked(LABELS, many, "log_loss", 5)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with params and predictions of five models for the same validation and test faces."""
    monkeypatch.chdir(tmp_path)
    _write_params()
    for part in ("validation", "test"):
        for name, probabilities in CANDIDATES.items():
            _write(part, name, probabilities)
    return tmp_path


def _write_params(**changes: Any) -> None:
    settings = {"candidates": list(CANDIDATES), "largest": 3, "select_by": "log_loss", **changes}
    sections = {"ensemble": settings, "evaluate": {"resamples": 100, "seed": 1}}
    Path("params.yaml").write_text(yaml.safe_dump(sections), encoding="utf-8")


def _write(part: str, name: str, probabilities: np.ndarray, **changes: Any) -> None:
    count = len(probabilities)
    faces: dict[str, Any] = {"names": [f"{part}/{number}.png" for number in range(count)], "labels": LABELS[:count]}
    leaked = np.array(predictions.LEAKS)[np.arange(count) % 3]
    answers = Predictions(**(faces | changes), leaked=leaked, probabilities=probabilities)
    predictions.write(answers, f"plots/predictions/{part}_averaged/{name}.csv")


def test_the_choice_tells_members_runners_up_and_every_candidate(project: Path):
    ensemble_choice.main()
    chosen = json.loads(Path("metrics/ensemble_members.json").read_text(encoding="utf-8"))
    groups = ensembling.ranked(LABELS, CANDIDATES, "log_loss", 3)
    assert [chosen["members"], *(other["members"] for other in chosen["runners_up"])] == [list(g) for g in groups[:6]]
    assert [row["members"] for row in chosen["candidates"]] == [[name] for name in CANDIDATES]
    losses = [chosen["log_loss"], *(other["log_loss"] for other in chosen["runners_up"])]
    assert losses == sorted(losses) and losses[0] < min(row["log_loss"] for row in chosen["candidates"])


def test_test_faces_have_no_say_in_the_choice(project: Path):
    for name in CANDIDATES:
        os.unlink(f"plots/predictions/test_averaged/{name}.csv")
    ensemble_choice.main()


def test_an_unknown_candidate_is_one_line_with_the_right_name(project: Path):
    for name in ("cnn", "cnn_aug"):
        _write("validation", name, CANDIDATES["a"])
    _write_params(candidates=["cnn", "cnn_agu"])
    with pytest.raises(InputError, match="^ensemble.candidates: .* predictions of 'cnn_agu'; did you mean 'cnn_aug'"):
        ensemble_choice.main()


@pytest.mark.parametrize(
    "changes",
    [{"names": [f"validation/{number}.png" for number in range(299, -1, -1)]}, {"labels": (LABELS + 1) % 7}],
    ids=["another order", "other labels"],
)
def test_members_must_have_answered_for_the_same_faces_in_the_same_order(project: Path, changes: dict[str, Any]):
    _write("validation", "c", CANDIDATES["c"], **changes)
    with pytest.raises(InputError, match="^a and c answered for different faces: run `dvc repro` for both$"):
        ensemble_choice.main()


def test_a_member_that_lacks_faces_is_named(project: Path):
    ensemble_choice.main()
    members = json.loads(Path("metrics/ensemble_members.json").read_text(encoding="utf-8"))["members"]
    _write("test", members[-1], CANDIDATES["a"][:299])
    with pytest.raises(InputError, match=f"^{members[0]} and {members[-1]} answered for different faces"):
        ensemble.main()
    assert not Path("metrics/ensemble.json").exists()


def test_the_ensemble_has_all_that_a_model_has_and_is_better_than_each_member(project: Path):
    ensemble_choice.main()
    ensemble.main()
    chosen = json.loads(Path("metrics/ensemble_members.json").read_text(encoding="utf-8"))
    scores = json.loads(Path("metrics/ensemble.json").read_text(encoding="utf-8"))
    assert list(scores) == ["validation", "test", "test_unleaked", "test_unleaked_near"]
    mean = np.mean([CANDIDATES[name] for name in chosen["members"]], axis=0)
    assert scores["test"]["accuracy"] == pytest.approx(SCORES["accuracy"](mean), abs=1e-6)
    assert scores["test_unleaked"]["accuracy"] == pytest.approx(
        np.mean((mean.argmax(axis=1) == LABELS)[np.arange(300) % 3 != 2]), abs=1e-6
    )
    for part in ("validation", "test"):
        assert predictions.read(f"plots/ensemble/{part}.csv").names[0] == f"{part}/0.png"
    for path in ("scores/ensemble.json", "roc/ensemble.json", "per_class/ensemble.csv", "confusion/ensemble.png"):
        assert Path("plots", path).stat().st_size, path
