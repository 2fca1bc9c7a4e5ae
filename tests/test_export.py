"""Exported files predict what the calibrated network does, carry metadata, and have the same bytes on every run."""

import functools
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import onnx
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ai_edge_litert.interpreter import Interpreter

from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.export import formats, parity, quantization
from emotion.export import onnx as onnx_export
from emotion.export.settings import ExportSettings
from emotion.training import forward, hardware, keras_file
from stages import export
from tests import fitting
from tests import tiny as dag

TEMPERATURE = 1.7
PRIORS = np.array([0.1, 0.05, 0.15, 0.3, 0.2, 0.1, 0.1])
OFFSETS = 0.5 * np.log(PRIORS)
FACTS = {"labels": EMOTIONS, "temperature": TEMPERATURE, "weights_md5": "abc"}
# Largest difference from the probabilities of Keras, which range from almost 0 to almost 1 for these networks.
LIMITS = {"float32": 1e-5, "float16": 0.005, "int8": 0.15}
SETTINGS = ExportSettings(models=["cnn"], max_mb=8, int8_calibration_faces=10, seed=1, max_difference=0.001,
                          max_difference_float16=0.01, max_accuracy_loss_int8=2.0)  # fmt: skip


def _faces(count: int) -> np.ndarray:
    """Return coarse noise, uint8 (n, 48, 48)."""
    coarse = np.random.default_rng(1).integers(0, 256, (count, 6, 6), np.uint8)
    return coarse.repeat(8, axis=1).repeat(8, axis=2)


def _network(size: int, seed: int = 1) -> keras.Model:
    """Return a network that is easily exported wrongly: it resizes, has batch norm, and pads before it pools."""
    keras.utils.clear_session()  # else the layers of a second network would have other names
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    face = keras.Input((48, 48, 1), name="face")
    x = layers.Concatenate()([face, face, face])  # as in networks with ImageNet weights
    x = layers.Resizing(size, size)(x) if size != 48 else x
    x = layers.Rescaling(1 / 127.5, offset=-1)(x)
    # Mostly negative, so that the padding of the pooling matters.
    x = layers.Conv2D(8, 3, padding="same", bias_initializer=keras.initializers.Constant(-1))(x)
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    for width in (8, 16):
        x = layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
        x = layers.Dropout(0.5)(layers.MaxPooling2D()(x))
    x = layers.Dense(16, activation="swish")(layers.Flatten()(x))
    bias = keras.initializers.RandomNormal(stddev=0.5, seed=seed)
    emotion = layers.Dense(7, activation="softmax", bias_initializer=bias, name="emotion")(x)
    model = keras.Model(face, emotion, name="network")
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, weight.shape) for weight in layer.get_weights()])
    return model


def _logits(model: keras.Model, faces: np.ndarray) -> np.ndarray:
    """Return the inputs of the softmax, float64 (n, 7)."""
    kernel, bias = model.layers[-1].get_weights()
    features = keras.Model(model.input, model.layers[-2].output)
    return np.asarray(features(faces[..., None].astype(np.float32), training=False), np.float64) @ kernel + bias


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _write(folder: Path, size: int) -> tuple[dict[str, Path], np.ndarray]:
    """Write all files of a network; return their paths, and its logits before the adjustment."""
    faces = _faces(60)
    model = _network(size)
    logits = _logits(model, faces)
    formats.adjust(model, TEMPERATURE, OFFSETS)
    paths = {key: folder / f"network.{suffix}" for key, suffix in formats.SUFFIXES.items()}
    formats.write(model, quantization.calibration_sample(faces, 30, seed=1), FACTS, paths)
    return paths, logits


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], tuple[dict[str, Path], np.ndarray]]:
    """Writes all files of a network, once for each size; returns them, and its logits before the adjustment."""
    return functools.cache(lambda size: _write(tmp_path_factory.mktemp("written"), size))


@pytest.fixture(scope="module", params=[48, 32, 224], ids=["48 pixels", "resized to 32", "resized to 224"])
def exported(request, written) -> tuple[dict[str, Path], np.ndarray]:
    return written(request.param)


@pytest.fixture(scope="module")
def files(written) -> dict[str, Path]:
    return written(48)[0]


@pytest.mark.parametrize("key", formats.SUFFIXES)
def test_files_predict_the_softmax_of_adjusted_logits(exported, key: str):
    paths, logits = exported
    expected = _softmax((logits - OFFSETS) / TEMPERATURE)
    got = parity.probabilities(paths[key], _faces(60), threads=1)
    kind = key.rpartition("_")[2]
    assert got.dtype == np.float32 and got.shape == (60, 7)
    assert np.abs(got.sum(axis=1) - 1).max() < (0.02 if key == "litert_int8" else 1e-5)
    assert np.abs(got - expected).max() < LIMITS[kind]
    assert np.mean(got.argmax(axis=1) == expected.argmax(axis=1)) >= (0.9 if kind == "int8" else 1)
    assert np.abs(got - _softmax(logits)).max() > 2 * LIMITS["float16"], "without the adjustment, probabilities differ"


def test_int8_survives_depthwise_channels_of_very_different_ranges(tmp_path: Path):
    keras.utils.set_random_seed(1)
    layers = keras.layers
    rng = np.random.default_rng(1)
    face = keras.Input((48, 48, 1), name="face")
    x = layers.Rescaling(1 / 127.5, offset=-1)(face)
    x = layers.Conv2D(16, 3, 2, activation="relu6", kernel_initializer="he_normal")(x)
    for _ in range(3):
        depthwise = layers.DepthwiseConv2D(3, use_bias=False)
        norm = layers.BatchNormalization(epsilon=0)
        x = layers.ReLU(6)(norm(depthwise(x)))
        scale = 10.0 ** rng.uniform(-2, 2, 16)
        depthwise.set_weights([depthwise.get_weights()[0] * scale[:, None]])
        norm.set_weights([np.full(16, 6), np.zeros(16), np.zeros(16), scale**2])
        x = layers.Conv2D(16, 1, activation="relu6", kernel_initializer="he_normal")(x)
    last = layers.Dense(7, "softmax", kernel_initializer=keras.initializers.RandomNormal(stddev=0.5, seed=1))
    file = onnx_export.converted(keras.Model(face, last(layers.GlobalAveragePooling2D()(x))))
    faces = _faces(60)
    for name, content in {"float32": file, "int8": quantization.int8(file, faces)}.items():
        onnx_export.save(content, tmp_path / f"{name}.onnx", {})
    expected, got = (parity.probabilities(tmp_path / f"{name}.onnx", faces, threads=1) for name in ("float32", "int8"))
    assert np.ptp(expected, axis=0).max() > 0.05, "the faces differ"
    assert np.abs(got - expected).max() < 0.05


def test_a_second_export_in_the_same_process_gives_the_same_bytes(tmp_path: Path, files: dict[str, Path]):
    again, _ = _write(tmp_path, 48)
    assert [key for key in files if files[key].read_bytes() != again[key].read_bytes()] == []


def test_large_weights_have_the_number_type_of_the_format(files: dict[str, Path]):
    size = {key: path.stat().st_size for key, path in files.items()}
    names = {"float32": np.float32, "float16": np.float16, "int8": np.int8}
    for kind, dtype in names.items():
        weights = [onnx.numpy_helper.to_array(weight) for weight in onnx.load(files[f"onnx_{kind}"]).graph.initializer]
        assert {weight.dtype for weight in weights if weight.size > 200} == {np.dtype(dtype)}
        tensors = Interpreter(str(files[f"litert_{kind}"])).get_tensor_details()
        assert dtype in {tensor["dtype"] for tensor in tensors if np.prod(tensor["shape"]) > 1000}
    for runtime in ("onnx", "litert"):
        assert size[f"{runtime}_int8"] < size[f"{runtime}_float16"] < size[f"{runtime}_float32"]


@pytest.mark.parametrize("key", [key for key in formats.SUFFIXES if key.startswith("onnx")])
def test_onnx_files_have_names_of_inputs_and_outputs_and_metadata(files: dict[str, Path], key: str):
    session = onnxruntime.InferenceSession(files[key])
    (face,) = session.get_inputs()
    (output,) = session.get_outputs()
    assert (face.name, face.type, face.shape) == ("face", "tensor(float)", ["n", 48, 48, 1])
    assert (output.name, output.type, output.shape) == ("probabilities", "tensor(float)", ["n", 7])
    facts = {name: json.loads(text) for name, text in session.get_modelmeta().custom_metadata_map.items()}
    assert facts == FACTS | {"labels": list(EMOTIONS)}


@pytest.mark.parametrize("key", [key for key in formats.SUFFIXES if key.startswith("litert")])
def test_litert_files_have_names_and_metadata_as_a_zip(files: dict[str, Path], key: str):
    signature = {"inputs": ["face"], "outputs": ["probabilities"]}
    interpreter = Interpreter(str(files[key]))
    assert interpreter.get_signature_list() == {"serving_default": signature}
    ends = [*interpreter.get_input_details(), *interpreter.get_output_details()]
    assert [end["dtype"] for end in ends] == [np.float32, np.float32]
    assert [end["shape_signature"].tolist() for end in ends] == [[-1, 48, 48, 1], [-1, 7]]
    with zipfile.ZipFile(files[key]) as archive:
        assert json.loads(archive.read("metadata.json")) == FACTS | {"labels": list(EMOTIONS)}
        assert archive.read("labels.txt").decode().split() == list(EMOTIONS)


def test_offsets_are_subtracted_from_logits_before_the_temperature_divides_them():
    faces = _faces(60)
    model = _network(48)
    logits = _logits(model, faces)
    formats.adjust(model, TEMPERATURE, OFFSETS)
    np.testing.assert_allclose(_logits(model, faces), (logits - OFFSETS) / TEMPERATURE, rtol=1e-5, atol=1e-5)


def test_a_temperature_alone_changes_no_predicted_label():
    faces = _faces(60)
    model = _network(48)
    logits = _logits(model, faces)
    formats.adjust(model, TEMPERATURE, np.zeros(7))
    assert np.array_equal(forward.predictor(model)(faces).argmax(axis=1), logits.argmax(axis=1))


def test_a_network_that_does_not_end_with_a_dense_softmax_is_named():
    model = _network(48)
    longer = keras.Model(model.input, keras.layers.Activation("linear", name="extra")(model.output), name="longer")
    with pytest.raises(InputError, match="^longer: the last layer, extra, must be dense with softmax"):
        formats.adjust(longer, TEMPERATURE, OFFSETS)


def test_the_calibration_sample_follows_its_seed():
    faces = np.arange(100)
    one, again, other = (quantization.calibration_sample(faces, 10, seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again) and not np.array_equal(one, other)
    assert len(set(one)) == 10
    assert np.array_equal(quantization.calibration_sample(faces, 1000, seed=1), faces)


def test_equal_weights_give_equal_keras_files_that_can_be_loaded(tmp_path: Path):
    first = fitting.network()
    second = fitting.network(seed=2)
    second.set_weights(first.get_weights())
    for name, model in (("a", first), ("b", second), ("c", first)):
        keras_file.save(model, tmp_path / f"{name}.keras")
    contents = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(contents) == {"a.keras", "b.keras", "c.keras"}
    assert len(set(contents.values())) == 1
    loaded = keras.saving.load_model(tmp_path / "a.keras", compile=False)
    assert np.array_equal(forward.predictor(loaded)(_faces(4)), forward.predictor(first)(_faces(4)))
    with zipfile.ZipFile(tmp_path / "a.keras") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


GOOD = {"bytes": 1, "max_difference": 0.0001, "same_predictions": 1.0, "accuracy_loss": 0.0}


@pytest.mark.parametrize(
    ("key", "change", "message"),
    [
        (
            "onnx_float32",
            {"max_difference": 0.002},
            "differ from Keras by 0.002 .*max_difference is 0.001",
        ),
        (
            "litert_float32",
            {"max_difference": float("nan")},
            "differ from Keras by nan .*max_difference is 0.001",
        ),
        (
            "litert_float16",
            {"max_difference": 0.02},
            "differ from Keras by 0.02 .*max_difference_float16 is 0.01",
        ),
        ("onnx_int8", {"accuracy_loss": 2.5}, "accuracy drops by 2.5 points .*max_accuracy_loss_int8 is 2:"),
    ],
)
def test_a_file_beyond_a_limit_of_params_is_named_with_the_limit(key: str, change: dict, message: str):
    good = dict.fromkeys(formats.SUFFIXES, GOOD) | {"onnx_int8": GOOD | {"max_difference": 0.3, "accuracy_loss": 1.9}}
    parity.require("cnn", good, SETTINGS)
    with pytest.raises(InputError, match=f"^cnn: {key}: .*{message}") as error:
        parity.require("cnn", good | {key: GOOD | change}, SETTINGS)
    assert "\n" not in str(error.value) and "no file was written" in str(error.value)


def test_the_stage_writes_all_files_or_none_if_one_exceeds_a_limit(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hardware, "prepare", lambda *_, **__: None)  # only before the first operation
    monkeypatch.setattr(export.tf.config, "set_visible_devices", lambda *_: None)
    keras_file.save(_network(48), tmp_path / "models/cnn.keras")
    columns = {
        "name": [f"{n}" for n in range(70)],
        "pixels": pa.array([face.tobytes() for face in _faces(70)], pa.binary(48 * 48)),
        "label": [EMOTIONS[n % 7] for n in range(70)],
        "subset": ["train", "validation"] * 35,
        "leakage": ["no"] * 70,
    }
    (tmp_path / "data").mkdir()
    pq.write_table(pa.table(columns), tmp_path / "data/learn.parquet")
    (tmp_path / "metrics/calibration").mkdir(parents=True)
    adjusted = {"prior_exponent": 0.5, "priors": dict(zip(EMOTIONS, PRIORS.tolist(), strict=True))}
    fitted = {"without_tta": {"temperature": TEMPERATURE, **adjusted}, "with_tta": {"temperature": 9.0, **adjusted}}
    (tmp_path / "metrics/calibration/cnn.json").write_text(json.dumps(fitted))

    def run(**changes: float) -> None:
        values = dag.params()
        values["export"] |= changes
        dag.write_params(tmp_path, values)
        export.main("cnn")

    with pytest.raises(InputError, match="^cnn: onnx_float16: .*litert_float16: ") as error:
        run(max_difference_float16=0.0000001)
    assert "int8" not in str(error.value)
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["cnn.keras"]
    assert not list((tmp_path / "metrics/export").glob("*")), "not even a temporary file"

    run()
    summary = json.loads((tmp_path / "metrics/export/cnn.json").read_text())
    sizes = {key: (tmp_path / f"models/cnn.{suffix}").stat().st_size for key, suffix in formats.SUFFIXES.items()}
    assert {key: row["bytes"] for key, row in summary["files"].items()} == sizes
    assert summary["temperature"] == TEMPERATURE
    assert summary["files"]["onnx_float32"]["same_predictions"] == 1
    assert summary["files"]["onnx_float32"]["accuracy"] == summary["validation_accuracy"]
    with zipfile.ZipFile(tmp_path / "models/cnn.int8.tflite") as archive:
        facts = json.loads(archive.read("metadata.json"))
    assert facts == {"labels": list(EMOTIONS), "input_size": [48, 48]} | {
        k: v for k, v in summary.items() if k != "files"
    }
