"""The training loop, to be read from top to bottom."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from sklearn.metrics import f1_score

from emotion.core.errors import InputError
from emotion.training import fast_layers, forward, optimizer, soft_targets
from emotion.training.batches import Examples, batches
from emotion.training.checkpoint import Checkpoint, Progress
from emotion.training.ema import WeightAverage
from emotion.training.history import Row, is_best, log, progress_bar
from emotion.training.schedule import learning_rate
from emotion.training.settings import FitSettings, HardwareSettings

MIN_PROBABILITY = 1e-7  # in the validation loss, as Keras clips it in the training loss


def fit(
    model: keras.Model,
    train: Examples,
    validation: Examples,
    settings: FitSettings,
    *,
    hardware: HardwareSettings,
    seed: int,
    history_path: str | Path,
    checkpoint: Checkpoint,
) -> list[Row]:
    """Fit a network, leave it with the weights of its best epoch on validation faces and return the history.

    Args:
        model: Stock Keras layers in float32; changed in place.
        train: The training faces; the sum of a row of targets is its sample weight.
        validation: Selects the best epoch; the emotion with the largest share of a target counts as its label.
        settings: The recipe.
        hardware: Precision and XLA; its threads are set by `hardware.prepare`.
        seed: Of the order of the faces and of the augmentation. (Weights and dropout follow Keras' global seed.)
        history_path: A CSV file that gains a row per epoch.
        checkpoint: From which a killed run resumes; the caller removes it once the weights are saved.

    Raises:
        InputError: A batch exceeds the data or the memory, the loss is not finite, or the checkpoint is damaged.
    """
    steps = len(train) // settings.batch_size
    if steps == 0:
        raise InputError(
            f"batch_size {settings.batch_size} is larger than the {len(train)} training faces: make it smaller"
        )
    train = Examples(train.faces, soft_targets.smoothed(train.targets, settings.label_smoothing))

    # The fast twin is trained; at the end its best weights go back into the stock network.
    fast = _fast_twin(model, hardware, settings.augmentation.progressive_sizes)
    optim = optimizer.build(settings, fast, hardware.precision)
    ema = WeightAverage(fast, settings.ema, _recalibration_faces(train, settings, steps, seed))
    train_step = compile_step(fast, optim, ema, xla=hardware.xla)
    predict = forward.predictor(fast)

    # All state that a resumed run needs. The random numbers of batches follow from seed, epoch and batch.
    variables = [*fast.variables, *optim.variables, *ema.weights]
    progress, best_weights = checkpoint.load(variables) or (Progress(), fast.get_weights())

    with (
        log(history_path, progress.history) as write_row,
        progress_bar(progress, steps=steps, epochs=settings.epochs, batch_size=settings.batch_size) as bar,
        _enough_memory(settings.batch_size),
    ):
        while not _finished(progress.history, settings):
            epoch = len(progress.history)
            val_losses = [row["val_loss"] for row in progress.history]
            augmentation = settings.augmentation.of_epoch(epoch, settings.epochs)

            for faces, targets in batches(train, settings.batch_size, augmentation, (seed, epoch), progress.batch):
                done = (epoch + progress.batch / steps) / settings.epochs
                rate = learning_rate(settings.schedule, done, val_losses)
                optim.learning_rate = rate
                loss, accuracy = train_step(faces, targets).numpy().tolist()
                progress.add(loss, accuracy)
                _require_finite(loss, progress, settings)
                bar.update()
                if checkpoint.due and progress.batch < steps:
                    checkpoint.save(progress, variables, best_weights)

            row = {"epoch": epoch + 1, "learning_rate": rate}
            row |= {"loss": progress.loss / steps, "accuracy": progress.accuracy / steps}
            with ema.in_place():
                row |= validation_scores(predict(validation.faces), validation.targets)
                _require_finite(row["val_loss"], progress, settings)
                row["best"] = int(is_best(row, progress.history, settings.monitor))
                if row["best"]:
                    best_weights = fast.get_weights()
            progress = Progress([*progress.history, row])
            checkpoint.save(progress, variables, best_weights)
            write_row(row)

    model.set_weights(best_weights)
    return progress.history


def compile_step(model: keras.Model, optim: Any, ema: WeightAverage, *, xla: bool) -> Callable[..., tf.Tensor]:
    """Return the function that trains on one batch and returns its mean loss and accuracy, float32 (2,).

    It takes faces float32 (n, 48, 48, 1), values 0..255, and targets float32 (n, 7).
    """

    @tf.function(jit_compile=xla)
    def step(faces: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        # Keras' gradient is right only for targets that sum to one, so the sample weights are factored out.
        weights = tf.reduce_sum(targets, 1)
        with tf.GradientTape() as tape:
            probabilities = model(faces, training=True)
            distributions = tf.math.divide_no_nan(targets, weights[:, None])
            losses = keras.losses.categorical_crossentropy(distributions, probabilities)
            loss = tf.reduce_mean(weights * losses)
            scaled = optim.scale_loss(loss)
        optim.apply(tape.gradient(scaled, model.trainable_weights), model.trainable_weights)
        ema.update(optim.iterations)
        correct = tf.equal(tf.argmax(probabilities, 1), tf.argmax(targets, 1))
        return tf.stack([loss, tf.reduce_mean(tf.cast(correct, tf.float32))])

    return step


def validation_scores(probabilities: np.ndarray, targets: np.ndarray) -> Row:
    """Return loss, accuracy and macro-F1 (over the emotions that occur) of probabilities (n, 7) for targets (n, 7)."""
    predicted = probabilities.argmax(axis=1)
    labels = targets.argmax(axis=1)
    losses = -(targets * np.log(np.maximum(probabilities, MIN_PROBABILITY))).sum(axis=1)
    return {
        "val_loss": float(losses.mean()),
        "val_accuracy": float((predicted == labels).mean()),
        "val_macro_f1": float(f1_score(labels, predicted, labels=np.unique(labels), average="macro", zero_division=0)),
    }


def _fast_twin(model: keras.Model, hardware: HardwareSettings, sizes: list[int]) -> keras.Model:
    """Return the fast form of the network for faces of these sizes."""
    try:
        return fast_layers.twin(model, hardware.precision, hardware.xla, any_size=len(sizes) > 1)
    except ValueError:
        if len(sizes) == 1:
            raise
        # A dense layer on a flattened picture has a fixed number of inputs.
        message = f"augmentation.progressive_sizes {sizes}: this network flattens the picture, so write [48]"
        raise InputError(message) from None


def _recalibration_faces(train: Examples, settings: FitSettings, steps: int, seed: int) -> np.ndarray:
    """Return the same random training faces for every epoch, uint8 (batches, batch size, 48, 48)."""
    count = min(settings.ema.recalibration_batches, steps) * settings.batch_size
    rows = np.random.default_rng(seed).permutation(len(train))[:count]
    return train.faces[rows].reshape(-1, settings.batch_size, *train.faces.shape[1:])


def _finished(history: list[Row], settings: FitSettings) -> bool:
    patience = settings.early_stopping_patience
    if patience and len(history) >= patience and not any(row["best"] for row in history[-patience:]):
        print(f"early stopping: no better epoch in {patience}")
        return True
    return len(history) == settings.epochs


def _require_finite(loss: float, progress: Progress, settings: FitSettings) -> None:
    if not np.isfinite(loss):
        where = f"epoch {len(progress.history) + 1}, batch {progress.batch}"
        peak = settings.schedule.peak_learning_rate
        raise InputError(f"the loss is not finite in {where}: lower schedule.peak_learning_rate ({peak})")


@contextmanager
def _enough_memory(batch_size: int) -> Iterator[None]:
    try:
        yield
    except (tf.errors.ResourceExhaustedError, MemoryError):
        raise InputError(f"too little memory for batch_size {batch_size}: make it smaller") from None
