"""Averages of several models' answers: models err in part on different faces, so their mean errs on fewer.

After Hansen & Salamon, "Neural Network Ensembles", 1990.
"""

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from pydantic import Field
from sklearn import metrics

from emotion.errors import InputError
from emotion.evaluation import calibration
from emotion.evaluation.predictions import Predictions
from emotion.params import Section

MOST = 2_000  # groups that are tried, within a minute or so
Score = Literal["log_loss", "accuracy", "macro_f1"]


class EnsembleSettings(Section):
    """Section `ensemble` of params.yaml."""

    candidates: list[str] = Field(min_length=1)
    largest: int = Field(ge=1)
    select_by: Score


def ranked(
    labels: np.ndarray, candidates: Mapping[str, np.ndarray], select_by: Score, largest: int
) -> list[tuple[str, ...]]:
    """Return all groups of candidates, the one whose average is best first.

    Of equal groups the one with fewer members comes first, then the one whose candidates are named earlier.

    Args:
        labels: Positions in EMOTIONS, (n,).
        candidates: The probabilities of each, float (n, 7).
        select_by: What the average shall be best in; log loss after its own temperature.
        largest: How many members a group may have.

    Raises:
        InputError: There would be too many groups.
    """
    sizes = range(1, min(largest, len(candidates)) + 1)
    count = sum(math.comb(len(candidates), size) for size in sizes)
    if count > MOST:
        raise InputError(
            f"{len(candidates)} candidates make {count:,} groups of up to {largest}, more than {MOST:,}: "
            "lower ensemble.largest or name fewer in ensemble.candidates"
        )
    groups = [group for size in sizes for group in itertools.combinations(candidates, size)]
    losses = {
        group: LOSSES[select_by](labels, np.mean([candidates[name] for name in group], axis=0)) for group in groups
    }
    return sorted(groups, key=lambda group: round(losses[group], 9))  # stable: equal ones keep their order


def average(answers: Mapping[str, Predictions]) -> Predictions:
    """Return the mean of several models' probabilities.

    Raises:
        InputError: They answer for different faces, or know different labels of them.
    """
    (first, one), *rest = answers.items()
    for name, other in rest:
        if other.names != one.names or not np.array_equal(other.labels, one.labels):
            raise InputError(f"{first} and {name} answered for different faces: run `dvc repro` for both")
    mean = np.mean([given.probabilities for given in answers.values()], axis=0)
    return Predictions(one.names, one.labels, one.leaked, mean)


def _inaccuracy(labels: np.ndarray, probabilities: np.ndarray) -> float:
    return float((probabilities.argmax(axis=1) != labels).mean())


def _lack_of_f1(labels: np.ndarray, probabilities: np.ndarray) -> float:
    present, predicted = np.unique(labels), probabilities.argmax(axis=1)
    return 1 - float(metrics.f1_score(labels, predicted, labels=present, average="macro", zero_division=0))


def _calibrated_log_loss(labels: np.ndarray, probabilities: np.ndarray) -> float:
    temperature = calibration.temperature(labels, probabilities)
    return calibration.log_loss(labels, calibration.scaled(probabilities, temperature))


# The lower, the better. The chosen mean gets a temperature, too; without it a mean of many would lose by its modesty.
LOSSES: dict[Score, Callable[[np.ndarray, np.ndarray], float]] = {
    "log_loss": _calibrated_log_loss,
    "accuracy": _inaccuracy,
    "macro_f1": _lack_of_f1,
}
