"""Weights of the emotions in the loss, against their imbalance."""

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from emotion.core.labels import EMOTIONS
from emotion.preparation.settings import ClassWeightSettings


def class_weights(labels: np.ndarray, settings: ClassWeightSettings) -> dict[str, float]:
    """Return the weight of each emotion, rounded to six digits; 1 for an emotion without faces.

    Args:
        labels: Positions in EMOTIONS of the training faces, (n,).
        settings: The method: n / (7 x class count) for `balanced`, its square root for `sqrt_balanced`.
    """
    weights = np.ones(len(EMOTIONS))
    present = np.unique(labels)  # your own pictures may lack an emotion
    method = None if settings.method == "none" else "balanced"
    weights[present] = compute_class_weight(method, classes=present, y=labels)
    if settings.method == "sqrt_balanced":
        weights = np.sqrt(weights)
    return dict(zip(EMOTIONS, weights.round(6).tolist(), strict=True))
