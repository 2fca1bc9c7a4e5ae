"""Every network of emotion/models; a new file is tested without a new test."""

from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.training import networks, registry
from emotion.training.settings import ModelSettings
from tests import fitting
from tests.source import example_model, quickstart_params
from tools.quickstart import merge

# The commented example stands for networks of which no model is trained; here with a residual one, whose untrained
# output depends on its input.
EXAMPLE = merge(example_model(), {"build": {"name": "ResNet50V2", "input_size": 32}})
SETTINGS = {model["network"]: ModelSettings(**model) for model in [*quickstart_params()["models"].values(), EXAMPLE]}
APPLICATIONS = {"vgg16": keras.applications.VGG16, "resnet50v2": keras.applications.ResNet50V2}
Pretrained = tuple[str, keras.Model, Path]
FACES = np.random.default_rng(1).integers(0, 256, (4, 48, 48, 1)).astype(np.float32)


def _build(network: str, **changes: Any) -> keras.Model:
    return registry.build(network, {**SETTINGS[network].build, **changes})


def _pretrained(network: str, weights: Path, **changes: Any) -> keras.Model:
    plain = {"batch_norm": False} if network == "vgg16" else {}
    return registry.build(network, {**SETTINGS[network].build, **plain, **changes}, weights=str(weights))


def test_every_network_has_a_model_or_a_commented_example_in_params():
    assert set(networks.names()) == set(SETTINGS)


@pytest.mark.parametrize("network", networks.names())
def test_stock_layers_map_raw_faces_to_probabilities_of_seven_emotions(network: str):
    model = _build(network)
    assert model.input_shape == (None, 48, 48, 1) and model.output_shape == (None, len(EMOTIONS))
    probabilities = model(FACES, training=False).numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert np.ptp(probabilities, axis=0).max() > 1e-6, "all faces get the same probabilities"
    for layer in model.layers:
        assert type(layer).__module__.startswith("keras.src.layers."), f"{layer.name} is not a stock layer"
        assert layer.dtype_policy.name == "float32"


@pytest.mark.parametrize(
    ("network", "layer", "preprocess"),
    [
        ("vgg16", "means", keras.applications.vgg16.preprocess_input),
        ("resnet50v2", "scale", keras.applications.resnet_v2.preprocess_input),
    ],
)
def test_preprocessing_is_that_of_the_imagenet_weights(network: str, layer: str, preprocess: Any):
    model = _build(network, input_size=48)
    inside = keras.Model(model.input, model.get_layer(layer).output)(FACES).numpy()
    np.testing.assert_allclose(inside, preprocess(np.repeat(FACES, 3, axis=-1)), atol=1e-4)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_vgg16_from_scratch_has_the_convolutions_of_keras(batch_norm: bool):
    built = _build("vgg16", batch_norm=batch_norm)
    stock = keras.applications.VGG16(include_top=False, weights=None)
    kinds = (keras.layers.Conv2D, keras.layers.MaxPooling2D)
    names = [[layer.name for layer in model.layers if isinstance(layer, kinds)] for model in (built, stock)]
    assert names[0] == names[1]
    convolutions = [layer for layer in stock.layers if isinstance(layer, keras.layers.Conv2D)]
    for layer in convolutions:
        assert built.get_layer(layer.name).kernel.shape == layer.kernel.shape
        (after,) = (node.operation for node in built.get_layer(layer.name)._outbound_nodes)
        assert isinstance(after, keras.layers.BatchNormalization if batch_norm else keras.layers.Activation)
        assert built.get_layer(layer.name).use_bias is not batch_norm


@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_signal_does_not_vanish_in_untrained_vgg16(batch_norm: bool):
    model = _build("vgg16", batch_norm=batch_norm, input_size=48)
    ends = [model.get_layer(name).output for name in ("block1_relu2", "block5_relu3")]
    first, last = (np.std(end) for end in keras.Model(model.input, ends)(FACES, training=True))
    assert 0.2 < first < 2 and 0.2 < last / first < 5


@pytest.fixture(scope="module", params=list(APPLICATIONS))
def pretrained(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, keras.Model, Path]:
    """A network's name, its base with random weights, and a folder that holds these in Keras' old and new format."""
    base = APPLICATIONS[request.param](include_top=False, weights=None, input_shape=(32, 32, 3))
    folder = tmp_path_factory.mktemp(request.param)
    with h5py.File(folder / "old.h5", "w") as file:  # as for the ImageNet weights on Keras' server
        legacy_h5_format.save_weights_to_hdf5_group(file, base)
    base.save_weights(folder / "new.weights.h5")
    return request.param, base, folder


@pytest.mark.parametrize("file", ["old.h5", "new.weights.h5"])
def test_weights_come_from_a_file_and_only_the_last_layers_train(pretrained: Pretrained, file: str):
    network, base, folder = pretrained
    model = _pretrained(network, folder / file, trainable_layers=3)
    layers = [layer for layer in base.layers if layer.weights]
    assert all(fitting.same(model.get_layer(layer.name).get_weights(), layer.get_weights()) for layer in layers)
    trainable = {layer.name for layer in model.layers if layer.trainable}
    last = [layer.name for layer in base.layers[-3:]]
    assert {layer.name for layer in base.layers} & trainable == set(last)
    assert {"dense", "emotion"} <= trainable


def test_weights_of_another_network_are_refused(pretrained: Pretrained):
    network, _, folder = pretrained
    other = next(name for name in APPLICATIONS if name != network)
    with pytest.raises(InputError, match=f"{other} cannot be built: ") as error:
        _pretrained(other, folder / "old.h5")
    assert "\n" not in str(error.value)


def test_a_network_that_fails_without_a_message_is_an_error_of_one_line(monkeypatch: pytest.MonkeyPatch):
    def build(**_: Any) -> keras.Model:
        raise AssertionError

    monkeypatch.setattr("emotion.models.cnn.build", build)
    with pytest.raises(InputError, match="^build: cnn cannot be built: AssertionError$"):
        _build("cnn")
