"""Training: the fast twin computes what the stock network does, and the best epoch is what stays."""

import csv
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from emotion.errors import InputError
from emotion.models import registry
from emotion.training import checkpoint, engine, fast_layers, forward, keras_file
from emotion.training.batches import Examples
from emotion.training.checkpoint import Checkpoint
from emotion.training.engine import FitSettings
from emotion.training.machine import MachineSettings
from tests.source import ROOT

BUILD = {"widths": [4, 4], "dense": 8, "dropout": 0.25, "dense_dropout": 0.25, "activation": "relu"}
BUILD |= {"initializer": "he_normal"}
FIT: dict[str, Any] = {
    "epochs": 4,
    "batch_size": 16,
    "optimizer": "adam",
    "weight_decay": 0.01,
    "label_smoothing": 0.1,
    "select_by": "val_loss",
    "patience": 0,
    "schedule": {"kind": "constant", "peak": 0.01, "warmup": 0.0, "plateau_patience": 1, "plateau_factor": 0.5},
    "average": {"decay": 0.0, "batches": 2},
    "augment": {"rotation": 0, "shift": 0, "zoom": 0, "shear": 0, "flip": False, "brightness": 0, "erase": 0,
                "erase_area": 0.2, "mixup": 0, "plain_epochs": 0, "sizes": [48]},
}  # fmt: skip


def _cnn(seed: int = 1, **changes: Any) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return registry.build("cnn", {**BUILD, **changes})


def _examples(count: int, seed: int) -> Examples:
    """Return noise with labels that nothing can be learnt about, so that more training is worse."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 7
    faces = rng.integers(0, 256, (count, 48, 48), np.uint8)
    return Examples(faces, np.eye(7, dtype=np.float32)[labels])


def _fit(
    model: keras.Model,
    log: Path,
    precision: str = "float32",
    peak: float = 0.01,
    train: Examples | None = None,
    xla: bool = False,
    **changes: Any,
) -> list[dict]:
    settings = FitSettings(**{**FIT, "schedule": {**FIT["schedule"], "peak": peak}, **changes})
    machine = MachineSettings(precision=precision, xla=xla, threads=2)
    kept = Checkpoint(log.parent / "checkpoints", "cnn", checkpoint.identity(settings, *model.get_weights()))
    return engine.fit(model, train or _examples(70, 1), _examples(35, 2), settings, machine, 1, log, kept)


def test_fused_normalisation_equals_keras_own():
    stock = keras.layers.BatchNormalization(momentum=0.9, name="norm")
    fused = fast_layers.FusedBatchNormalization.from_config(stock.get_config())
    rng = np.random.default_rng(1)
    for layer in (stock, fused):
        layer.build((None, 12, 12, 5))
        layer.gamma.assign([0.5, 1, 1.5, 2, 3])
        layer.beta.assign([-1, 0, 1, 2, 3])
    for _ in range(3):
        batch = rng.normal(rng.normal(size=5), [1, 2, 3, 0.5, 0.1], (16, 12, 12, 5)).astype(np.float32)
        np.testing.assert_allclose(fused(batch, training=True), stock(batch, training=True), atol=1e-4)
    np.testing.assert_allclose(fused.moving_mean, stock.moving_mean, atol=1e-4)
    # TensorFlow's statistic divides by n - 1, Keras' by n: 2,304 here, more in any real batch.
    np.testing.assert_allclose(fused.moving_variance, stock.moving_variance, rtol=1 / 2303)
    assert not np.allclose(fused.moving_mean, 0, atol=0.01)
    np.testing.assert_allclose(fused(batch, training=False), stock(batch, training=False), atol=2e-3)


def test_frozen_normalisation_keeps_its_statistics():
    layer = fast_layers.FusedBatchNormalization(trainable=False)
    batch = np.random.default_rng(1).normal(5, 1, (8, 6, 6, 3)).astype(np.float32)
    np.testing.assert_allclose(layer(batch, training=True), batch / np.sqrt(1 + layer.epsilon), rtol=1e-5)
    assert np.all(layer.moving_mean.numpy() == 0)


@pytest.mark.parametrize("rate", [0.25, 0.5])
def test_byte_dropout_drops_the_rate_and_keeps_the_mean(rate: float):
    layer = fast_layers.ByteDropout(rate, seed=1)
    ones = np.ones((101, 999), np.float32)
    dropped = layer(ones, training=True).numpy()
    assert np.mean(dropped == 0) == pytest.approx(rate, abs=0.01)
    assert dropped.mean() == pytest.approx(1, abs=0.02)
    assert len(np.unique(dropped)) == 2
    assert not np.array_equal(dropped, layer(ones, training=True))
    assert np.array_equal(ones, layer(ones, training=False))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_twin_has_the_weights_in_the_same_order_and_answers_alike(precision: str):
    model = _cnn()
    twin = fast_layers.twin(model, precision)
    assert [weight.shape for weight in twin.weights] == [weight.shape for weight in model.weights]
    for one, other in zip(twin.get_weights(), model.get_weights(), strict=True):
        assert np.array_equal(one, other)
    kinds = {type(layer) for layer in twin.layers}
    assert kinds >= {fast_layers.FusedBatchNormalization, fast_layers.ByteDropout}
    faces = _examples(8, 3).faces
    tolerance = 1e-5 if precision == "float32" else 0.02
    np.testing.assert_allclose(forward.probabilities(twin, faces), forward.probabilities(model, faces), atol=tolerance)
    assert twin.compute_dtype == "float32" and twin.layers[-1].compute_dtype == "float32"


@pytest.mark.parametrize(("window", "stride"), [(2, 2), (3, 2), (1, 2), (3, 1)])
def test_pooling_for_xla_equals_keras_own(window: int, stride: int):
    pictures = tf.constant(np.random.default_rng(1).normal(size=(3, 13, 12, 2)), tf.float32)
    answers, slopes = [], []
    for kind in (keras.layers.MaxPooling2D, fast_layers.SlicedMaxPooling):
        with tf.GradientTape() as tape:
            tape.watch(pictures)
            answers.append(kind(window, stride)(pictures))
            loss = tf.reduce_sum(answers[-1] ** 2)
        slopes.append(tape.gradient(loss, pictures))
    assert np.array_equal(*answers) and answers[0].shape[1:3] != pictures.shape[1:3]
    np.testing.assert_allclose(*slopes, atol=1e-6)


def test_xla_learns_the_same_while_results_must_repeat(tmp_path: Path):
    code = "import sys; from pathlib import Path; from tests import test_engine as test; "
    code += "from emotion.training import machine; from emotion.training.machine import MachineSettings as Settings; "
    code += "machine.prepare(Settings(precision='float32', xla=True, threads=2), 1); "  # before TensorFlow computes
    code += "test._fit(test._cnn(), Path(sys.argv[1]), xla=True, epochs=1)"
    command = [sys.executable, "-c", code, str(tmp_path / "xla/history.csv")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    plain = _fit(_cnn(), tmp_path / "history.csv", epochs=1)[0]
    with (tmp_path / "xla/history.csv").open(encoding="utf-8") as file:
        row = next(csv.DictReader(file))
    assert float(row["loss"]) == pytest.approx(plain["loss"], rel=1e-3)
    assert float(row["val_loss"]) == pytest.approx(plain["val_loss"], rel=1e-2)


def test_forward_answers_for_every_face_in_order_and_sums_to_one():
    model, faces = _cnn(), _examples(10, 3).faces
    together = forward.probabilities(model, faces)
    assert together.shape == (10, 7) and together.dtype == np.float32
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(
        np.concatenate([forward.probabilities(model, faces[:3]), forward.probabilities(model, faces[3:])]),
        together,
        atol=1e-5,
    )
    np.testing.assert_allclose(model(faces[..., None].astype(np.float32), training=False), together, atol=1e-5)


def test_weights_of_the_best_epoch_stay_and_the_history_is_on_the_disk(tmp_path: Path):
    model, validation = _cnn(), _examples(35, 2)
    history = _fit(model, tmp_path / "history.csv", epochs=5, peak=0.05)
    best = [row for row in history if row["best"]][-1]
    assert len(history) == 5
    assert best["val_loss"] == min(row["val_loss"] for row in history) < history[-1]["val_loss"]

    answers = forward.probabilities(model, validation.faces)

    labels = validation.targets.argmax(axis=1)
    assert np.mean(answers.argmax(axis=1) == labels) == pytest.approx(best["val_accuracy"])
    assert -np.log(answers[np.arange(35), labels]).mean() == pytest.approx(best["val_loss"], abs=1e-4)
    with (tmp_path / "history.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert [int(row["best"]) for row in rows] == [row["best"] for row in history]
    assert float(rows[0]["loss"]) == pytest.approx(history[0]["loss"], rel=1e-5)


def test_training_learns_and_the_same_seed_gives_the_same_weights(tmp_path: Path):
    models = [_cnn(), _cnn()]
    histories = []
    for model in models:
        keras.utils.set_random_seed(1)
        histories.append(_fit(model, tmp_path / f"{len(histories)}/history.csv", select_by="val_accuracy"))
    assert histories[0] == histories[1]
    assert histories[0][-1]["loss"] < histories[0][0]["loss"]
    for one, other in zip(*(model.get_weights() for model in models), strict=True):
        assert np.array_equal(one, other)


def test_training_stops_after_so_many_epochs_without_a_better_one(tmp_path: Path, capsys):
    model = _cnn()
    history = _fit(model, tmp_path / "history.csv", "bfloat16", epochs=9, peak=1e-12, patience=2,
                   select_by="val_accuracy")  # fmt: skip
    assert [row["best"] for row in history] == [1, 0, 0]
    assert "no better epoch in 2: stopped" in capsys.readouterr().out
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}


def test_loss_is_that_of_keras_with_label_smoothing_times_the_weight_of_each_class(tmp_path: Path):
    examples, model = _examples(70, 1), _cnn(dropout=0, dense_dropout=0)
    weights = np.linspace(0.3, 3, 7, dtype=np.float32)[examples.targets.argmax(axis=1)]
    answers = model(examples.faces[..., None].astype(np.float32), training=True)
    each = keras.losses.categorical_crossentropy(examples.targets, answers, label_smoothing=0.1)
    expected = float(np.mean(each * weights))
    assert expected != pytest.approx(np.mean(each), rel=0.05)

    weighted = Examples(examples.faces, examples.targets * weights[:, None])
    row = _fit(model, tmp_path / "history.csv", peak=1e-12, train=weighted, epochs=1, batch_size=70)[0]

    assert row["loss"] == pytest.approx(expected, rel=1e-4)
    assert row["accuracy"] == pytest.approx(np.mean(np.argmax(answers, 1) == examples.targets.argmax(axis=1)))


def test_the_average_is_what_is_validated_and_kept_and_what_is_learnt_does_not_change(tmp_path: Path):
    histories, models = [], [_cnn(), _cnn()]
    for model, decay in zip(models, (0.0, 0.9), strict=True):
        keras.utils.set_random_seed(1)
        average = {"decay": decay, "batches": 9}  # more than there are
        histories.append(_fit(model, tmp_path / f"{decay}/history.csv", average=average, select_by="val_accuracy"))
    raw, averaged = histories
    assert [row["loss"] for row in averaged] == [row["loss"] for row in raw]
    assert all(row["val_loss"] != other["val_loss"] for row, other in zip(averaged, raw, strict=True))
    best = [row for row in averaged if row["best"]][-1]
    validation = _examples(35, 2)
    answers = forward.probabilities(models[1], validation.faces)
    assert -np.log(answers[validation.targets > 0]).mean() == pytest.approx(best["val_loss"], abs=1e-4)


def test_plain_epochs_learn_from_whole_faces(tmp_path: Path):
    augment = {**FIT["augment"], "flip": True}
    covered = {**augment, "erase": 1.0, "mixup": 0.5}
    histories = []
    for number, changes in enumerate((augment, {**covered, "plain_epochs": 4}, {**covered, "plain_epochs": 2})):
        keras.utils.set_random_seed(1)
        histories.append(_fit(_cnn(), tmp_path / f"{number}/history.csv", augment=changes))
    assert histories[0] == histories[1] != histories[2]


def test_too_little_memory_is_an_error_that_names_the_batch_size(tmp_path: Path):
    face = keras.Input((48, 48, 1))
    huge = keras.layers.ZeroPadding2D(2**23)(face)  # 2^54 bytes for 16 faces: more than an address can name
    answers = keras.layers.Dense(7, "softmax")(keras.layers.GlobalAveragePooling2D()(huge))
    with pytest.raises(InputError, match="^too little memory for batch_size 16: make it smaller$"):
        _fit(keras.Model(face, answers), tmp_path / "history.csv")


def test_a_loss_that_is_not_finite_is_an_error_of_one_line(tmp_path: Path):
    message = r"^the loss is not finite in epoch \d, batch \d: lower schedule\.peak \(1e\+30\)$"
    with pytest.raises(InputError, match=message):
        _fit(_cnn(), tmp_path / "history.csv", peak=1e30, optimizer="sgd")


def test_a_batch_larger_than_the_data_is_an_error_that_leaves_no_history(tmp_path: Path):
    with pytest.raises(InputError, match="batch_size 71 is larger than the 70 training faces: make it smaller"):
        _fit(_cnn(), tmp_path / "history.csv", batch_size=71)
    assert not (tmp_path / "history.csv").exists()


def test_equal_weights_give_equal_files_that_keras_loads(tmp_path: Path):
    first, second = _cnn(), _cnn(seed=2)
    second.set_weights(first.get_weights())
    for name, model in (("a", first), ("b", second), ("c", first)):
        keras_file.save(model, tmp_path / f"{name}.keras")
    contents = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(contents) == {"a.keras", "b.keras", "c.keras"}
    assert len(set(contents.values())) == 1
    loaded = keras.saving.load_model(tmp_path / "a.keras", compile=False)
    faces = _examples(4, 3).faces
    assert np.array_equal(forward.probabilities(loaded, faces), forward.probabilities(first, faces))
    with zipfile.ZipFile(tmp_path / "a.keras") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


RESNET = {"stem": 4, "widths": [4, 8], "blocks": [1, 1], "dropout": 0.25, "activation": "relu"}
RESNET |= {"initializer": "he_normal"}


@pytest.mark.parametrize("xla", [False, True], ids=["", "xla"])
def test_faces_may_grow_during_a_training(tmp_path: Path, xla: bool):
    seen, histories = set(), []
    for sizes in ([48], [24, 48]):
        keras.utils.set_random_seed(1)
        model = registry.build("resnet_fer", RESNET)
        augment = {**FIT["augment"], "sizes": sizes}
        (tmp_path / str(sizes)).mkdir()
        histories.append(_fit(model, tmp_path / str(sizes) / "log.csv", augment=augment, xla=xla))
        assert model.input_shape == (None, 48, 48, 1)
        seen.add(tuple(row["loss"] for row in histories[-1]))
    assert len(seen) == 2 and all(np.isfinite(loss) for losses in seen for loss in losses)


def test_a_network_that_flattens_takes_full_size_alone(tmp_path: Path):
    message = r"augment.sizes \[32, 48\]: this network flattens the picture, so write \[48\]"
    with pytest.raises(InputError, match=message):
        _fit(_cnn(), tmp_path / "log.csv", augment={**FIT["augment"], "sizes": [32, 48]})
