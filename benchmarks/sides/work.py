"""What all sides train: one network and one recipe, from params.yaml."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from emotion.labels import EMOTIONS
from emotion.params import Section, load
from emotion.training.augment import AugmentSettings
from emotion.training.batches import Examples
from emotion.training.engine import FitSettings
from emotion.training.machine import MachineSettings

LEARNING_RATE = 0.01  # small enough for every side to stay finite on noise; no speed depends on it
FACES = 28709  # as FER-2013's training faces


class Model(Section, extra="ignore"):
    """What one entry of section `models` says about the network and the fit."""

    network: str
    build: dict[str, Any]
    fit: FitSettings


class Work(Section):
    """What a side trains, and how it uses the machine; it reaches the side's process as JSON."""

    network: str
    build: dict[str, Any]
    fit: FitSettings
    augment: AugmentSettings  # where a side augments
    machine: MachineSettings


def read(model: str = "cnn", augmented: str = "cnn_aug", widths: Sequence[int] = ()) -> Work:
    """Return the work that params.yaml describes.

    Args:
        model: The entry of section `models` that gives network and recipe.
        augmented: The entry that gives the augmentation.
        widths: Take the place of the network's own, if there are any.

    Raises:
        InputError: A section is missing or wrong.
    """
    chosen = load(f"models.{model}", Model)
    return Work(
        network=chosen.network,
        build=chosen.build | ({"widths": list(widths)} if widths else {}),
        fit=chosen.fit,
        augment=load(f"models.{augmented}.fit.augment", AugmentSettings),
        machine=load("training", MachineSettings),
    )


def noise(count: int) -> Examples:
    """Return made-up faces and labels: what a picture shows has no influence on the speed."""
    rng = np.random.default_rng(1)
    labels = rng.integers(0, len(EMOTIONS), count)
    faces = rng.integers(0, 256, (count, 48, 48), np.uint8)
    return Examples(faces, np.eye(len(EMOTIONS), dtype=np.float32)[labels])
