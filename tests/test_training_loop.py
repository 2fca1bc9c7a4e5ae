"""The training loop: which weights it keeps, when it stops, and what it refuses."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from emotion.core.errors import InputError
from emotion.report import facts
from emotion.training import forward
from emotion.training.batches import Examples
from tests.fitting import NO_AUGMENTATION, VALIDATION, deterministic, fit, hardware, network, noise, same


def _validation_loss(model: keras.Model) -> float:
    validation = noise(*VALIDATION)
    return -np.log(forward.predictor(model)(validation.faces)[validation.targets > 0]).mean()


def _best(history: list[dict[str, float]]) -> dict[str, float]:
    return [row for row in history if row["best"]][-1]


def test_the_network_keeps_its_best_epoch_and_the_history_is_on_disk(tmp_path: Path):
    model = network()
    history = fit(model, tmp_path, epochs=5, peak=0.05)
    best = _best(history)
    assert history[-1]["loss"] < history[0]["loss"]
    assert best["val_loss"] == min(row["val_loss"] for row in history) < history[-1]["val_loss"]
    assert _validation_loss(model) == pytest.approx(best["val_loss"], abs=1e-4)
    validation = noise(*VALIDATION)
    predicted = forward.predictor(model)(validation.faces).argmax(axis=1)
    assert np.mean(predicted == validation.targets.argmax(axis=1)) == pytest.approx(best["val_accuracy"])
    rows = facts.table(str(tmp_path / "history.csv"))
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5]
    assert [row["best"] for row in rows] == [row["best"] for row in history]
    assert rows[0]["loss"] == pytest.approx(history[0]["loss"], rel=1e-5)


def test_early_stopping_after_so_many_epochs_without_a_better_one(tmp_path: Path, capsys: Any):
    model = network()
    changes: dict[str, Any] = {"epochs": 9, "early_stopping_patience": 2, "monitor": "val_accuracy"}
    history = fit(model, tmp_path, machine=hardware("bfloat16"), peak=1e-12, **changes)
    assert [row["best"] for row in history] == [1, 0, 0]
    assert "early stopping: no better epoch in 2" in capsys.readouterr().out
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}


def test_loss_is_that_of_keras_with_label_smoothing_times_sample_weights(tmp_path: Path):
    examples = noise(70, 1)
    model = network(dropout=0, dense_dropout=0)
    labels = examples.targets.argmax(axis=1)
    weights = np.linspace(0.3, 3, 7, dtype=np.float32)[labels]
    probabilities = model(examples.faces[..., None].astype(np.float32), training=True)
    each = keras.losses.categorical_crossentropy(examples.targets, probabilities, label_smoothing=0.1)
    expected = float(np.mean(each * weights))
    assert expected != pytest.approx(np.mean(each), rel=0.05)

    weighted = Examples(examples.faces, examples.targets * weights[:, None])
    (row,) = fit(model, tmp_path, peak=1e-12, train=weighted, epochs=1, batch_size=70)

    assert row["loss"] == pytest.approx(expected, rel=1e-4)
    assert row["accuracy"] == pytest.approx(np.mean(np.argmax(probabilities, 1) == labels))


def test_the_ema_is_validated_and_kept_and_does_not_change_training(tmp_path: Path):
    models = [network(), network()]
    histories = []
    for model, decay in zip(models, (0.0, 0.9), strict=True):
        ema = {"decay": decay, "recalibration_batches": 9}  # more than an epoch has
        histories.append(fit(model, tmp_path / str(decay), ema=ema, monitor="val_accuracy", epochs=2))
    raw, averaged = histories
    assert [row["loss"] for row in averaged] == [row["loss"] for row in raw]
    assert all(row["val_loss"] != other["val_loss"] for row, other in zip(averaged, raw, strict=True))
    assert _validation_loss(models[1]) == pytest.approx(_best(averaged)["val_loss"], abs=1e-4)


def test_mixup_off_epochs_train_without_mixup_and_random_erasing(tmp_path: Path):
    plain = NO_AUGMENTATION | {"horizontal_flip": True}
    mixed = plain | {"random_erasing": 1.0, "mixup_alpha": 0.5}
    settings = [plain, mixed | {"mixup_off_epochs": 2}, mixed | {"mixup_off_epochs": 1}]
    histories = [
        fit(network(), tmp_path / str(number), augmentation=changes, epochs=2)
        for number, changes in enumerate(settings)
    ]
    assert histories[0] == histories[1] != histories[2]


def test_faces_may_grow_during_a_training_and_with_xla_alike(tmp_path: Path):
    losses = []
    for sizes, xla in (([48], False), ([24, 48], False), ([24, 48], True)):
        model = network("resnet_fer", widths=[4], blocks=[1])
        augmentation = NO_AUGMENTATION | {"progressive_sizes": sizes}
        machine = hardware(xla=xla)
        history = fit(model, tmp_path / str(len(losses)), augmentation=augmentation, machine=machine, epochs=2)
        assert model.input_shape == (None, 48, 48, 1)
        losses.append([row["loss"] for row in history])
    full, grown, with_xla = losses
    assert full != grown and np.isfinite(losses).all()
    assert with_xla == pytest.approx(grown, rel=1e-2)


def test_xla_trains_alike_while_operations_must_be_deterministic(tmp_path: Path):
    (plain,) = fit(network(), tmp_path / "plain", epochs=1)
    with deterministic():
        (row,) = fit(network(), tmp_path / "xla", machine=hardware(xla=True), epochs=1)
    assert row["loss"] == pytest.approx(plain["loss"], rel=1e-3)
    assert row["val_loss"] == pytest.approx(plain["val_loss"], rel=1e-2)


def test_training_changes_no_frozen_layer(tmp_path: Path):
    model = network()
    for layer in model.layers[:-2]:
        layer.trainable = False
    before = [layer.get_weights() for layer in model.layers]
    fit(model, tmp_path, epochs=1)
    changed = [not same(layer.get_weights(), old) for layer, old in zip(model.layers, before, strict=True)]
    assert changed == [False] * (len(changed) - 1) + [True]


def test_too_little_memory_is_an_error_that_names_the_batch_size(tmp_path: Path):
    face = keras.Input((48, 48, 1))
    huge = keras.layers.ZeroPadding2D(2**23)(face)  # 2^54 bytes for 16 faces: more than an address can name
    emotion = keras.layers.Dense(7, "softmax")(keras.layers.GlobalAveragePooling2D()(huge))
    with pytest.raises(InputError, match="^too little memory for batch_size 16: make it smaller$"):
        fit(keras.Model(face, emotion), tmp_path)


def test_a_loss_that_is_not_finite_is_an_error_of_one_line(tmp_path: Path):
    message = r"^the loss is not finite in epoch \d, batch \d: lower schedule\.peak_learning_rate \(1e\+30\)$"
    with pytest.raises(InputError, match=message):
        fit(network(), tmp_path, peak=1e30, optimizer="sgd")


def test_a_batch_larger_than_the_data_is_an_error_that_leaves_no_history(tmp_path: Path):
    with pytest.raises(InputError, match="batch_size 71 is larger than the 70 training faces: make it smaller"):
        fit(network(), tmp_path, batch_size=71)
    assert not (tmp_path / "history.csv").exists()


def test_a_network_that_flattens_takes_faces_of_full_size_only(tmp_path: Path):
    message = r"augmentation.progressive_sizes \[32, 48\]: this network flattens the picture, so write \[48\]"
    with pytest.raises(InputError, match=message):
        fit(network(), tmp_path, augmentation=NO_AUGMENTATION | {"progressive_sizes": [32, 48]})
