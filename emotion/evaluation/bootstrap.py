"""How far scores would move with other faces: the bootstrap (Efron, "Bootstrap Methods", 1979)."""

from collections.abc import Iterator

import numpy as np

from emotion.labels import EMOTIONS

CHUNK = 100  # resamples at a time, whose arrays stay in the processor's cache
Interval = tuple[float, float] | None


def intervals(labels: np.ndarray, probabilities: np.ndarray, resamples: int, seed: int) -> dict[str, Interval]:
    """Return the 95 % intervals of scores over resamples of the faces, drawn with replacement.

    Args:
        labels: Positions in EMOTIONS, (n,).
        probabilities: Float (n, 7), rows that sum to one.
        resamples: How many; the percentiles 2.5 and 97.5 need some thousands.
        seed: Of the draws.

    Returns:
        By the names that scores.headline uses, and `recall/<emotion>`, `f1/<emotion>`. Means are over the emotions that
        occur in the labels. None where a score is undefined: an emotion without faces, the area under the ROC curve
        if any emotion has no faces.
    """
    present = np.unique(labels)
    cells = np.eye(len(EMOTIONS) ** 2)[labels * len(EMOTIONS) + probabilities.argmax(axis=1)]
    given = probabilities[np.arange(len(labels)), labels] / probabilities.sum(axis=1)
    losses = -np.log(np.maximum(given, np.finfo(float).eps))
    ranks = [_Ranks(labels == emotion, probabilities[:, emotion]) for emotion in present]
    rows: dict[str, list[np.ndarray]] = {}
    for counts in _resampled(len(labels), resamples, seed):
        found = _of_confusion((counts @ cells).reshape(-1, len(EMOTIONS), len(EMOTIONS)), present)
        found["log_loss"] = counts @ losses / len(labels)
        if len(present) == len(EMOTIONS):
            found["roc_auc"] = np.mean([ranked.area(counts) for ranked in ranks], axis=0)
        for name, values in found.items():
            rows.setdefault(name, []).append(values)
    known = {name: _percentiles(np.concatenate(values)) for name, values in rows.items()}
    per_class = [f"{score}/{emotion}" for score in ("recall", "f1") for emotion in EMOTIONS]
    return dict.fromkeys(["roc_auc", *per_class]) | known


def _resampled(faces: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Yield how often each face is drawn in each resample, float (chunk, n)."""
    rng = np.random.default_rng(seed)
    for start in range(0, resamples, CHUNK):
        rows = min(CHUNK, resamples - start)
        drawn = rng.integers(0, faces, (rows, faces)) + faces * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * faces).reshape(rows, faces).astype(np.float64)


def _of_confusion(counts: np.ndarray, present: np.ndarray) -> dict[str, np.ndarray]:
    """Return scores of confusion matrices (resamples, 7, 7); an emotion that a resample lacks has no part in means."""
    support, answers = counts.sum(axis=2), counts.sum(axis=1)
    right = np.einsum("bii->bi", counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        recall = np.where(support > 0, right / support, np.nan)
        f1 = np.where(support > 0, 2 * right / (support + answers), np.nan)
    total = counts.sum(axis=(1, 2))
    found = {
        "accuracy": right.sum(axis=1) / total,
        "balanced_accuracy": np.nanmean(recall[:, present], axis=1),
        "macro_f1": np.nanmean(f1[:, present], axis=1),
        "weighted_f1": np.nansum(f1 * support, axis=1) / total,
    }
    for emotion in present:
        found |= {f"recall/{EMOTIONS[emotion]}": recall[:, emotion], f"f1/{EMOTIONS[emotion]}": f1[:, emotion]}
    return found


class _Ranks:
    """Where the faces of one emotion stand among the others, by their probability of it."""

    def __init__(self, positive: np.ndarray, values: np.ndarray) -> None:
        self.positive, others = np.flatnonzero(positive), np.flatnonzero(~positive)
        self.others = others[np.argsort(values[others])]
        in_order = values[self.others]
        self.below, self.upto = (np.searchsorted(in_order, values[self.positive], side) for side in ("left", "right"))

    def area(self, counts: np.ndarray) -> np.ndarray:
        """Return the area under the ROC curve in each resample; a tie counts half. NaN where a side is empty."""
        positive, below = counts[:, self.positive], np.zeros((len(counts), len(self.others) + 1))
        np.cumsum(counts[:, self.others], axis=1, out=below[:, 1:])
        won = np.einsum("bn,bn->b", positive, below[:, self.below] + below[:, self.upto]) / 2
        with np.errstate(invalid="ignore", divide="ignore"):
            return won / (positive.sum(axis=1) * below[:, -1])


def _percentiles(values: np.ndarray) -> Interval:
    known = values[~np.isnan(values)]
    low, high = np.percentile(known, [2.5, 97.5]) if len(known) else (np.nan, np.nan)
    return (round(float(low), 6), round(float(high), 6)) if len(known) else None
