"""LiteRT files: in EmotionClassifier, and in the example for small boards beside it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion import EmotionClassifier
from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from tests.pasted import photograph
from tests.source import ROOT

FOLDER = ROOT / "deploy/raspberry_pi"
WEIGHTS = np.random.default_rng(0).normal(0, 4e-4, (48 * 48, 7))


def faces(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, 48, 48), np.uint8)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An int8 file whose predictions depend on every pixel."""
    import keras

    from emotion.export import litert

    last = keras.layers.Dense(7, activation="softmax")
    network = keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten(), last])
    last.set_weights([WEIGHTS, np.zeros(7)])
    path = tmp_path_factory.mktemp("model") / "model.int8.tflite"
    content = litert.converted(network, "int8", faces(50))
    litert.save(content, path, {"labels": EMOTIONS})
    return path


@pytest.mark.parametrize("count", [1, 30])
def test_the_classifier_gives_the_networks_probabilities(model: Path, count: int):
    logits = faces(count).reshape(count, -1) @ WEIGHTS
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    results = EmotionClassifier(model, detector="whole").predict(list(faces(count)))
    found = [[result.faces[0].probabilities[emotion] for emotion in EMOTIONS] for result in results]
    np.testing.assert_allclose(found, expected, atol=0.03)
    assert np.ptp(expected) > 0.05


def test_a_file_that_is_no_litert_or_without_labels_is_one_line(model: Path, tmp_path: Path):
    path, bare = tmp_path / "model.tflite", model.read_bytes().partition(b"PK\3\4")[0]
    for content, message in ((b"hello", "not a LiteRT model"), (bare, "its metadata has no list `labels`")):
        path.write_bytes(content)
        with pytest.raises(InputError, match=f"model.tflite: {message}"):
            EmotionClassifier(path)


def test_a_litert_file_for_larger_faces_is_one_line(tmp_path: Path):
    import keras

    from emotion.export import litert

    network = keras.Sequential([keras.Input((64, 64, 1)), keras.layers.Flatten(), keras.layers.Dense(7)])
    path = tmp_path / "model.tflite"
    litert.save(litert.converted(network, "float32", np.empty(0)), path, {"labels": EMOTIONS})
    with pytest.raises(InputError, match=r"model\.tflite: not a network for faces: it must take .* \(n, 48, 48, 1\)"):
        EmotionClassifier(path)


def _run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / "label_faces.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})


def test_it_predicts_like_the_classifier(model: Path, tmp_path: Path):
    picture = photograph([(20, 30, 90), (200, 40, 120), (400, 20, 200), (40, 250, 180)], seed=1)
    turned = Image.Exif()
    turned[0x0112] = 8  # its orientation: turned to the left
    Image.fromarray(np.rot90(picture, -1)).save(tmp_path / "four.png", exif=turned)
    done = _run(model, tmp_path / "four.png")
    assert done.returncode == 0, done.stderr
    found = EmotionClassifier(model, min_face_size=48).predict(picture).faces
    lines = [f"0 {' '.join(map(str, face.box))} {face.label} {face.probability:.3f}" for face in found]
    assert done.stdout.splitlines() == lines and len(lines) == 4


def test_an_unusable_input_is_one_line(model: Path, tmp_path: Path):
    (tmp_path / "none.png").touch()
    missing = tmp_path / "none.tflite"
    for network, source, message in (
        (missing, tmp_path / "none.png", "none.tflite: "),
        (model, tmp_path / "none.png", "none.png: empty"),
        (model, "99999999999", "99999999999 cannot be opened: "),
    ):
        done = _run(network, source)
        last = done.stderr.splitlines()[-1]  # OpenCV and LiteRT may warn before
        assert done.returncode == 1 and last.startswith("error: ") and message in last
