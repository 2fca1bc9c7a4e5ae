"""The example for small boards beside EmotionClassifier, with the same LiteRT file."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion import EmotionClassifier
from emotion.core.labels import EMOTIONS
from tests.pasted import photograph
from tests.source import ROOT

FOLDER = ROOT / "deploy/raspberry_pi"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An int8 file whose predictions depend on every pixel."""
    import keras

    from emotion.export import litert

    rng = np.random.default_rng(0)
    last = keras.layers.Dense(7, activation="softmax")
    network = keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten(), last])
    last.set_weights([rng.normal(0, 4e-4, (48 * 48, 7)), np.zeros(7)])
    path = tmp_path_factory.mktemp("model") / "model.int8.tflite"
    content = litert.converted(network, "int8", rng.integers(0, 256, (50, 48, 48), np.uint8))
    litert.save(content, path, {"labels": EMOTIONS})
    return path


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
    faces = EmotionClassifier(model, min_face_size=48).predict(picture).faces
    lines = [f"0 {' '.join(map(str, face.box))} {face.label} {face.probability:.3f}" for face in faces]
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
