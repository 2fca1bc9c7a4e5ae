"""Weights of the emotions in the loss, against their imbalance."""

import numpy as np

from emotion.core.labels import EMOTIONS
from emotion.preparation.settings import ClassWeightSettings


def class_weights(labels: np.ndarray, settings: ClassWeightSettings) -> dict[str, float]:
    """Return the weight of each emotion, rounded to six digits; 1 for an emotion without faces.

    Args:
        labels: Positions in EMOTIONS of the training faces, (n,).
        settings: The method: n / (emotions that occur x class count) for `balanced`, its square root for
            `sqrt_balanced`.
    """
    weights = np.ones(len(EMOTIONS))
    if settings.method != "none":
        present, counts = np.unique(labels, return_counts=True)  # your own pictures may lack an emotion
        weights[present] = len(labels) / (len(present) * counts)
    if settings.method == "sqrt_balanced":
        weights = np.sqrt(weights)
    return dict(zip(EMOTIONS, weights.round(6).tolist(), strict=True))
