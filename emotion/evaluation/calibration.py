"""Calibration: of the faces predicted with a confidence of 70 %, 70 % should be correct.

Temperature scaling and the expected calibration error (ECE) are those of Guo et al., "On Calibration of Modern Neural
Networks", 2017. Where annotators voted, a prediction is as correct as its emotion's share of the votes. Calibrated on
the majority alone, a network that gives the true shares would become overconfident.

Everywhere here, `labels` are either positions in EMOTIONS, (n,), or shares of the emotions, (n, 7).
"""

import numpy as np

BINS = 15
TEMPERATURE_RANGE = (0.05, 20.0)  # that is searched


def fit_temperature(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the temperature that minimises the log loss, rounded to four digits."""
    from scipy.optimize import minimize_scalar  # slow to import, and most stages only apply a temperature

    def loss(log_temperature: float) -> float:
        return log_loss(labels, apply_temperature(probabilities, np.exp(log_temperature)))

    found = minimize_scalar(loss, bounds=tuple(np.log(TEMPERATURE_RANGE)), method="bounded", options={"xatol": 1e-6})
    return float(f"{np.exp(found.x):.4g}")


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return the softmax of the logits divided by the temperature; above 1 it lowers the confidence."""
    logits = np.log(np.maximum(probabilities, np.finfo(float).tiny)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def log_loss(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean negative logarithm of the true label's probability; of shares, the cross-entropy."""
    logarithms = np.log(np.maximum(probabilities, np.finfo(float).tiny))
    if labels.ndim == 1:
        return float(-logarithms[np.arange(len(labels)), labels].mean())
    return float(-(labels * logarithms).sum(axis=1).mean())


def brier(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean squared distance to the one-hot label, 0 to 2 (Brier, 1950)."""
    one_hot = np.eye(probabilities.shape[1])[labels]
    return float(((probabilities - one_hot) ** 2).sum(axis=1).mean())


def bins(labels: np.ndarray, probabilities: np.ndarray, equal_mass: bool) -> list[dict[str, float]]:
    """Return the number of faces, mean confidence and accuracy of each bin of the confidence; empty bins are left out.

    Args:
        labels: Of the faces.
        probabilities: Float (n, 7).
        equal_mass: Bins with equal numbers of faces, instead of bins of equal width.
    """
    confidence = probabilities.max(axis=1)
    correct = _correctness(labels, probabilities)
    if equal_mass:
        order = np.argsort(confidence.round(9), kind="stable")  # rounded, so that ties stay in their order
        groups = np.array_split(order, BINS)
    else:
        bin_of_face = _equal_width_bin(confidence)
        groups = [np.flatnonzero(bin_of_face == number) for number in range(BINS)]
    return [
        {"faces": len(group), "confidence": float(confidence[group].mean()), "accuracy": float(correct[group].mean())}
        for group in groups
        if len(group)
    ]


def _correctness(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return whether each prediction is correct or, of shares, how correct it is, (n,)."""
    predicted = probabilities.argmax(axis=1)
    return predicted == labels if labels.ndim == 1 else labels[np.arange(len(labels)), predicted]


def _equal_width_bin(confidence: np.ndarray) -> np.ndarray:
    """Return the bin of each confidence: (0, 1/15] is 0, (1/15, 2/15] is 1 ..."""
    return np.minimum(np.ceil(confidence * BINS).astype(int) - 1, BINS - 1)


def ece(labels: np.ndarray, probabilities: np.ndarray, equal_mass: bool = False) -> float:
    """Return the expected calibration error: the mean distance between confidence and accuracy over 15 bins."""
    found = bins(labels, probabilities, equal_mass)
    return sum(one["faces"] * abs(one["confidence"] - one["accuracy"]) for one in found) / len(labels)


def cross_fitted_ece(labels: np.ndarray, probabilities: np.ndarray, folds: int, seed: int) -> float:
    """Return the ECE after each fold is scaled by the temperature fitted on the other folds."""
    fold_of_face = np.random.default_rng(seed).permutation(len(labels)) % folds
    scaled = np.empty(probabilities.shape)
    for fold in range(folds):
        inside = fold_of_face == fold
        others = inside if inside.all() else ~inside
        temperature = fit_temperature(labels[others], probabilities[others])
        scaled[inside] = apply_temperature(probabilities[inside], temperature)
    return ece(labels, scaled)


def ece_of_perfect_calibration(probabilities: np.ndarray, resamples: int, seed: int) -> tuple[float, float]:
    """Return the 95 % range of the ECE of simulated predictions whose confidences are exactly right.

    An ECE below the upper end is no sign of bad calibration: a finite number of faces never gives zero.
    """
    rng = np.random.default_rng(seed)
    confidence = probabilities.max(axis=1)
    in_bin = np.eye(BINS)[_equal_width_bin(confidence)]
    errors = [
        np.abs(in_bin.T @ (confidence - (rng.random(len(confidence)) < confidence))).sum() / len(confidence)
        for _ in range(resamples)
    ]
    low, high = np.percentile(errors, [2.5, 97.5])
    return float(low), float(high)


def risk_coverage(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the coverage, most confident faces first, and the error rate at it (El-Yaniv & Wiener, 2010)."""
    order = np.argsort(-probabilities.max(axis=1), kind="stable")
    wrong = probabilities.argmax(axis=1)[order] != labels[order]
    count = np.arange(1, len(labels) + 1)
    return count / len(labels), np.cumsum(wrong) / count


def confidence_for(labels: np.ndarray, probabilities: np.ndarray, accuracy: float) -> tuple[float, float] | None:
    """Return the lowest confidence threshold at which predictions reach an accuracy, and its coverage; None if none."""
    confidence = np.sort(probabilities.max(axis=1))[::-1]
    coverage, risk = risk_coverage(labels, probabilities)
    last_of_ties = np.append(confidence[1:] < confidence[:-1], True)  # a threshold accepts all of them or none
    enough = np.flatnonzero((risk <= 1 - accuracy + 1e-9) & last_of_ties)  # 1 - 0.9 is a little less than 0.1
    if not len(enough):
        return None
    return float(confidence[enough[-1]]), float(coverage[enough[-1]])
