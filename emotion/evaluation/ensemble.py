"""Ensembles: models err on different faces, so their mean prediction errs on fewer.

Hansen & Salamon, "Neural Network Ensembles", 1990.
"""

import itertools
import math
from collections.abc import Callable, Mapping

import numpy as np

from emotion.core.errors import InputError
from emotion.core.predictions import Predictions
from emotion.evaluation import calibration, metrics
from emotion.evaluation.settings import Metric

MAX_GROUPS = 2_000  # about a minute


def ranked(
    labels: np.ndarray, candidates: Mapping[str, np.ndarray], metric: Metric, max_members: int
) -> list[tuple[str, ...]]:
    """Return all groups of candidates, the one with the best mean prediction first.

    Of equally good groups the one with fewer members comes first, then the one whose candidates are named earlier.

    Args:
        labels: Positions in EMOTIONS, (n,).
        candidates: The probabilities of each, float (n, 7).
        metric: By which groups are compared; log loss after temperature scaling of the mean.
        max_members: Of a group.

    Raises:
        InputError: There are more than MAX_GROUPS groups.
    """
    sizes = range(1, min(max_members, len(candidates)) + 1)
    count = sum(math.comb(len(candidates), size) for size in sizes)
    if count > MAX_GROUPS:
        raise InputError(
            f"{len(candidates)} candidates make {count:,} groups of up to {max_members}, more than {MAX_GROUPS:,}: "
            "lower ensemble.max_members or name fewer in ensemble.candidates"
        )
    groups = [group for size in sizes for group in itertools.combinations(candidates, size)]
    losses = {group: LOSSES[metric](labels, np.mean([candidates[name] for name in group], axis=0)) for group in groups}
    return sorted(groups, key=lambda group: round(losses[group], 9))  # stable: ties keep their order


def average(predictions: Mapping[str, Predictions]) -> Predictions:
    """Return the mean of several models' probabilities.

    Raises:
        InputError: They are for different faces, or with different labels.
    """
    require_same_faces(predictions)
    first = next(iter(predictions.values()))
    mean = np.mean([one.probabilities for one in predictions.values()], axis=0)
    return Predictions(first.names, first.labels, first.leakage, mean)


def require_same_faces(predictions: Mapping[str, Predictions]) -> None:
    """Refuse predictions of several models, by their names, that are not for the same faces in the same order.

    Raises:
        InputError: It names the first two models that differ.
    """
    (first, reference), *rest = predictions.items()
    for name, other in rest:
        if other.names != reference.names or not np.array_equal(other.labels, reference.labels):
            raise InputError(f"{first} and {name} have predictions for different faces: run `dvc repro` for both")


def _inaccuracy(labels: np.ndarray, probabilities: np.ndarray) -> float:
    return float((probabilities.argmax(axis=1) != labels).mean())


def _lack_of_f1(labels: np.ndarray, probabilities: np.ndarray) -> float:
    return 1 - metrics.macro_f1(labels, probabilities)


def _calibrated_log_loss(labels: np.ndarray, probabilities: np.ndarray) -> float:
    temperature = calibration.fit_temperature(labels, probabilities)
    return calibration.log_loss(labels, calibration.apply_temperature(probabilities, temperature))


# Lower is better. Without temperature scaling a mean of many models would lose because it is less confident.
LOSSES: dict[Metric, Callable[[np.ndarray, np.ndarray], float]] = {
    "log_loss": _calibrated_log_loss,
    "accuracy": _inaccuracy,
    "macro_f1": _lack_of_f1,
}
