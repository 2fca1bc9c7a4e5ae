"""What all sides train: one network and one recipe, from params.yaml."""

from typing import Any

import numpy as np

from emotion.core.labels import EMOTIONS
from emotion.core.params import Section, load
from emotion.training.augmentation import AugmentationSettings
from emotion.training.batches import Examples
from emotion.training.settings import FitSettings, HardwareSettings, ModelSettings

LEARNING_RATE = 0.01  # small enough for every side to stay finite on noise; the speed does not depend on it
FACES = 28709  # as many as FER-2013's training faces


class Work(Section):
    """What a side trains and on which hardware settings; its process receives it as JSON."""

    network: str
    build: dict[str, Any]
    fit: FitSettings
    augmentation: AugmentationSettings  # of the sides that augment
    hardware: HardwareSettings


def read(model: str = "cnn") -> Work:
    """Return the work that params.yaml describes for a model of its section `models`.

    Raises:
        InputError: A section is missing or wrong.
    """
    chosen = load(f"models.{model}", ModelSettings)
    return Work(
        network=chosen.network,
        build=chosen.build,
        fit=chosen.fit,
        augmentation=load("models.cnn_aug.fit.augmentation", AugmentationSettings),
        hardware=load("hardware", HardwareSettings),
    )


def noise(count: int) -> Examples:
    """Return random faces and labels: the speed does not depend on what a picture shows."""
    rng = np.random.default_rng(1)
    labels = rng.integers(0, len(EMOTIONS), count)
    faces = rng.integers(0, 256, (count, 48, 48), np.uint8)
    return Examples(faces, np.eye(len(EMOTIONS), dtype=np.float32)[labels])
