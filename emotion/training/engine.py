"""Fitting a network: one loop, read from top to bottom."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf
from pydantic import Field
from tqdm import tqdm

from emotion.errors import InputError
from emotion.params import Section
from emotion.training import augment, fast_layers, forward
from emotion.training.history import Row, is_best, log
from emotion.training.machine import MachineSettings
from emotion.training.schedule import ScheduleSettings, learning_rate


class FitSettings(Section):
    """`fit` of a model."""

    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    optimizer: Literal["adam", "sgd"]
    weight_decay: float = Field(ge=0)
    label_smoothing: float = Field(ge=0, lt=1)
    select_by: Literal["val_accuracy", "val_macro_f1", "val_loss"]
    patience: int = Field(ge=0)
    schedule: ScheduleSettings
    augment: augment.AugmentSettings


@dataclass(frozen=True)
class Examples:
    """n faces uint8 (n, 48, 48), what to answer float32 (n, 7) and how much each counts float32 (n,)."""

    faces: np.ndarray
    targets: np.ndarray
    weights: np.ndarray


def fit(
    model: keras.Model,
    train: Examples,
    validation: Examples,
    settings: FitSettings,
    machine: MachineSettings,
    seed: int,
    log_file: str | Path,
) -> list[Row]:
    """Fit a network, leave it with the weights of its best epoch on validation faces and return the history.

    Args:
        model: Stock Keras layers in float32; learns in place.
        train: What it learns from.
        validation: What selects the epoch; its weights are not used.
        settings: The recipe.
        machine: Number format and XLA; threads were set before.
        seed: Of the order of the faces and of the augmentation. (Weights and dropout follow Keras' global seed.)
        log_file: A CSV file that gains a row per epoch.

    Raises:
        InputError: A batch is larger than the data, or the loss is no longer finite.
    """
    steps = len(train.faces) // settings.batch_size
    if steps == 0:
        raise InputError(
            f"batch_size {settings.batch_size} is larger than the {len(train.faces)} training faces: make it smaller"
        )
    fast = fast_layers.twin(model, machine.precision)
    optimizer = _optimizer(settings, fast, machine.precision)
    step = _step(fast, optimizer, settings.label_smoothing, machine.xla)
    history: list[Row] = []
    best = fast.get_weights()
    with log(log_file) as write:
        for epoch in range(1, settings.epochs + 1):
            row: Row = {"epoch": epoch} | _train_epoch(step, optimizer, train, settings, history, steps, seed)
            row |= _validate(fast, validation)
            row["best"] = int(is_best(row, history, settings.select_by))
            history.append(row)
            write(row)
            if row["best"]:
                best = fast.get_weights()
            if settings.patience and all(not late["best"] for late in history[-settings.patience :]):
                print(f"no better epoch in {settings.patience}: stopped")
                break
    model.set_weights(best)
    return history


def _train_epoch(
    step: Any, optimizer: Any, train: Examples, settings: FitSettings, history: list[Row], steps: int, seed: int
) -> Row:
    """Learn from every face once and return the learning rate at the end, mean loss and accuracy."""
    done = len(history)
    # Seeded by the epoch's number, so that what an epoch sees does not depend on the epochs before.
    rng = np.random.default_rng([seed, done])
    losses = [row["val_loss"] for row in history]
    total = np.zeros(2)
    feed = augment.batches(train.faces, settings.batch_size, settings.augment, rng)
    bar = tqdm(feed, f"epoch {done + 1}/{settings.epochs}", steps, leave=False, disable=None, unit="batch")
    for number, (chosen, faces) in enumerate(bar):
        rate = learning_rate(settings.schedule, (done + number / steps) / settings.epochs, losses)
        optimizer.learning_rate = rate
        total += step(faces, train.targets[chosen], train.weights[chosen]).numpy()
        if not math.isfinite(total[0]):
            where = f"epoch {done + 1}, batch {number + 1}"
            raise InputError(f"the loss is not finite in {where}: lower schedule.peak ({settings.schedule.peak})")
    loss, accuracy = total / steps
    return {"learning_rate": rate, "loss": loss, "accuracy": accuracy}


def _step(model: keras.Model, optimizer: Any, smoothing: float, xla: bool) -> Any:
    """Return the compiled function that learns from one batch and returns its loss and accuracy, float32 (2,)."""

    @tf.function(jit_compile=xla)
    def step(faces: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            answers = model(faces, training=True)
            each = keras.losses.categorical_crossentropy(targets, answers, label_smoothing=smoothing)
            loss = tf.reduce_mean(each * weights)
            scaled = optimizer.scale_loss(loss)
        optimizer.apply(tape.gradient(scaled, model.trainable_weights), model.trainable_weights)
        right = tf.equal(tf.argmax(answers, 1), tf.argmax(targets, 1))
        return tf.stack([loss, tf.reduce_mean(tf.cast(right, tf.float32))])

    return step


def _optimizer(settings: FitSettings, model: keras.Model, precision: str) -> Any:
    decay = settings.weight_decay or None
    if settings.optimizer == "adam":
        optimizer = keras.optimizers.AdamW(weight_decay=decay or 0.0)
    else:
        optimizer = keras.optimizers.SGD(momentum=0.9, nesterov=True, weight_decay=decay)
    if decay:
        # Shrinking biases and normalisation only hurts (Goyal et al., "Accurate, Large Minibatch SGD", 2017).
        optimizer.exclude_from_weight_decay(var_list=[w for w in model.trainable_weights if len(w.shape) < 2])
    # bfloat16 has float32's range; float16 underflows without a scaled loss (Micikevicius et al., 2018).
    return keras.optimizers.LossScaleOptimizer(optimizer) if precision == "float16" else optimizer


def _validate(model: keras.Model, validation: Examples) -> Row:
    answers = forward.probabilities(model, validation.faces)
    labels, predicted = validation.targets.argmax(1), answers.argmax(1)
    right = predicted == labels
    loss = -np.log(np.maximum(answers[np.arange(len(labels)), labels], 1e-7)).mean()
    f1 = []
    for emotion in np.unique(labels):
        both = (labels == emotion).sum() + (predicted == emotion).sum()
        f1.append(2 * (right & (labels == emotion)).sum() / both)
    return {"val_loss": float(loss), "val_accuracy": float(right.mean()), "val_macro_f1": float(np.mean(f1))}
