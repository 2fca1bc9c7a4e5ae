"""The choice of an ensemble's members, and their mean prediction."""

import itertools
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from sklearn import metrics

from emotion.core import predictions
from emotion.core.errors import InputError
from emotion.evaluation import adjustments
from emotion.evaluation.ensemble import ranked
from stages import ensemble, ensemble_choice
from tests import predicted

LABELS = np.random.default_rng(1).integers(0, 7, 300)


def _negative_log_loss(probabilities: np.ndarray) -> float:
    """Return minus the log loss at the best temperature."""

    def loss(sharpness: float) -> float:
        powers = probabilities**sharpness
        return metrics.log_loss(LABELS, powers / powers.sum(axis=1, keepdims=True), labels=range(7))

    return -minimize_scalar(loss, bounds=(0.1, 10), method="bounded").fun


SCORES = {
    "log_loss": _negative_log_loss,
    "accuracy": lambda probabilities: metrics.accuracy_score(LABELS, probabilities.argmax(axis=1)),
    "macro_f1": lambda probabilities: metrics.f1_score(LABELS, probabilities.argmax(axis=1), average="macro"),
}


def _model(seed: int, skill: float) -> np.ndarray:
    """Return probabilities (n, 7) that are the more accurate the higher the skill is."""
    noise = np.random.default_rng(seed).gumbel(size=(len(LABELS), 7)) + skill * np.eye(7)[LABELS]
    return np.exp(noise) / np.exp(noise).sum(axis=1, keepdims=True)


CANDIDATES = {"a": _model(1, 2), "b": _model(2, 2), "c": _model(3, 1.5), "d": _model(4, 0), "e": _model(5, 1.8)}


def _mean(group: tuple[str, ...]) -> np.ndarray:
    return np.mean([CANDIDATES[name] for name in group], axis=0)


@pytest.mark.parametrize("metric", SCORES)
@pytest.mark.parametrize("max_members", [1, 3, 9])
def test_all_groups_are_ranked_the_best_mean_prediction_first(metric: Any, max_members: int):
    groups = [g for size in range(1, min(max_members, 5) + 1) for g in itertools.combinations(CANDIDATES, size)]
    found = ranked(LABELS, CANDIDATES, metric, max_members)
    assert sorted(found) == sorted(groups)
    values = [SCORES[metric](_mean(group)) for group in found]
    assert all(one >= other - 1e-7 for one, other in itertools.pairwise(values))


def test_ties_go_to_the_smaller_group_then_to_the_one_named_earlier():
    same = {"b": CANDIDATES["a"], "a": CANDIDATES["a"], "worse": CANDIDATES["d"]}
    assert ranked(LABELS, same, "log_loss", 3)[:3] == [("b",), ("a",), ("b", "a")]


def test_a_probability_of_zero_for_the_true_label_is_no_error():
    wrong = np.eye(7)[(LABELS + 1) % 7]
    assert ranked(LABELS, {"wrong": wrong, "d": CANDIDATES["d"]}, "log_loss", 1) == [("d",), ("wrong",)]


def test_too_many_groups_are_an_error_that_names_the_params():
    many = {str(number): CANDIDATES["a"] for number in range(20)}
    message = "^20 candidates make 21,699 groups of up to 5, .* lower ensemble.max_members or"
    with pytest.raises(InputError, match=message):
        ranked(LABELS, many, "log_loss", 5)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with params and predictions of five models for the same validation and test faces."""
    monkeypatch.chdir(tmp_path)
    _write_params(list(CANDIDATES))
    predicted.write_votes()
    for name, probabilities in CANDIDATES.items():
        _write("validation", name, probabilities)
        _write("test", name, probabilities[:, ::-1])
    return tmp_path


CALIBRATE = {"balanced_weight": 0.5, "folds": 5, "seed": 1}


def _write_params(candidates: list[str]) -> None:
    settings = {"candidates": candidates, "max_members": 3, "metric": "log_loss"}
    predicted.write_params(ensemble=settings, evaluate={"resamples": 100, "seed": 1}, calibrate=CALIBRATE)


def _write(subset: str, name: str, probabilities: np.ndarray, **changes: Any) -> None:
    leakage = np.array(predictions.LEAKAGE)[np.arange(len(probabilities)) % 3]
    faces = {"labels": LABELS, "leakage": leakage, **changes}
    predicted.write(f"plots/predictions/{subset}_tta/{name}.csv", probabilities, **faces)


def _json(name: str) -> dict[str, Any]:
    return json.loads(Path(f"metrics/{name}.json").read_text(encoding="utf-8"))


def test_the_choice_has_members_runners_up_and_every_candidate(project: Path):
    for name in CANDIDATES:
        os.unlink(f"plots/predictions/test_tta/{name}.csv")  # which the choice must not read
    ensemble_choice.main()
    chosen = _json("ensemble_members")
    groups = ranked(LABELS, CANDIDATES, "log_loss", 3)
    assert [chosen["members"], *(other["members"] for other in chosen["runners_up"])] == [list(g) for g in groups[:6]]
    assert [row["members"] for row in chosen["candidates"]] == [[name] for name in CANDIDATES]
    losses = [chosen["log_loss"], *(other["log_loss"] for other in chosen["runners_up"])]
    assert losses == sorted(losses) and losses[0] < min(row["log_loss"] for row in chosen["candidates"])


def test_an_unknown_candidate_is_one_line_with_the_right_name(project: Path):
    for name in ("cnn", "cnn_aug"):
        _write("validation", name, CANDIDATES["a"])
    _write_params(["cnn", "cnn_agu"])
    with pytest.raises(InputError, match="^ensemble.candidates: .* predictions of 'cnn_agu'; did you mean 'cnn_aug'"):
        ensemble_choice.main()


@pytest.mark.parametrize(
    "changes",
    [{"names": [f"{number}.png" for number in range(299, -1, -1)]}, {"labels": (LABELS + 1) % 7}],
    ids=["another order", "other labels"],
)
def test_candidates_must_predict_the_same_faces_in_the_same_order(project: Path, changes: dict[str, Any]):
    _write("validation", "c", CANDIDATES["c"], **changes)
    with pytest.raises(InputError, match="^a and c have predictions for different faces: run `dvc repro` for both$"):
        ensemble_choice.main()


def test_a_member_that_lacks_faces_is_named(project: Path):
    ensemble_choice.main()
    first, *_, last = _json("ensemble_members")["members"]
    _write("test", last, CANDIDATES["a"][:299])
    with pytest.raises(InputError, match=f"^{first} and {last} have predictions for different faces"):
        ensemble.main()
    assert not Path("metrics/ensemble.json").exists()


@pytest.mark.parametrize("subset", ["validation", "test"])
def test_the_members_mean_prediction_is_scored_like_a_model(project: Path, subset: str):
    ensemble_choice.main()
    ensemble.main()
    files = [f"plots/predictions/{subset}_tta/{member}.csv" for member in _json("ensemble_members")["members"]]
    mean = np.mean([predictions.read(file).probabilities for file in files], axis=0)
    np.testing.assert_allclose(predictions.read(f"plots/ensemble/{subset}.csv").probabilities, mean, rtol=1e-5)
    correct = adjustments.read("metrics/ensemble_members.json").apply(mean).argmax(axis=1) == LABELS
    scores = _json("ensemble")
    assert list(scores) == ["validation", "test", "test_no_exact_leakage", "test_no_leakage"]
    assert scores[subset]["accuracy"] == pytest.approx(correct.mean(), abs=1e-6)
    if subset == "test":
        not_exact = correct[np.arange(300) % 3 != 2]
        assert scores["test_no_exact_leakage"]["accuracy"] == pytest.approx(not_exact.mean(), abs=1e-6)
    folders = {path.parent.name for path in Path("plots").rglob("ensemble.*")}
    assert folders == {"confusion", "per_class", "reliability", "risk_coverage", "roc", "scores"}
