"""Whether one model is better than another on the same faces, or only luckier."""

import itertools
from collections.abc import Mapping

import numpy as np
from pydantic import Field
from scipy.stats import binom, chi2

from emotion.params import Section

EXACT = 25  # faces on which two models differ; below, the chi-square distribution is too coarse (Edwards, 1948)


class CompareSettings(Section):
    """Section `compare` of params.yaml."""

    models: list[str] = Field(min_length=1)


def mcnemar(first_only: int, second_only: int) -> float:
    """Return the p-value of McNemar's test (1947) that two models err equally often.

    Args:
        first_only: Faces that the first alone answers rightly.
        second_only: Faces that the second alone answers rightly.
    """
    differing = first_only + second_only
    if differing < EXACT:
        return float(min(1.0, 2 * binom.cdf(min(first_only, second_only), differing, 0.5)))
    return float(chi2.sf((abs(first_only - second_only) - 1) ** 2 / differing, 1))


def holm(p_values: list[float]) -> list[float]:
    """Return p-values corrected for their number, so that one chance find in 20 studies, not tests, is accepted.

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
    """Return the 95 % bootstrap interval of the accuracy of the first minus that of the second, on the same faces.

    Drawing faces with replacement draws these three counts from a multinomial distribution.
    """
    shares = np.array([first_only, second_only, faces - first_only - second_only]) / faces
    drawn = np.random.default_rng(seed).multinomial(faces, shares, resamples)
    low, high = np.percentile((drawn[:, 0] - drawn[:, 1]) / faces, [2.5, 97.5])
    return float(low), float(high)


def pairs(right: Mapping[str, np.ndarray], resamples: int, seed: int) -> list[dict[str, object]]:
    """Return what separates each two models: difference of accuracies with its interval, and McNemar's p-values.

    Args:
        right: Which faces each model answers rightly, bool (n,).
        resamples: Of the bootstrap.
        seed: Of the bootstrap.
    """
    rows: list[dict[str, object]] = []
    p_values = []
    for first, second in itertools.combinations(right, 2):
        alone = int((right[first] & ~right[second]).sum()), int((right[second] & ~right[first]).sum())
        low, high = difference_interval(*alone, len(right[first]), resamples, seed)
        p_values.append(mcnemar(*alone))
        difference = (alone[0] - alone[1]) / len(right[first])
        only = {"first_only": alone[0], "second_only": alone[1]}
        rows.append({"first": first, "second": second, "difference": difference, "low": low, "high": high, **only})
    corrected = holm(p_values)
    return [row | {"p": p, "p_holm": q} for row, p, q in zip(rows, p_values, corrected, strict=True)]


def agreement(answers: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the share of faces for which each two models give the same answer, float (models, models)."""
    given = np.stack(list(answers.values()))
    return (given[:, None] == given[None]).mean(axis=2)
