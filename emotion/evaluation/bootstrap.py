"""Bootstrap confidence intervals: how far scores would move with other faces (Efron, "Bootstrap Methods", 1979)."""

from collections.abc import Iterator

import numpy as np

from emotion.core.labels import EMOTIONS
from emotion.evaluation import metrics

CHUNK_SIZE = 100  # resamples at a time, so that their arrays stay in the processor's cache
Interval = tuple[float, float] | None


def intervals(labels: np.ndarray, probabilities: np.ndarray, resamples: int, seed: int) -> dict[str, Interval]:
    """Return the 95 % confidence intervals of scores over resamples of the faces, drawn with replacement.

    Args:
        labels: Positions in EMOTIONS, (n,).
        probabilities: Float (n, 7), rows that sum to one.
        resamples: Number of resamples; the percentiles 2.5 and 97.5 need some thousands.
        seed: Of the draws.

    Returns:
        By the names that `metrics.headline` uses, and `recall/<emotion>`, `f1/<emotion>`. Means are over the emotions
        that occur in the labels. None where a score is undefined: an emotion without faces, the area under the ROC
        curve if any emotion has no faces.
    """
    rows: dict[str, list[np.ndarray]] = {}
    for scores in _scores_of_resamples(labels, probabilities, resamples, seed):
        for name, values in scores.items():
            rows.setdefault(name, []).append(values)
    defined = {name: _percentiles(np.concatenate(values)) for name, values in rows.items()}
    per_class = [f"{score}/{emotion}" for score in ("recall", "f1") for emotion in EMOTIONS]
    return dict.fromkeys(["roc_auc", *per_class]) | defined


def _scores_of_resamples(
    labels: np.ndarray, probabilities: np.ndarray, resamples: int, seed: int
) -> Iterator[dict[str, np.ndarray]]:
    """Yield the scores of one chunk of resamples after another, each (chunk,)."""
    present = np.unique(labels)
    cells = np.eye(len(EMOTIONS) ** 2)[labels * len(EMOTIONS) + probabilities.argmax(axis=1)]
    losses = metrics.losses(labels, probabilities)
    ranks = [_Ranks(labels == emotion, probabilities[:, emotion]) for emotion in present]
    for counts in _resampled(len(labels), resamples, seed):
        scores = _of_confusion((counts @ cells).reshape(-1, len(EMOTIONS), len(EMOTIONS)), present)
        scores["log_loss"] = counts @ losses / len(labels)
        if len(present) == len(EMOTIONS):
            scores["roc_auc"] = np.mean([ranked.area(counts) for ranked in ranks], axis=0)
        yield scores


def _resampled(faces: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Yield how often each face is drawn in each resample, float (chunk, n)."""
    rng = np.random.default_rng(seed)
    for start in range(0, resamples, CHUNK_SIZE):
        rows = min(CHUNK_SIZE, resamples - start)
        drawn = rng.integers(0, faces, (rows, faces)) + faces * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * faces).reshape(rows, faces).astype(np.float64)


def _of_confusion(counts: np.ndarray, present: np.ndarray) -> dict[str, np.ndarray]:
    """Return scores of confusion matrices (resamples, 7, 7); means leave out an emotion that a resample lacks."""
    of_class = metrics.per_class_scores(counts)
    support = of_class["support"]
    recall, f1 = (np.where(support > 0, of_class[score], np.nan) for score in ("recall", "f1"))
    total = support.sum(axis=1)
    scores = {
        "accuracy": counts.trace(axis1=1, axis2=2) / total,
        "balanced_accuracy": np.nanmean(recall[:, present], axis=1),
        "macro_f1": np.nanmean(f1[:, present], axis=1),
        "weighted_f1": np.nansum(f1 * support, axis=1) / total,
    }
    for emotion in present:
        scores[f"recall/{EMOTIONS[emotion]}"] = recall[:, emotion]
        scores[f"f1/{EMOTIONS[emotion]}"] = f1[:, emotion]
    return scores


class _Ranks:
    """Where the faces of one emotion stand among the others, by the probability of that emotion."""

    def __init__(self, positive: np.ndarray, values: np.ndarray) -> None:
        self.positives = np.flatnonzero(positive)
        negatives = np.flatnonzero(~positive)
        self.negatives = negatives[np.argsort(values[negatives])]
        in_order = values[self.negatives]
        self.below = np.searchsorted(in_order, values[self.positives], "left")
        self.up_to = np.searchsorted(in_order, values[self.positives], "right")

    def area(self, counts: np.ndarray) -> np.ndarray:
        """Return the area under the ROC curve in each resample; a tie counts half. NaN where a side is empty."""
        positives = counts[:, self.positives]
        negatives_below = np.zeros((len(counts), len(self.negatives) + 1))
        np.cumsum(counts[:, self.negatives], axis=1, out=negatives_below[:, 1:])
        twice_won = negatives_below[:, self.below] + negatives_below[:, self.up_to]
        won = np.einsum("bn,bn->b", positives, twice_won) / 2
        with np.errstate(invalid="ignore", divide="ignore"):
            return won / (positives.sum(axis=1) * negatives_below[:, -1])


def _percentiles(values: np.ndarray) -> Interval:
    defined = values[~np.isnan(values)]
    if not len(defined):
        return None
    low, high = np.percentile(defined, [2.5, 97.5])
    return round(float(low), 6), round(float(high), 6)
