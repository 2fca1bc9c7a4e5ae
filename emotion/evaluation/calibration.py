"""Whether probabilities mean what they say: of faces answered with 70 %, 70 % should be right.

Guo et al., "On Calibration of Modern Neural Networks", 2017; the temperature is theirs.
"""

import numpy as np
from scipy.optimize import minimize_scalar

BINS = 15
RANGE = 0.05, 20.0  # of temperatures that are searched


def temperature(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the temperature that makes the given labels most likely, rounded to four digits.

    Args:
        labels: Positions in EMOTIONS, (n,).
        probabilities: Float (n, 7), rows that sum to one.
    """

    def loss(log_temperature: float) -> float:
        return log_loss(labels, scaled(probabilities, np.exp(log_temperature)))

    found = minimize_scalar(loss, bounds=tuple(np.log(RANGE)), method="bounded", options={"xatol": 1e-6})
    return float(f"{np.exp(found.x):.4g}")


def scaled(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return the softmax of logits divided by the temperature; above 1 the answers are less sure."""
    logits = np.log(np.maximum(probabilities, np.finfo(float).tiny)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def log_loss(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean of minus the logarithm of the given label's probability."""
    given = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(given, np.finfo(float).tiny)).mean())


def brier(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean squared distance to the given label, 0 to 2 (Brier, 1950)."""
    return float(((probabilities - np.eye(probabilities.shape[1])[labels]) ** 2).sum(axis=1).mean())


def bins(labels: np.ndarray, probabilities: np.ndarray, equal_mass: bool) -> list[dict[str, float]]:
    """Return the faces in bins of the confidence: how many, their mean confidence and the share that is right.

    Args:
        labels: Positions in EMOTIONS, (n,).
        probabilities: Float (n, 7).
        equal_mass: Bins of as many faces each instead of bins of equal width. Empty ones are left out.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    if equal_mass:
        order = np.argsort(confidence.round(9), kind="stable")  # rounded, so that equal ones stay in their order
        groups = np.array_split(order, BINS)
    else:
        place = np.minimum(np.ceil(confidence * BINS).astype(int) - 1, BINS - 1)  # (0, 1/15], (1/15, 2/15], ...
        groups = [np.flatnonzero(place == number) for number in range(BINS)]
    return [
        {"faces": len(group), "confidence": float(confidence[group].mean()), "accuracy": float(right[group].mean())}
        for group in groups
        if len(group)
    ]


def error(labels: np.ndarray, probabilities: np.ndarray, equal_mass: bool = False) -> float:
    """Return the expected calibration error: the mean distance of confidence and accuracy over 15 bins."""
    found = bins(labels, probabilities, equal_mass)
    return sum(one["faces"] * abs(one["confidence"] - one["accuracy"]) for one in found) / len(labels)


def cross_fitted_error(labels: np.ndarray, probabilities: np.ndarray, folds: int, seed: int) -> float:
    """Return the error after scaling each fold by the temperature of the others, so that no face scales itself."""
    fold = np.random.default_rng(seed).permutation(len(labels)) % folds
    cooled = np.empty(probabilities.shape)
    for number in range(folds):
        mine = fold == number
        others = mine if mine.all() else ~mine
        cooled[mine] = scaled(probabilities[mine], temperature(labels[others], probabilities[others]))
    return error(labels, cooled)


def error_by_chance(probabilities: np.ndarray, resamples: int, seed: int) -> tuple[float, float]:
    """Return between which errors 95 % of simulations lie in which the same confidences are exactly right.

    An error below the higher one is no sign of bad calibration: a finite number of faces gives as much by chance.
    """
    rng, confidence = np.random.default_rng(seed), probabilities.max(axis=1)
    place = np.minimum(np.ceil(confidence * BINS).astype(int) - 1, BINS - 1)
    inside = np.eye(BINS)[place]
    errors = [
        np.abs(inside.T @ (confidence - (rng.random(len(confidence)) < confidence))).sum() / len(confidence)
        for _ in range(resamples)
    ]
    low, high = np.percentile(errors, [2.5, 97.5])
    return float(low), float(high)


def risk_coverage(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return shares of the faces, surest first, and the share of wrong answers among them (El-Yaniv & Wiener, 2010)."""
    order = np.argsort(-probabilities.max(axis=1), kind="stable")
    wrong = probabilities.argmax(axis=1)[order] != labels[order]
    count = np.arange(1, len(labels) + 1)
    return count / len(labels), np.cumsum(wrong) / count


def confidence_for(labels: np.ndarray, probabilities: np.ndarray, accuracy: float) -> tuple[float, float] | None:
    """Return the lowest confidence above which so many answers are right, and the share of faces above it.

    None if there is no such confidence.
    """
    confidence = np.sort(probabilities.max(axis=1))[::-1]
    coverage, risk = risk_coverage(labels, probabilities)
    last_of_equals = np.append(confidence[1:] < confidence[:-1], True)
    enough = np.flatnonzero((risk <= 1 - accuracy) & last_of_equals)
    return (float(confidence[enough[-1]]), float(coverage[enough[-1]])) if len(enough) else None
