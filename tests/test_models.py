"""Every network of emotion/models/: a new file is tested here without a new test."""

import functools
import hashlib
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import yaml
from keras.src.legacy.saving import legacy_h5_format

from emotion.errors import InputError
from emotion.labels import EMOTIONS
from emotion.models import registry
from emotion.training import engine, features
from emotion.training.checkpoint import Checkpoint
from emotion.training.machine import MachineSettings
from stages.train import ModelSettings
from tests.source import ROOT, example_model
from tools.quickstart import merge

PARAMS = merge(*(yaml.safe_load((ROOT / f"params{kind}.yaml").read_text(encoding="utf-8")) for kind in ("", ".sample")))
# The one that is a comment stands for networks of which nobody has trained a model; a residual one, since a signal
# reaches its end before it has learnt.
EXAMPLE = merge(example_model(), {"build": {"name": "ResNet50V2", "weights": "scratch", "input_size": 32}})
SETTINGS = {model["network"]: ModelSettings(**model) for model in [*PARAMS["models"].values(), EXAMPLE]}
APPLICATIONS = {"vgg16": keras.applications.VGG16, "resnet50v2": keras.applications.ResNet50V2}
Pretrained = tuple[str, keras.Model, Path]
FACES = np.random.default_rng(1).integers(0, 256, (4, 48, 48, 1)).astype(np.float32)


def _build(network: str, **changes: Any) -> keras.Model:
    return registry.build(network, {**SETTINGS[network].build, **changes})


def _pretrained(network: str, weights: object, sha256: str = "", **changes: Any) -> keras.Model:
    plain = {"batch_norm": False} if network == "vgg16" else {}
    return _build(network, weights=str(weights), weights_sha256=sha256, **plain, **changes)


def test_every_network_has_a_model_or_a_commented_example_in_the_params():
    assert set(registry.names()) == set(SETTINGS)


@pytest.mark.parametrize("network", registry.names())
def test_network_maps_raw_faces_to_probabilities_of_the_seven_emotions(network: str):
    model = _build(network)
    assert model.input_shape == (None, 48, 48, 1) and model.output_shape == (None, len(EMOTIONS))
    answers = model(FACES, training=False).numpy()
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)
    assert np.ptp(answers, axis=0).max() > 1e-6, "all faces get the same answer"


@pytest.mark.parametrize("network", registry.names())
def test_network_has_stock_layers_in_float32(network: str):
    for layer in _build(network).layers:
        assert type(layer).__module__.startswith("keras.src.layers."), f"{layer.name} is no stock layer"
        assert layer.dtype_policy.name == "float32"


@pytest.mark.parametrize(
    ("network", "layer", "preprocess"),
    [
        ("vgg16", "means", keras.applications.vgg16.preprocess_input),
        ("resnet50v2", "scale", keras.applications.resnet_v2.preprocess_input),
    ],
)
def test_preprocessing_inside_the_network_is_that_of_its_imagenet_weights(network: str, layer: str, preprocess: Any):
    model = _build(network, input_size=48)
    inside = keras.Model(model.input, model.get_layer(layer).output)(FACES).numpy()
    np.testing.assert_allclose(inside, preprocess(np.repeat(FACES, 3, axis=-1)), atol=1e-4)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_vgg16_from_scratch_has_the_convolutions_of_keras_and_normalises_after_each_if_asked(batch_norm: bool):
    mine, its = _build("vgg16", batch_norm=batch_norm), keras.applications.VGG16(include_top=False, weights=None)
    kinds = (keras.layers.Conv2D, keras.layers.MaxPooling2D)
    names = [[layer.name for layer in model.layers if isinstance(layer, kinds)] for model in (mine, its)]
    assert names[0] == names[1]
    convolutions = [layer for layer in its.layers if isinstance(layer, keras.layers.Conv2D)]
    for layer in convolutions:
        assert mine.get_layer(layer.name).kernel.shape == layer.kernel.shape
        (after,) = (node.operation for node in mine.get_layer(layer.name)._outbound_nodes)
        assert isinstance(after, keras.layers.BatchNormalization if batch_norm else keras.layers.Activation)
        assert mine.get_layer(layer.name).use_bias is not batch_norm


@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_signal_reaches_the_end_of_vgg16_as_strong_as_it_is_in_the_beginning(batch_norm: bool):
    model = _build("vgg16", batch_norm=batch_norm, input_size=48)
    ends = [model.get_layer(name).output for name in ("block1_relu2", "block5_relu3")]
    first, last = (np.std(end) for end in keras.Model(model.input, ends)(FACES, training=True))
    assert 0.2 < first < 2 and 0.2 < last / first < 5


@pytest.fixture(scope="module", params=list(APPLICATIONS))
def pretrained(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, keras.Model, Path]:
    """A network's name, its base with random weights, and a folder with them in Keras' older and newer format."""
    base = APPLICATIONS[request.param](include_top=False, weights=None, input_shape=(32, 32, 3))
    folder = tmp_path_factory.mktemp(request.param)
    with h5py.File(folder / "older.h5", "w") as file:  # that of the ImageNet weights on Keras' server
        legacy_h5_format.save_weights_to_hdf5_group(file, base)
    base.save_weights(folder / "newer.weights.h5")
    return request.param, base, folder


def _same(model: keras.Model, base: keras.Model) -> bool:
    """Return whether all of the base's layers have its weights in the model."""
    layers = [layer for layer in base.layers if layer.weights]
    pairs = [(model.get_layer(layer.name).get_weights(), layer.get_weights()) for layer in layers]
    return all(np.array_equal(one, other) for mine, its in pairs for one, other in zip(mine, its, strict=True))


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize("file", ["older.h5", "newer.weights.h5"])
def test_weights_come_from_a_file_and_all_but_the_last_layers_are_frozen(pretrained: Pretrained, file: str):
    network, base, folder = pretrained
    model = _pretrained(network, folder / file, _sha256(folder / file), trainable=3)
    assert _same(model, base)
    assert not _same(_build(network), base)
    learning = {layer.name for layer in model.layers if layer.trainable}
    last = [layer.name for layer in base.layers[-3:]]
    assert {layer.name for layer in base.layers} & learning == set(last)
    assert {"dense", "emotion"} <= learning


def test_weights_of_another_hash_or_network_are_refused(pretrained: Pretrained):
    network, _, folder = pretrained
    with pytest.raises(InputError, match="older.h5 has not the hash weights_sha256: fetch it again or correct"):
        _pretrained(network, folder / "older.h5", "0" * 64)
    other = next(name for name in APPLICATIONS if name != network)
    with pytest.raises(InputError, match=f"{other} cannot be built: ") as error:
        _pretrained(other, folder / "older.h5")
    assert "\n" not in str(error.value)


def test_a_network_that_fails_without_a_word_is_an_error_of_one_line(monkeypatch: pytest.MonkeyPatch):
    def build(*, classes: int) -> keras.Model:
        raise AssertionError

    monkeypatch.setattr("emotion.models.cnn.build", build)
    with pytest.raises(InputError, match="^models.cnn.build: cnn cannot be built: AssertionError$"):
        registry.build("cnn", {}, "models.cnn.build")


@pytest.fixture
def server(pretrained: Pretrained, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """The address on this machine at which the folder of weights is served; Keras' store of downloads is empty."""
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path))
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(pretrained[2]))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()


def test_weights_come_from_a_url_if_they_have_the_hash(pretrained: Pretrained, server: str, tmp_path: Path):
    network, base, folder = pretrained
    sha256 = _sha256(folder / "older.h5")
    assert _same(_pretrained(network, f"{server}/older.h5", sha256), base)
    assert (tmp_path / f"models/{sha256[:12]}-older.h5").exists()
    for address, wrong in ((f"{server}/older.h5", "0" * 64), (f"{server}/none.h5", sha256)):
        with pytest.raises(InputError, match=f"{network} cannot be built: ") as error:
            _pretrained(network, address, wrong)
        assert "\n" not in str(error.value)


def test_few_numbers_cross_from_frozen_layers_to_those_that_learn(pretrained: Pretrained):
    network, _, folder = pretrained
    crossing = {"vgg16": {0: {"average": (512,)}}, "resnet50v2": {0: {"average": (2048,)}, 50: {
        "conv4_block5_2_relu": (3, 3, 256), "conv4_block4_out": (3, 3, 1024)}}}[network]  # fmt: skip
    for trainable, expected in crossing.items():
        model = _pretrained(network, folder / "older.h5", input_size=48, trainable=trainable)
        names = {layer.output: layer.name for layer in model.layers}
        assert {names[tensor]: tensor.shape[1:] for tensor in features.cut(model)} == expected
    assert features.cut(_build(network)) == []


def test_frozen_layers_stay_in_training_and_the_head_learns(tmp_path: Path):
    weights = tmp_path / "vgg16.weights.h5"
    keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3)).save_weights(weights)
    model = _pretrained("vgg16", weights, trainable=0)
    before = {layer.name: layer.get_weights() for layer in model.layers if layer.weights}
    examples = engine.Examples(FACES[..., 0].astype(np.uint8), np.eye(7, dtype=np.float32)[:4])
    settings = SETTINGS["vgg16"].fit.model_copy(update={"epochs": 1, "batch_size": 2})
    machine = MachineSettings(precision="float32", xla=False, threads=2)
    kept = Checkpoint(tmp_path, "vgg16", "0" * 64)
    engine.fit(model, examples, examples, settings, machine, 1, tmp_path / "history.csv", kept)
    changed = {
        name
        for name, old in before.items()
        if not all(np.array_equal(a, b) for a, b in zip(old, model.get_layer(name).get_weights(), strict=True))
    }
    assert changed == {"dense", "emotion"}
