"""Networks of keras.applications by name: their preprocessing and predictions, trained, saved and exported."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from emotion.core.errors import InputError
from emotion.export import onnx
from emotion.models import application
from emotion.training import forward, registry, teachers
from tests import tiny as dag
from tests.source import example_model

NAMES = [name for name in dir(keras.applications) if name[0].isupper()]
FACES = np.random.default_rng(1).integers(0, 256, (8, 48, 48), np.uint8)
BATCH = FACES[..., None].astype(np.float32)


def _build(name: str, weights: str = "params/none.csv", **changes: Any) -> keras.Model:
    own = {"name": name, "input_size": 32, "dense": 8}
    build = {**example_model()["build"], **own, **changes}
    return registry.build("application", build, "models.x.build", weights=weights)


@pytest.fixture(scope="module", params=["EfficientNetV2B0", "MobileNet", "VGG16"])
def name(request: pytest.FixtureRequest) -> str:
    """One that normalises inside, one whose inputs are scaled, and one that has an offset for each channel."""
    return request.param


@pytest.fixture(scope="module")
def base(name: str) -> keras.Model:
    """The stock network for pictures of 48 pixels, with random weights and the batch-norm statistics of FACES."""
    keras.utils.set_random_seed(2)
    network = getattr(keras.applications, name)(include_top=False, weights=None, input_shape=(48, 48, 3))
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    network(_preprocessed(name), training=True)
    return network


def _preprocessed(name: str) -> np.ndarray:
    """Return FACES in colour, preprocessed for the network."""
    module = sys.modules[getattr(keras.applications, name).__module__]
    return module.preprocess_input(np.repeat(BATCH, 3, axis=-1))


@pytest.fixture(scope="module")
def weights(base: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file of its weights."""
    path = tmp_path_factory.mktemp("weights") / "base.weights.h5"
    base.save_weights(path)
    return str(path)


def test_gray_faces_are_preprocessed_as_the_network_expects(name: str, base: keras.Model, weights: str):
    model = _build(name, weights=weights, input_size=48)
    found = keras.Model(model.input, model.get_layer("average").input)(BATCH, training=False)
    expected = base(_preprocessed(name), training=False)
    np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max())
    assert np.ptp(expected, axis=0).max() > 0.1 * np.abs(expected).max(), "faces differ"


@pytest.mark.parametrize("name", ["MobileNet"], indirect=True)
def test_all_but_the_last_layers_are_frozen(name: str, weights: str):
    model = _build(name, weights=weights, trainable_layers=0)
    trainable = {layer.name for layer in model.layers if layer.trainable and layer.weights}
    assert trainable == {"norm", "dense", "emotion"}
    some = _build(name, weights=weights, trainable_layers=9)
    inside = some.layers[: some.layers.index(some.get_layer("average"))]
    assert [layer.trainable for layer in inside[1:]] == [False] * (len(inside) - 10) + [True] * 9
    assert all(layer.trainable for layer in _build(name, weights=weights, trainable_layers=len(inside) + 9).layers)


@pytest.mark.parametrize("application_name", NAMES)
def test_preprocessing_is_a_scale_and_an_offset_for_each_channel(application_name: str):
    module = sys.modules[getattr(keras.applications, application_name).__module__]
    scale, offset = application._preprocessing(module)
    ramp = np.repeat(np.arange(256, dtype=np.float32).reshape(1, 16, 16, 1), 3, axis=-1)
    np.testing.assert_allclose(ramp * scale + offset, module.preprocess_input(ramp.copy()), atol=1e-4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "MobileNetV3Smal"}, "keras.applications has no 'MobileNetV3Smal'; did you mean 'MobileNetV3Small'?"),
        ({"name": "x"}, "keras.applications has no 'x'; known are ConvNeXtBase, "),
        ({"input_size": 20}, "Input size must be at least 32x32; "),
        ({"name": "Xception", "input_size": 48}, "Input size must be at least 71x71; "),
        ({"weights": "no/such.weights.h5"}, "no/such.weights.h5"),
    ],
)
def test_a_build_that_fails_is_an_error_of_one_line(changes: dict[str, Any], message: str):
    with pytest.raises(InputError) as error:
        _build(**{"name": "MobileNetV3Small", **changes})
    assert str(error.value).startswith("models.x.build: application cannot be built: ")
    assert message in str(error.value) and "\n" not in str(error.value)


def test_a_block_of_params_makes_a_model_that_trains_and_is_exported(tiny: Path, tmp_path: Path):
    for name in ("data", "emotion", "params", "stages"):
        shutil.copytree(tiny / name, tmp_path / name)
    base = keras.applications.MobileNetV3Small(include_top=False, weights=None, input_shape=(32, 32, 3))
    base.save_weights(tmp_path / "mine.weights.h5")
    values, model = dag.params(), example_model()
    model |= {"weights": "mine.weights.h5", "precision": "bfloat16"}
    model["build"] |= {"input_size": 32, "trainable_layers": len(base.layers)}
    model["fit"] |= {"epochs": 1, "batch_size": 16, "optimizer": "sgd"}
    dag.write_params(tmp_path, {**values, "models": {"mobilenet": model}})
    command = [sys.executable, "-m", "stages.train", "mobilenet"]
    done = subprocess.run(command, cwd=tmp_path, env=dag.environment(tmp_path), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    summary = json.loads((tmp_path / "metrics/training/mobilenet.json").read_text(encoding="utf-8"))
    network = keras.saving.load_model(tmp_path / "models/mobilenet.keras", compile=False)
    assert summary["epochs"] == 1 and summary["parameters"] == network.count_params()
    for layer in network.layers:
        assert type(layer).__module__.startswith("keras.src.layers."), f"{layer.name} is not a stock layer"
    moved = []
    for layer in (layer for layer in base.layers if layer.weights):
        pairs = zip(layer.weights, network.get_layer(layer.name).weights, strict=True)
        moved += [np.any(old.numpy() != new.numpy()) for old, new in pairs if old.trainable]
    assert np.mean(moved) > 0.95
    onnx.save(onnx.converted(network), tmp_path / "model.onnx", {})
    probabilities = teachers.predictor(str(tmp_path / "model.onnx"))(FACES)
    np.testing.assert_allclose(probabilities, forward.predictor(network)(FACES), atol=1e-4)
