"""Whether one model is significantly better than another on the same faces."""

import itertools
from collections.abc import Mapping

import numpy as np
from scipy.stats import binom, chi2

# Faces on which two models differ; below, the chi-square distribution is too coarse (Edwards, 1948).
MIN_FOR_CHI_SQUARE = 25


def mcnemar(first_only: int, second_only: int) -> float:
    """Return the p-value of McNemar's test (1947) of whether two models err equally often.

    Args:
        first_only: Number of faces that only the first model predicts correctly.
        second_only: Number of faces that only the second model predicts correctly.
    """
    differing = first_only + second_only
    if differing < MIN_FOR_CHI_SQUARE:
        return float(min(1.0, 2 * binom.cdf(min(first_only, second_only), differing, 0.5)))
    return float(chi2.sf((abs(first_only - second_only) - 1) ** 2 / differing, 1))


def holm(p_values: list[float]) -> list[float]:
    """Return p-values corrected for the number of tests, so that 5 % is the risk of any false positive among them.

    Holm, "A Simple Sequentially Rejective Multiple Test Procedure", 1979.
    """
    order = np.argsort(p_values, kind="stable")
    steps = np.array(p_values)[order] * np.arange(len(order), 0, -1)
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return [float(value) for value in corrected]


def difference_interval(
    first_only: int, second_only: int, faces: int, resamples: int, seed: int
) -> tuple[float, float]:
    """Return the 95 % paired-bootstrap interval of the first model's accuracy minus that of the second.

    Drawing faces with replacement draws these counts from a multinomial distribution.
    """
    shares = np.array([first_only, second_only, faces - first_only - second_only]) / faces
    drawn = np.random.default_rng(seed).multinomial(faces, shares, resamples)
    low, high = np.percentile((drawn[:, 0] - drawn[:, 1]) / faces, [2.5, 97.5])
    return float(low), float(high)


def pairs(correct: Mapping[str, np.ndarray], resamples: int, seed: int, truth: str) -> list[dict[str, object]]:
    """Return for each pair of models the difference of accuracies with its 95 % CI, and McNemar's p-values.

    Args:
        correct: Which faces each model predicts correctly, bool (n,).
        resamples: Of the bootstrap.
        seed: Of the bootstrap.
        truth: What counts as correct: `label` or `majority`.
    """
    rows: list[dict[str, object]] = []
    p_values = []
    for first, second in itertools.combinations(correct, 2):
        faces = len(correct[first])
        first_only = int((correct[first] & ~correct[second]).sum())
        second_only = int((correct[second] & ~correct[first]).sum())
        low, high = difference_interval(first_only, second_only, faces, resamples, seed)
        p_values.append(mcnemar(first_only, second_only))
        rows.append(
            {
                "truth": truth,
                "first": first,
                "second": second,
                "difference": (first_only - second_only) / faces,
                "low": low,
                "high": high,
                "first_only": first_only,
                "second_only": second_only,
            }
        )
    return [row | {"p": p, "p_holm": q} for row, p, q in zip(rows, p_values, holm(p_values), strict=True)]


def agreement(predicted: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the share of faces for which each pair of models predicts the same label, float (models, models)."""
    labels = np.stack(list(predicted.values()))
    return (labels[:, None] == labels[None]).mean(axis=2)
