"""Whether one model is significantly better than another on the same faces."""

import itertools
from collections.abc import Mapping

import numpy as np
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

MIN_FOR_CHI_SQUARE = 25  # faces on which two models differ; below, the distribution is too coarse (Edwards, 1948)


def difference_interval(
    first_only: int, second_only: int, faces: int, *, resamples: int, seed: int
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

    `p_holm` is corrected for the number of pairs (Holm, 1979): 5 % is the risk of any false positive among them.

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
        low, high = difference_interval(first_only, second_only, faces, resamples=resamples, seed=seed)
        exact = first_only + second_only < MIN_FOR_CHI_SQUARE
        p_values.append(float(mcnemar([[0, first_only], [second_only, 0]], exact=exact).pvalue))
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
    corrected = multipletests(p_values, method="holm")[1].tolist() if p_values else []
    return [row | {"p": p, "p_holm": q} for row, p, q in zip(rows, p_values, corrected, strict=True)]


def agreement(predicted: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the share of faces for which each pair of models predicts the same label, float (models, models)."""
    labels = np.stack(list(predicted.values()))
    return (labels[:, None] == labels[None]).mean(axis=2)
