"""Comparisons of models on the same faces, against sums by hand, and the stage `compare`."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Annotation
from PIL import Image

from emotion.core.errors import InputError
from emotion.core.files import write_json
from emotion.core.labels import EMOTIONS
from emotion.evaluation import comparison, figures
from emotion.evaluation.adjustments import Adjustment
from emotion.report import facts
from stages import compare
from tests import predicted

LABELS = np.arange(210) % 7
UNADJUSTED = Adjustment(1.0, 0.0, np.full(7, 1 / 7))


def _correct(first_only: int, second_only: int) -> dict[str, np.ndarray]:
    """Return which of 1000 faces two models predict correctly."""
    return {
        "a": np.arange(1000) < first_only,
        "b": (np.arange(1000) >= first_only) & (np.arange(1000) < first_only + second_only),
    }


@pytest.mark.parametrize(
    ("counts", "expected"),
    # Below 25 faces 2 x the sum of C(12, 0..3) / 2^12, else the chi-square distribution of (|40 - 60| - 1)^2 / 100.
    [((0, 0), 1), ((3, 9), 2 * (1 + 12 + 66 + 220) / 4096), ((12, 12), 1), ((40, 60), 0.057433)],
)
def test_p_values_are_those_of_mcnemars_test(counts: tuple[int, int], expected: float):
    (row,) = comparison.pairs(_correct(*counts), 10, seed=1, truth="label")
    assert row["p"] == row["p_holm"] == pytest.approx(expected, rel=1e-4)


def test_p_values_are_corrected_by_holms_method():
    faces = np.arange(1000)
    correct = {"a": faces < 700, "b": faces < 660, "c": (faces < 620) | (faces >= 980)}
    rows = comparison.pairs(correct, 10, seed=1, truth="label")
    first, second, third = sorted((row["p"], row["p_holm"]) for row in rows)
    assert 0 < first[0] < second[0] < 0.1
    expected = [3 * first[0], max(3 * first[0], 2 * second[0])]
    assert [first[1], second[1]] == pytest.approx(expected) and third[1] >= max(second[1], third[0])
    assert comparison.pairs({"a": correct["a"]}, 10, seed=1, truth="label") == []


def test_the_interval_of_a_difference_is_that_of_faces_drawn_in_pairs():
    rng = np.random.default_rng(1)
    first, second = rng.random(1000) < 0.7, rng.random(1000) < 0.65
    drawn = rng.integers(0, 1000, (4000, 1000))
    expected = np.percentile(first[drawn].mean(axis=1) - second[drawn].mean(axis=1), [2.5, 97.5])
    (row,) = comparison.pairs({"a": first, "b": second}, 4000, seed=1, truth="label")
    assert row["difference"] == pytest.approx(first.mean() - second.mean())
    assert (row["low"], row["high"]) == pytest.approx(expected, abs=0.004)
    assert row["first_only"] - row["second_only"] == first.sum() - second.sum()


def test_agreement_is_the_share_of_equal_predicted_labels():
    shares = comparison.agreement({"a": np.array([0, 1, 2, 3]), "b": np.array([0, 1, 2, 2])})
    np.testing.assert_allclose(shares, [[1, 0.75], [0.75, 1]])


def test_labels_of_similar_models_do_not_overlap_in_the_pareto_chart():
    similar = [("resnet_deep", 178e6, 0.707), ("resnet_swish", 178e6, 0.711), ("resnet_teacher", 227e6, 0.71)]
    models = [("distilled", 33e6, 0.70), ("vgg16", 705e6, 0.65), *similar]
    common = {"truth": "label", "low": 0.69, "high": 0.73, "parameters": 2e6}
    figure = figures.pareto({name: {"macs": m, "accuracy": a, **common} for name, m, a in models})
    labels = [text for text in figure.axes[0].texts if isinstance(text, Annotation)]
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in labels]
    assert [label.get_text() for label in labels] == [f"{name}, 2 M" for name, _, _ in models]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def _write(name: str, correct: int, count: int = 210) -> None:
    path = "plots/ensemble/test.csv" if name == "ensemble" else f"plots/predictions/test/{name}.csv"
    predicted.write(path, predicted.right_for_first(LABELS[:count], correct), LABELS)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with predictions of two models and an ensemble, correct for 100, 150 and 160 of 210 faces."""
    monkeypatch.chdir(tmp_path)
    predicted.write_params(compare={"models": ["cnn", "vgg16"]}, evaluate={"resamples": 200, "seed": 1})
    Path("metrics/architecture").mkdir(parents=True)
    for name, correct in {"cnn": 100, "vgg16": 150, "ensemble": 160}.items():
        _write(name, correct)
        Path(f"metrics/architecture/{name}.json").write_text('{"parameters": 1000000, "macs": 2000000}')
        write_json(f"metrics/calibration/{name}.json", {"without_tta": UNADJUSTED.as_json()})
    write_json("metrics/ensemble_members.json", UNADJUSTED.as_json())
    predicted.write_votes()
    return tmp_path


def test_compare_writes_every_pair_and_two_figures(project: Path):
    compare.main()
    rows = {(row["first"], row["second"]): row for row in facts.table("plots/compare/pairs.csv")}
    assert list(rows) == [("cnn", "vgg16"), ("cnn", "ensemble"), ("vgg16", "ensemble")]
    assert rows["cnn", "vgg16"]["difference"] == pytest.approx(-50 / 210)
    assert rows["cnn", "vgg16"]["p_holm"] < 1e-6 < rows["vgg16", "ensemble"]["p"]
    for figure in ("differences", "pareto"):
        assert Image.open(f"plots/compare/{figure}.png").width > 400


def test_compare_tests_for_the_majority_of_annotators_too(project: Path):
    predicted.write_votes({str(face): {EMOTIONS[(LABELS[face] + 1) % 7]: 10} for face in range(100)})
    compare.main()
    pairs = facts.table("plots/compare/pairs.csv")
    rows = {(row["truth"], row["first"], row["second"]): row["difference"] for row in pairs}
    assert len(rows) == 6
    assert rows["label", "cnn", "vgg16"] == pytest.approx(-50 / 210)
    assert rows["majority", "cnn", "vgg16"] == 0, "both err on the 100 faces whose annotators see another emotion"
    costs = json.loads(Path("plots/compare/costs.json").read_text())
    assert costs["cnn"]["truth"] == "majority" and costs["cnn"]["accuracy"] == 0


def test_compare_counts_adjusted_predictions(project: Path):
    towards_the_next = {**UNADJUSTED.as_json(), "prior_exponent": 1.0, "priors": dict.fromkeys(EMOTIONS, 0.1)}
    towards_the_next["priors"]["angry"] = 1e-6
    write_json("metrics/calibration/vgg16.json", {"without_tta": towards_the_next})
    compare.main()
    costs = json.loads(Path("plots/compare/costs.json").read_text())
    assert costs["vgg16"]["accuracy"] == pytest.approx(1 / 7) and costs["cnn"]["accuracy"] == pytest.approx(100 / 210)


def test_compare_refuses_predictions_for_other_faces(project: Path):
    _write("vgg16", 150, count=209)
    with pytest.raises(InputError, match="^ensemble and vgg16 have predictions for different faces: run `dvc repro`"):
        compare.main()
    assert not Path("plots/compare").exists()
