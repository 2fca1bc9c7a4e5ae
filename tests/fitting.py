"""Tiny networks, noise to train them on, and the settings of a short training."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.framework.config import disable_op_determinism

from emotion.training import checkpoint, loop, registry
from emotion.training.batches import Examples
from emotion.training.checkpoint import Checkpoint
from emotion.training.history import Row
from emotion.training.settings import FitSettings, HardwareSettings

NETWORKS: dict[str, dict[str, Any]] = {
    "cnn": {"widths": [4], "dense": 8, "dropout": 0.25, "dense_dropout": 0.25},
    "resnet_fer": {"stem": 4, "widths": [4, 8], "blocks": [1, 1], "dropout": 0.25},
}
NO_AUGMENTATION: dict[str, Any] = {
    "rotation": 0.0,
    "shift": 0.0,
    "zoom": 0.0,
    "shear": 0.0,
    "horizontal_flip": False,
    "brightness": 0.0,
    "camera": 0.0,
    "random_erasing": 0.0,
    "random_erasing_max_area": 0.2,
    "mixup_alpha": 0.0,
    "mixup_off_epochs": 0,
    "progressive_sizes": [48],
}
SCHEDULE: dict[str, Any] = {
    "kind": "constant",
    "peak_learning_rate": 0.01,
    "warmup_fraction": 0.0,
    "plateau_patience": 1,
    "plateau_factor": 0.5,
}
FIT: dict[str, Any] = {
    "epochs": 4,
    "batch_size": 16,
    "optimizer": "sgd",
    "weight_decay": 0.01,
    "label_smoothing": 0.1,
    "monitor": "val_loss",
    "early_stopping_patience": 0,
    "schedule": SCHEDULE,
    "ema": {"decay": 0.0, "recalibration_batches": 2},
    "augmentation": NO_AUGMENTATION,
}
VALIDATION = 35, 2  # number of faces, seed


def network(name: str = "cnn", seed: int = 1, **changes: Any) -> keras.Model:
    """Build a tiny network with weights that follow from the seed."""
    keras.utils.set_random_seed(seed)
    shared = {"activation": "relu", "initializer": "he_normal"}
    return registry.build(name, {**NETWORKS[name], **shared, **changes})


def noise(count: int, seed: int) -> Examples:
    """Return noise with labels that cannot be learned, so that more training only overfits."""
    rng = np.random.default_rng(seed)
    faces = rng.integers(0, 256, (count, 48, 48), np.uint8)
    return Examples(faces, np.eye(7, dtype=np.float32)[np.arange(count) % 7])


def same(one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Return whether two lists hold the same arrays."""
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@contextmanager
def deterministic() -> Iterator[None]:
    """Give an operation the same result each time for a while, as in every stage."""
    tf.config.experimental.enable_op_determinism()
    yield
    disable_op_determinism()


def hardware(precision: str = "float32", *, xla: bool = False) -> HardwareSettings:
    """Return hardware settings for two threads."""
    return HardwareSettings(precision=precision, xla=xla, threads=2)


def fit(
    model: keras.Model,
    folder: Path,
    *,
    train: Examples | None = None,
    machine: HardwareSettings | None = None,
    peak: float = 0.01,
    **changes: Any,
) -> list[Row]:
    """Train on 70 faces of noise, with the history and the checkpoint in a folder."""
    keras.utils.set_random_seed(1)
    settings = FitSettings(**FIT | {"schedule": SCHEDULE | {"peak_learning_rate": peak}} | changes)
    return loop.fit(
        model,
        train or noise(70, 1),
        noise(*VALIDATION),
        settings,
        hardware=machine or hardware(),
        seed=1,
        history_path=folder / "history.csv",
        checkpoint=Checkpoint(folder / "checkpoints", "cnn", checkpoint.identity(settings)),
    )
