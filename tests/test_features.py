"""Frozen layers run once: the rest learns from what they made of each face as if they ran in every epoch."""

import functools
import hashlib
import shutil
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections import namedtuple
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from benchmarks import small_training
from emotion.errors import InputError
from emotion.training import augment, checkpoint, engine, feature_file, features
from emotion.training.augment import AugmentSettings
from emotion.training.batches import Examples
from emotion.training.checkpoint import Checkpoint
from emotion.training.engine import FitSettings
from emotion.training.features import Activations
from emotion.training.machine import MachineSettings
from tests import tiny
from tests.test_augment import STILL
from tests.test_engine import FIT

PASSED = tf.Variable(0)  # faces that went through the frozen layers
MOVED = {**STILL, "rotation": 20.0, "shift": 0.1, "flip": True, "erase": 0.5}


class Counted(layers.Layer):
    """Counts faces."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return what comes in."""
        PASSED.assign_add(tf.shape(inputs)[0])
        return inputs


def _network(trainable: bool = False, dropout: float = 0.0, drop_first: float = 0.0, scale: float = 1 / 255) -> Any:
    """Return a network whose frozen part ends inside a residual block, with weights that are no round numbers."""
    keras.utils.set_random_seed(1)
    face = keras.Input((12, 12, 1), name="face")
    x = Counted(name="count")(layers.Rescaling(scale, name="scale")(face))
    x = layers.Dropout(drop_first, name="drop_first")(x)
    first = layers.Conv2D(4, 3, strides=2, padding="same", name="first")(x)
    x = layers.BatchNormalization(name="norm", scale=False, center=False)(first)
    x = layers.ReLU(name="inside")(x)
    x = layers.Conv2D(4, 3, padding="same", name="learns")(x)
    x = layers.BatchNormalization(name="learning_norm")(layers.Add(name="sum")([first, x]))
    x = layers.Dropout(dropout, name="drop")(layers.GlobalAveragePooling2D(name="mean")(x))
    model = keras.Model(face, layers.Dense(7, "softmax", name="emotion")(x))
    rng = np.random.default_rng(4)
    model.set_weights([weight + rng.uniform(0.05, 0.2, weight.shape) for weight in model.get_weights()])
    for name in ("first", "norm"):
        model.get_layer(name).trainable = trainable
    return model


def _examples(count: int, seed: int = 1) -> Examples:
    rng = np.random.default_rng(seed)
    return Examples(rng.integers(0, 256, (count, 12, 12), np.uint8), np.eye(7, dtype=np.float32)[np.arange(count) % 7])


def _once(
    model: Any,
    folder: Path,
    copies: int = 1,
    precision: str = "float32",
    seed: int = 1,
    faces: int = 70,
    **settings: Any,
) -> Any:
    machine = MachineSettings(precision=precision, xla=False, threads=2)
    changes = AugmentSettings(**{**STILL, **settings})
    return features.run_once(model, _examples(faces), _examples(35, 2), copies, changes, machine, seed, folder)


def _fit(model: Any, folder: Path, copies: int, precision: str = "float32", **changes: Any) -> Any:
    """Fit a network, frozen layers run once or, without copies, in every epoch, and return weights and history."""
    settings = FitSettings(**{**FIT, "epochs": 1, "average": {"decay": 0.9, "batches": 2}, **changes})
    machine = MachineSettings(precision=precision, xla=False, threads=2)
    fitted = _once(model, folder / "features", copies, precision, **settings.augment.model_dump())
    kept = Checkpoint(folder / "checkpoints", "tiny", checkpoint.identity(settings, copies))
    history = engine.fit(*fitted, settings, machine, 1, folder / "history.csv", kept)
    kept.remove()
    return model.get_weights(), history


def _names(tensors: Any) -> list[str]:
    return [tensor._keras_history.operation.name for tensor in tensors]


def _passes(run: Any, *arguments: Any, **named: Any) -> int:
    before = int(PASSED.numpy())
    run(*arguments, **named)
    return int(PASSED.numpy()) - before


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# -- what is frozen


def test_the_cut_is_where_tensors_leave_the_frozen_layers():
    assert _names(features.cut(_network())) == ["inside", "first"]


def test_nothing_is_frozen_where_no_weights_are():
    assert features.cut(_network(trainable=True)) == []


def test_what_is_drawn_at_random_or_measured_in_training_is_not_frozen():
    assert features.cut(_network(drop_first=0.1)) == []
    model = _network()
    model.get_layer("norm").trainable = True  # it has nothing to learn, but statistics
    assert _names(features.cut(model)) == ["first"]


# -- the same result


# The file holds eight significant bits, as many as layers answer with in bfloat16; float32 is rounded by up to 0.2 %.
TOLERANCE = 1e-3


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_an_epoch_gives_the_same_weights_as_with_frozen_layers_in_every_step(tmp_path: Path, precision: str):
    start = _network().get_weights()
    (without, plain), (once, history) = (
        _fit(_network(), tmp_path / str(copies), copies, precision, optimizer="sgd") for copies in (0, 1)
    )
    moved = max(np.abs(new - old).max() for new, old in zip(without, start, strict=True))
    assert moved > 500 * TOLERANCE, "it has learnt"
    for mine, other in zip(once, without, strict=True):
        np.testing.assert_allclose(mine, other, atol=TOLERANCE)
    for column in ("loss", "val_loss"):
        assert history[0][column] == pytest.approx(plain[0][column], rel=1e-3)


def test_frozen_layers_and_their_statistics_stay_as_they_are(tmp_path: Path):
    model = _network()
    before = {name: model.get_layer(name).get_weights() for name in ("first", "norm", "learns", "emotion")}
    _fit(model, tmp_path, 1)
    changed = {
        name for name, old in before.items() if not np.array_equal(old[0], model.get_layer(name).get_weights()[0])
    }
    assert changed == {"learns", "emotion"}


def test_the_file_holds_what_the_frozen_layers_answer_outside_of_training(tmp_path: Path):
    model = _network()
    _, train, validation = _once(model, tmp_path)
    for examples in (train, validation):
        faces = examples.faces[..., None].astype(np.float32)
        expected = keras.Model(model.input, features.cut(model))(faces, training=False)
        for mine, its in zip(examples.inputs(slice(None)), expected, strict=True):
            assert mine.dtype == feature_file.BFLOAT16 and mine.shape == its.shape
            np.testing.assert_allclose(mine.astype(np.float32), its, rtol=2**-8)


# -- once


@pytest.mark.parametrize("copies", [1, 3])
def test_each_face_goes_through_the_frozen_layers_once_for_each_copy(tmp_path: Path, copies: int):
    assert _passes(_fit, _network(), tmp_path, copies, epochs=3, augment=MOVED) == copies * 70 + 35
    assert _passes(_fit, _network(), tmp_path, copies, epochs=3, augment=MOVED) == 0, "the next training uses them"
    assert _passes(_fit, _network(), tmp_path, 0, epochs=3, augment=MOVED) >= 3 * (64 + 35)


def test_a_training_gives_the_same_bytes_whether_it_makes_the_file_or_finds_it(tmp_path: Path):
    changes: dict[str, Any] = {"epochs": 2, "augment": MOVED}
    (made, history), (found, again) = (_fit(_network(dropout=0.5), tmp_path, 2, **changes) for _ in range(2))
    assert history == again
    for one, other in zip(made, found, strict=True):
        assert np.array_equal(one, other)


def test_where_nothing_is_frozen_or_no_copies_are_wanted_all_stays_as_it_is(tmp_path: Path):
    for model, copies in ((_network(trainable=True), 2), (_network(), 0)):
        fitted, train, validation = _once(model, tmp_path, copies)
        assert fitted is model
        assert not isinstance(train, Activations) and not isinstance(validation, Activations)
    assert _files(tmp_path) == []


def test_an_epoch_draws_a_copy_of_each_face_anew_and_validation_sees_faces_as_they_are(tmp_path: Path):
    _, train, validation = _once(_network(), tmp_path, 3, **MOVED)
    _, plain, same = _once(_network(), tmp_path, 1)
    assert np.array_equal(validation.rows, same.rows)
    assert not np.array_equal(train.rows[:70], plain.rows)
    copies = train.rows.reshape(3, 70, -1)
    settings, chosen, seen = AugmentSettings(**MOVED), np.arange(5, 25), set()
    for seed in range(20):
        draws = [train.augmented(chosen, settings, np.random.default_rng(seed)) for _ in range(2)]
        inputs, targets = draws[0]
        assert all(np.array_equal(one, other) for one, other in zip(inputs, draws[1][0], strict=True))
        assert np.array_equal(targets, train.targets[chosen])
        rows = np.concatenate([tensor.reshape(20, -1) for tensor in inputs], axis=1)
        seen |= {
            tuple(np.flatnonzero((copies[:, face] == row).all(axis=1))) for face, row in zip(chosen, rows, strict=True)
        }
    assert seen == {(0,), (1,), (2,)}


def _changed(change: str) -> tuple[Any, dict[str, Any]]:
    """Return a network and arguments of `_once` that differ in one thing from `_network()` and none."""
    model = _network(scale=1 / 127 if change == "config" else 1 / 255)
    if change == "weights":
        layer = model.get_layer("first")
        layer.set_weights([layer.get_weights()[0] * 1.01, layer.get_weights()[1]])
    arguments: dict[str, Any] = {"faces": {"faces": 69}, "copies": {"copies": 2}, "seed": {"seed": 2},
                                 "precision": {"precision": "bfloat16"}, "augmentation": {"flip": True}}  # fmt: skip
    return model, arguments.get(change, {})


@pytest.mark.parametrize("change", ["weights", "config", "faces", "copies", "seed", "precision", "augmentation"])
def test_the_file_is_another_one_after_a_change_of(tmp_path: Path, change: str):
    _once(_network(), tmp_path)
    _once(_network(), tmp_path)
    assert len(_files(tmp_path)) == 1
    model, arguments = _changed(change)
    _once(model, tmp_path, **arguments)
    assert len(_files(tmp_path)) == 2


def test_layers_that_learn_do_not_change_the_file_but_code_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    _once(_network(), tmp_path)
    model = _network()
    model.get_layer("emotion").set_weights([weight + 1 for weight in model.get_layer("emotion").get_weights()])
    _once(model, tmp_path)
    assert len(_files(tmp_path)) == 1
    code = tmp_path.with_suffix(".py")
    code.write_text(f"{Path(augment.__file__).read_text(encoding='utf-8')}# a remark\n", encoding="utf-8")
    monkeypatch.setattr(augment, "__file__", str(code))
    _once(_network(), tmp_path)
    assert len(_files(tmp_path)) == 2


# -- what goes wrong


@pytest.mark.parametrize("changes", [{"mixup": 0.2}, {"erase": 0.5, "plain_epochs": 2}, {"sizes": [32, 48]}])
def test_what_needs_fresh_faces_is_an_error_that_names_the_params(tmp_path: Path, changes: dict[str, Any]):
    message = r"augment\.mixup.* and augment\.plain_epochs must be 0, sizes \[48\], or frozen_copies"
    with pytest.raises(InputError, match=message):
        _once(_network(), tmp_path, 2, **changes)
    assert _files(tmp_path) == []
    assert _once(_network(), tmp_path, 0, **changes) and _once(_network(trainable=True), tmp_path, 2, **changes)


def test_too_little_disk_is_told_before_anything_is_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    usage, bytes_of_a_row = namedtuple("usage", "total used free"), 2 * 2 * 6 * 6 * 4
    needed = (2 * 70 + 35) * bytes_of_a_row
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**6, 0, needed - 1))

    def run() -> None:
        with pytest.raises(InputError) as error:
            _once(_network(), tmp_path, 2, **MOVED)
        assert "\n" not in str(error.value)
        for part in (f"{tmp_path}: too little disk", "101kB are needed and 101kB are free", "`make clean-cache`",
                     "frozen_copies", "input_size"):  # fmt: skip
            assert part in str(error.value)

    assert _passes(run) == 0 and _files(tmp_path) == []
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**6, 0, needed))
    _once(_network(), tmp_path, 2, **MOVED)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**6, 10**6, 0))
    _once(_network(), tmp_path, 2, **MOVED)


def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path):
    _once(_network(), tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(InputError, match=f"^{file} is damaged: delete it, then it is made again$"):
        _once(_network(), tmp_path)


def test_a_batch_reads_no_more_than_its_rows_of_a_file_larger_than_the_memory(tmp_path: Path):
    faces, width = 2**18, 2**20
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(2 * faces * width * 2)  # two copies of each; a hole takes no room
    rows = np.memmap(tmp_path / "huge", feature_file.BFLOAT16, "r", shape=(2 * faces, width))
    examples = Activations(np.empty((faces, 0)), np.empty((faces, 0)), rows, [(2**9, 2**10), (2**19,)])
    chosen, rng = np.array([7, faces - 1, 0, 99]), np.random.default_rng(1)
    tracemalloc.start()
    inputs, _ = examples.augmented(chosen, AugmentSettings(**STILL), rng)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [tensor.shape for tensor in inputs] == [(4, 2**9, 2**10), (4, 2**19)]
    assert peak < 4 * (4 * width * 2)


# -- the stage, from weights that are downloaded, killed with kill -9

STAGE = """
import sys
from emotion import errors
from emotion.training import checkpoint, feature_file, features
from stages import train
checkpoint.SECONDS = feature_file.SECONDS = 0.0
features.CHUNK = 2
errors.run(train.main, *sys.argv[1:])
"""
OUTPUTS = ("models/vgg16.keras", "plots/history/vgg16.csv", "metrics/training/vgg16.json", ".features/*.bfloat16")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A folder in which vgg16 can be trained from weights that are served on this machine."""
    folder, served = tmp_path / "project", tmp_path / "served"
    small_training.prepare(folder, "vgg16", epochs=3, faces=80)
    served.mkdir()
    keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3)).save_weights(
        served / "vgg16.weights.h5"
    )
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(served))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        values = tiny.params()
        model = values["models"]["vgg16"]
        model["frozen_copies"] = 3
        model["build"] |= {"weights": f"http://127.0.0.1:{server.server_port}/vgg16.weights.h5", "trainable": 0}
        model["build"]["batch_norm"] = False
        model["build"]["weights_sha256"] = hashlib.sha256((served / "vgg16.weights.h5").read_bytes()).hexdigest()
        model["fit"] |= small_training.FIT | {"epochs": 3}
        model["fit"]["augment"] |= {"mixup": 0, "plain_epochs": 0}
        tiny.write_params(folder, values)
        yield folder
        server.shutdown()


def _train(folder: Path, until: str | None = None) -> str:
    """Run the stage, killing it as soon as there is such a file, and return what it printed.

    What begins with a dot is not written to its end yet, and stays if the stage is killed then.
    """
    with (folder / "printed.txt").open("wb") as printed:
        command = [sys.executable, "-c", STAGE, "vgg16"]
        stage = subprocess.Popen(command, cwd=folder, env=tiny.environment(folder), stdout=printed, stderr=printed)
        while until and not list(folder.glob(until)):
            assert stage.poll() is None, (folder / "printed.txt").read_text(encoding="utf-8")
            time.sleep(0.001)
        if until:
            stage.kill()
        assert stage.wait() == (-signal.SIGKILL if until else 0), (folder / "printed.txt").read_text(encoding="utf-8")
    return (folder / "printed.txt").read_text(encoding="utf-8")


def _outputs(folder: Path) -> dict[str, bytes]:
    files = [file for pattern in OUTPUTS for file in folder.glob(pattern)]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def test_killed_while_frozen_layers_run_and_while_the_rest_learns_it_ends_with_the_same_bytes(project: Path):
    cut = project.with_name("cut")
    shutil.copytree(project, cut)
    _train(project)
    uncut = _outputs(project)
    assert len(uncut) == len(OUTPUTS)

    _train(cut, until=".features/[!.]*.progress")
    (progress,) = (cut / ".features").glob("[!.]*.progress")
    done = int(progress.read_text(encoding="utf-8").split()[0])
    assert done > 0 and not list(cut.glob(".features/*.bfloat16"))
    assert f"goes on after {2 * done} faces" in _train(cut, until=".checkpoints/*.npz")
    assert "goes on after epoch" in _train(cut)
    assert [name for name in uncut if _outputs(cut)[name] != uncut[name]] == []
    assert len(list((cut / ".features").glob("[!.]*"))) == 1
