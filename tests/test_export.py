"""Exported files predict what the calibrated network does, and carry metadata."""

import functools
import json
import zipfile
from pathlib import Path

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from ai_edge_litert.interpreter import Interpreter

from emotion.core.labels import EMOTIONS
from emotion.export import formats, parity, quantization
from emotion.export import onnx as onnx_export
from emotion.training import forward, keras_file
from tests import fitting
from tests.exporting import OFFSETS, TEMPERATURE, coarse_faces, logits_of, network

FACTS = {"labels": EMOTIONS, "temperature": TEMPERATURE, "weights_md5": "abc"}
# Largest difference from the probabilities of Keras, which range from almost 0 to almost 1 for these networks.
LIMITS = {"float32": 1e-5, "float16": 0.005, "int8": 0.15}


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@functools.cache
def _written(folder: Path, size: int) -> tuple[dict[str, Path], np.ndarray]:
    """Write all files of a network, once for each size; return their paths, and its logits before the adjustment."""
    faces = coarse_faces(60)
    model = network(size)
    logits = logits_of(model, faces)
    formats.adjust(model, TEMPERATURE, OFFSETS)
    paths = {key: folder / f"{size}.{suffix}" for key, suffix in formats.SUFFIXES.items()}
    formats.write(model, quantization.calibration_sample(faces, 30, seed=1), FACTS, paths)
    return paths, logits


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("written")


@pytest.fixture
def files(folder: Path) -> dict[str, Path]:
    return _written(folder, 48)[0]


@pytest.mark.parametrize("size", [48, 32, 80])  # pixels to which the network resizes a face
@pytest.mark.parametrize("key", formats.SUFFIXES)
def test_files_predict_the_softmax_of_adjusted_logits(folder: Path, size: int, key: str):
    paths, logits = _written(folder, size)
    expected = _softmax((logits - OFFSETS) / TEMPERATURE)
    got = parity.probabilities(paths[key], coarse_faces(60), threads=1)
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
    faces = coarse_faces(60)
    for name, content in {"float32": file, "int8": quantization.int8(file, faces)}.items():
        onnx_export.save(content, tmp_path / f"{name}.onnx", {})
    expected, got = (parity.probabilities(tmp_path / f"{name}.onnx", faces, threads=1) for name in ("float32", "int8"))
    assert np.ptp(expected, axis=0).max() > 0.05, "the faces differ"
    assert np.abs(got - expected).max() < 0.05


def test_large_weights_have_the_number_type_of_the_format(files: dict[str, Path]):
    size = {key: path.stat().st_size for key, path in files.items()}
    names = {"float32": np.float32, "float16": np.float16, "int8": np.int8}
    for kind, dtype in names.items():
        weights = [onnx.numpy_helper.to_array(weight) for weight in onnx.load(files[f"onnx_{kind}"]).graph.initializer]
        assert {weight.dtype for weight in weights if weight.size > 300} == {np.dtype(dtype)}
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
    assert np.array_equal(forward.predictor(loaded)(coarse_faces(4)), forward.predictor(first)(coarse_faces(4)))
    with zipfile.ZipFile(tmp_path / "a.keras") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
