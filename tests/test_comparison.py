"""Comparisons of models on the same faces, against statsmodels and sums by hand."""

import itertools

import numpy as np
import pytest
from matplotlib.text import Annotation
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from emotion.evaluation import comparison, scores
from emotion.report import comparison_figures


@pytest.mark.parametrize("counts", [(0, 0), (3, 9), (12, 12), (40, 60), (200, 150)])
def test_mcnemar_is_that_of_statsmodels(counts: tuple[int, int]):
    exact = sum(counts) < comparison.EXACT
    expected = mcnemar([[5, counts[0]], [counts[1], 5]], exact=exact, correction=True).pvalue
    assert comparison.mcnemar(*counts) == pytest.approx(expected)


def test_holms_correction_is_that_of_statsmodels():
    p_values = [0.01, 0.04, 0.03, 0.005, 0.9, 0.04]
    assert comparison.holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])
    assert comparison.holm([]) == []


def test_wilsons_interval_is_that_of_statsmodels():
    labels, probabilities = np.zeros(500, int), np.eye(7)[np.repeat([0, 1], [330, 170])]
    expected = proportion_confint(330, 500, method="wilson")
    assert scores.accuracy_interval(labels, probabilities) == pytest.approx(expected, abs=1e-6)


def test_the_interval_of_a_difference_is_that_of_faces_drawn_again_in_pairs():
    rng = np.random.default_rng(1)
    first, second = rng.random(1000) < 0.7, rng.random(1000) < 0.65
    drawn = rng.integers(0, 1000, (4000, 1000))
    expected = np.percentile(first[drawn].mean(axis=1) - second[drawn].mean(axis=1), [2.5, 97.5])
    (row,) = comparison.pairs({"a": first, "b": second}, 4000, seed=1)
    assert row["difference"] == pytest.approx(first.mean() - second.mean())
    assert (row["low"], row["high"]) == pytest.approx(expected, abs=0.004)
    assert row["first_only"] - row["second_only"] == first.sum() - second.sum()


def test_every_two_models_are_compared_once():
    right = {name: np.array([True, False]) for name in "abcd"}
    rows = comparison.pairs(right, 10, seed=1)
    assert [row["first"] + row["second"] for row in rows] == ["ab", "ac", "ad", "bc", "bd", "cd"]
    assert all(row["p_holm"] == 1 and row["low"] == row["high"] == 0 for row in rows)


def test_agreement_is_the_share_of_equal_answers():
    shares = comparison.agreement({"a": np.array([0, 1, 2, 3]), "b": np.array([0, 1, 2, 2])})
    np.testing.assert_allclose(shares, [[1, 0.75], [0.75, 1]])


def test_no_label_covers_another_where_networks_are_alike():
    alike = [("resnet_deep", 178e6, 0.707), ("resnet_swish", 178e6, 0.711), ("resnet_teacher", 227e6, 0.71)]
    networks = [("distilled", 33e6, 0.70), ("vgg16", 705e6, 0.65), *alike]
    common = {"low": 0.69, "high": 0.73, "parameters": 2e6}
    figure = comparison_figures.pareto({name: {"macs": m, "accuracy": a, **common} for name, m, a in networks})
    labels = [text for text in figure.axes[0].texts if isinstance(text, Annotation)]
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in labels]
    assert [label.get_text() for label in labels] == [f"{name}, 2 M" for name, _, _ in networks]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
