"""Compute how much each emotion counts in the loss."""

from typing import Literal

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from emotion import errors
from emotion.data import dataset
from emotion.files import write_json
from emotion.labels import EMOTIONS
from emotion.params import Section, load


class ClassWeightSettings(Section):
    """Section `class_weights` of params.yaml."""

    method: Literal["none", "balanced", "sqrt_balanced"]


def main() -> None:
    """Write data/class_weights.json, one number per emotion."""
    settings = load("class_weights", ClassWeightSettings)
    labels = dataset.load("data/learn.parquet", "train").labels
    given = None if settings.method == "none" else "balanced"
    weights, present = np.ones(len(EMOTIONS)), np.unique(labels)  # pictures of one's own may lack an emotion
    weights[present] = compute_class_weight(given, classes=present, y=labels)
    if settings.method == "sqrt_balanced":
        weights = np.sqrt(weights)
    write_json("data/class_weights.json", dict(zip(EMOTIONS, weights.round(6).tolist(), strict=True)))
    print(", ".join(f"{emotion} {weight:.2f}" for emotion, weight in zip(EMOTIONS, weights, strict=True)))


if __name__ == "__main__":
    errors.run(main)
