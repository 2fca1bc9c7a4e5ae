"""Fitting a network: one loop, read from top to bottom."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf
from pydantic import Field
from tqdm import tqdm

from emotion.errors import InputError
from emotion.training import averaging, fast_layers, forward, step
from emotion.training.augment import AugmentSettings
from emotion.training.batches import Examples, batches
from emotion.training.checkpoint import Checkpoint, Progress
from emotion.training.history import Row, is_best, log
from emotion.training.machine import MachineSettings
from emotion.training.schedule import ScheduleSettings, learning_rate


class FitSettings(step.OptimizerSettings):
    """`fit` of a model."""

    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    label_smoothing: float = Field(ge=0, lt=1)
    average: averaging.AverageSettings
    select_by: Literal["val_accuracy", "val_macro_f1", "val_loss"]
    patience: int = Field(ge=0)
    schedule: ScheduleSettings
    augment: AugmentSettings


def fit(
    model: keras.Model,
    train: Examples,
    validation: Examples,
    settings: FitSettings,
    machine: MachineSettings,
    seed: int,
    log_file: str | Path,
    checkpoint: Checkpoint,
) -> list[Row]:
    """Fit a network, leave it with the weights of its best epoch on validation faces and return the history.

    Args:
        model: Stock Keras layers in float32; learns in place.
        train: What it learns from; the more a row of targets sums to, the more its face counts.
        validation: What selects the epoch; targets are ones and zeros.
        settings: The recipe.
        machine: Number format and XLA; threads were set before.
        seed: Of the order of the faces and of the augmentation. (Weights and dropout follow Keras' global seed.)
        log_file: A CSV file that gains a row per epoch.
        checkpoint: From which it goes on, and into which it writes. It stays: what is made of the weights may fail.

    Raises:
        InputError: A batch is larger than the data or the memory, the loss is no longer finite, or the checkpoint
            is damaged.
    """
    size, steps = settings.batch_size, len(train) // settings.batch_size
    if steps == 0:
        raise InputError(f"batch_size {size} is larger than the {len(train)} training faces: make it smaller")
    train = replace(train, targets=_smoothed(train.targets, settings.label_smoothing))
    fast = _twin(model, machine, settings.augment.sizes)
    optimizer = step.optimizer(settings, fast, machine.precision)
    some = np.random.default_rng(seed).permutation(len(train))[: min(settings.average.batches, steps) * size]
    average = averaging.Average(fast, settings.average, train, some.reshape(-1, size))
    learn = step.compiled(fast, optimizer, average.weights, settings.average.decay, machine.xla)
    answer = forward.compiled(fast)
    variables = [*fast.variables, *optimizer.variables, *average.weights]
    progress, best = checkpoint.load(variables) or (Progress(), fast.get_weights())

    with log(log_file, progress.history) as write, _live(settings, steps, progress) as bar, _enough_memory(size):
        while not _is_over(progress.history, settings):
            epoch, losses = len(progress.history), [row["val_loss"] for row in progress.history]
            augment = settings.augment.of_epoch(epoch, settings.epochs)
            for inputs, targets in batches(train, size, augment, (seed, epoch), first=progress.batch):
                rate = learning_rate(settings.schedule, (epoch + progress.batch / steps) / settings.epochs, losses)
                optimizer.learning_rate = rate
                progress.add(*learn(inputs, targets).numpy().tolist())
                _require_finite(progress.loss, progress, settings.schedule.peak)
                bar.update(size)
                if checkpoint.due and progress.batch < steps:
                    checkpoint.save(progress, variables, best)
            row = {"epoch": epoch + 1, "learning_rate": rate}
            row |= {"loss": progress.loss / steps, "accuracy": progress.accuracy / steps}
            with average.in_place():
                row |= _validate(answer(validation.parts(forward.BATCH)), validation.targets.argmax(1))
                _require_finite(row["val_loss"], progress, settings.schedule.peak)
                row["best"] = int(is_best(row, progress.history, settings.select_by))
                best = fast.get_weights() if row["best"] else best
            progress = Progress([*progress.history, row])
            checkpoint.save(progress, variables, best)
            write(row)
    model.set_weights(best)
    return progress.history


def _twin(model: keras.Model, machine: MachineSettings, sizes: list[int]) -> keras.Model:
    """Return the fast form of the network for faces of these sizes."""
    if len(sizes) == 1:
        return fast_layers.twin(model, machine.precision, machine.xla)
    try:
        return fast_layers.twin(model, machine.precision, machine.xla, any_size=True)
    except ValueError:  # a dense layer cannot know its shape
        raise InputError(f"augment.sizes {sizes}: this network flattens the picture, so write [48]") from None


def _smoothed(targets: np.ndarray, smoothing: float) -> np.ndarray:
    """Return targets of which a share is spread evenly over all classes (Szegedy et al., 2016); sums stay."""
    return (targets * (1 - smoothing) + targets.mean(axis=1, keepdims=True) * smoothing).astype(np.float32)


def _is_over(history: list[Row], settings: FitSettings) -> bool:
    late = history[-settings.patience :] if settings.patience else []
    if late and not any(row["best"] for row in late):
        print(f"no better epoch in {settings.patience}: stopped")
        return True
    return len(history) == settings.epochs


def _require_finite(loss: float, progress: Progress, peak: float) -> None:
    if not np.isfinite(loss):
        where = f"epoch {len(progress.history) + 1}, batch {progress.batch}"
        raise InputError(f"the loss is not finite in {where}: lower schedule.peak ({peak})")


@contextmanager
def _enough_memory(batch_size: int) -> Iterator[None]:
    try:
        yield
    except (tf.errors.ResourceExhaustedError, MemoryError):
        raise InputError(f"too little memory for batch_size {batch_size}: make it smaller") from None


def _live(settings: FitSettings, steps: int, progress: Progress) -> Any:
    """Return a bar for a terminal: images a second and the time left; nothing elsewhere."""
    faces = steps * settings.batch_size
    done = len(progress.history) * faces + progress.batch * settings.batch_size
    return tqdm(initial=done, total=settings.epochs * faces, unit=" images", leave=False, disable=None)


def _validate(answers: np.ndarray, labels: np.ndarray) -> Row:
    predicted = answers.argmax(1)
    right = predicted == labels
    loss = -np.log(np.maximum(answers[np.arange(len(labels)), labels], 1e-7)).mean()
    f1 = []
    for emotion in np.unique(labels):
        both = (labels == emotion).sum() + (predicted == emotion).sum()
        f1.append(2 * (right & (labels == emotion)).sum() / both)
    return {"val_loss": float(loss), "val_accuracy": float(right.mean()), "val_macro_f1": float(np.mean(f1))}
