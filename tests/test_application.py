"""Networks of keras.applications by name: what each would answer by itself, trained, saved and exported like ours."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest

from benchmarks import small_training
from emotion.errors import InputError
from emotion.export import onnx
from emotion.models import application, registry
from emotion.training import fast_layers, features, forward, keras_file, step
from emotion.training.step import OptimizerSettings
from tests import tiny
from tests.source import example_model

NAMES = [name for name in dir(keras.applications) if name[0].isupper()]
FACES = np.random.default_rng(1).integers(0, 256, (8, 48, 48), np.uint8)
BATCH = FACES[..., None].astype(np.float32)


def _build(name: str, **changes: Any) -> keras.Model:
    own = {"name": name, "weights": "scratch", "input_size": 32, "dense": 8}
    return registry.build("application", {**example_model()["build"], **own, **changes}, "models.x.build")


@pytest.fixture(scope="module", params=["MobileNetV3Small", "EfficientNetV2B0", "DenseNet121"])
def name(request: pytest.FixtureRequest) -> str:
    """One of three that differ in kind."""
    return request.param


@pytest.fixture(scope="module")
def base(name: str) -> keras.Model:
    """The network as Keras makes it, for pictures of 48 pixels, with random weights and the statistics of FACES."""
    keras.utils.set_random_seed(2)
    network = getattr(keras.applications, name)(include_top=False, weights=None, input_shape=(48, 48, 3))
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    network(_preprocessed(name), training=True)
    return network


def _preprocessed(name: str) -> np.ndarray:
    """Return FACES in colour as the network wants them."""
    module = sys.modules[getattr(keras.applications, name).__module__]
    return module.preprocess_input(np.repeat(BATCH, 3, axis=-1))


@pytest.fixture(scope="module")
def weights(base: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file of these."""
    path = tmp_path_factory.mktemp("weights") / "base.weights.h5"
    base.save_weights(path)
    return str(path)


def test_a_face_gets_the_answer_that_its_colours_get_with_the_networks_own_preprocessing(
    name: str, base: keras.Model, weights: str
):
    model = _build(name, weights=weights, input_size=48)
    mine = keras.Model(model.input, model.get_layer("average").input)(BATCH, training=False)
    its = base(_preprocessed(name), training=False)
    np.testing.assert_allclose(mine, its, atol=1e-3 * np.abs(its).max())
    assert np.ptp(its, axis=0).max() > 0.1 * np.abs(its).max(), "each face gets its own answer"


def test_all_but_the_last_layers_are_frozen_and_run_once(name: str, weights: str):
    model = _build(name, weights=weights, trainable=0)
    learning = {layer.name for layer in model.layers if layer.trainable and layer.weights}
    assert learning == {"norm", "dense", "emotion"}
    (crossing,) = features.cut(model)
    assert crossing is model.get_layer("average").output
    some = _build(name, weights=weights, trainable=9)
    inside = some.layers[: some.layers.index(some.get_layer("average"))]
    assert [layer.trainable for layer in inside[1:]] == [False] * (len(inside) - 10) + [True] * 9
    assert features.cut(some) and crossing.name not in {tensor.name for tensor in features.cut(some)}


def test_it_learns_in_bfloat16_and_its_file_and_onnx_answer_alike(name: str, tmp_path: Path):
    model = _build(name, batch_norm=False)
    fast = fast_layers.twin(model, "bfloat16")
    before = [weight.numpy() for weight in fast.trainable_weights]
    optimizer = step.optimizer(OptimizerSettings(optimizer="sgd", weight_decay=0.0), fast, "bfloat16")
    optimizer.learning_rate = 0.01
    loss, _ = step.compiled(fast, optimizer, [], 0.0, xla=False)(BATCH, np.eye(8, 7, dtype=np.float32)).numpy()
    assert 0.5 < loss < 5
    moved = [np.any(new != old) for new, old in zip(fast.trainable_weights, before, strict=True)]
    assert np.mean(moved) > 0.95
    model.set_weights(fast.get_weights())

    keras_file.save(model, tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    for layer in loaded.layers:
        assert type(layer).__module__.startswith("keras.src.layers."), f"{layer.name} is no stock layer"
    answers = forward.probabilities(loaded, FACES)
    assert np.array_equal(answers, forward.probabilities(model, FACES))
    onnx.save(onnx.exported(loaded), tmp_path / "model.onnx", {})
    (exported,) = onnxruntime.InferenceSession(tmp_path / "model.onnx").run(None, {"face": BATCH})
    np.testing.assert_allclose(exported, answers, atol=1e-4)
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)


def test_where_a_network_drops_whole_faces_its_fast_form_does_too():
    face = keras.Input((4, 4, 3))
    dropped = keras.layers.Dropout(0.5, noise_shape=(None, 1, 1, 1))(face)
    fast = fast_layers.twin(keras.Model(face, keras.layers.ReLU()(dropped)), "bfloat16")
    shares = np.mean(fast(np.ones((64, 4, 4, 3), np.float32), training=True).numpy() > 0, axis=(1, 2, 3))
    assert set(shares) == {0.0, 1.0}


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
def test_what_it_cannot_build_is_told_in_one_line(changes: dict[str, Any], message: str):
    with pytest.raises(InputError) as error:
        _build(**{"name": "MobileNetV3Small", **changes})
    assert str(error.value).startswith("models.x.build: application cannot be built: ")
    assert message in str(error.value) and "\n" not in str(error.value)


def test_a_block_of_params_is_all_that_a_model_needs(tmp_path: Path):
    small_training.prepare(tmp_path, "cnn", epochs=1, faces=80)
    keras.applications.MobileNetV3Small(include_top=False, weights=None, input_shape=(32, 32, 3)).save_weights(
        tmp_path / "mine.weights.h5"
    )
    values, model = tiny.params(), example_model()
    model["build"] |= {"weights": "mine.weights.h5", "input_size": 32}
    model["fit"] |= {"epochs": 2, "batch_size": 16}
    tiny.write_params(tmp_path, {**values, "models": {"mobilenet": model}})
    command = [sys.executable, "-m", "stages.train", "mobilenet"]
    done = subprocess.run(command, cwd=tmp_path, env=tiny.environment(tmp_path), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(list((tmp_path / ".features").iterdir())) == 1
    known = json.loads((tmp_path / "metrics/training/mobilenet.json").read_text(encoding="utf-8"))
    network = keras.saving.load_model(tmp_path / "models/mobilenet.keras", compile=False)
    assert known["epochs"] == 2 and known["parameters"] == network.count_params()
