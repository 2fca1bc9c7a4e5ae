"""The files of exported networks: which one is opened, what is refused, and what ONNX Runtime keeps to itself."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.detection import networks
from emotion.inference import model as models
from emotion.inference.predictor import EmotionClassifier
from tests.pasted import brightness_model
from tests.source import ROOT

NO_MODEL = "models/emotion.onnx: there is no such model: `git checkout models/emotion.onnx` brings it back"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return brightness_model(tmp_path_factory.mktemp("model") / "brightness.onnx")


def _of_one_face(path: Path) -> None:
    """Write a network that says that it takes batches of any size, and does not."""
    network = onnx.load(brightness_model(path))
    network.graph.node[0].CopyFrom(onnx.helper.make_node("Reshape", ["face", "shape"], ["flat"]))
    network.graph.initializer.append(onnx.numpy_helper.from_array(np.array([1, 48 * 48]), "shape"))
    onnx.save(network, path)


WRONG = {
    "there is no such model": lambda path: path,
    "not an ONNX model": lambda path: path.write_bytes(b"x" * 100),
    "not an ONNX model, or a damaged one": lambda path: path.write_bytes(brightness_model(path).read_bytes()[:-2000]),
    "has no list `labels`": lambda path: brightness_model(path, labels=None),
    "has no list": lambda path: brightness_model(path, labels={"happy": 1}),
    "does not match its 7 labels": lambda path: brightness_model(path, outputs=5),
    "are not probabilities": lambda path: brightness_model(path, softmax=False),
    "must take float32 (n, 48, 48, 1)": lambda path: brightness_model(path, side=64),
    "takes batches of 1 faces only": lambda path: brightness_model(path, batch=1),
    "cannot take two faces: export it with a batch of any size": _of_one_face,
}


@pytest.mark.parametrize("message", WRONG)
def test_a_wrong_model_file_is_one_line(message: str, tmp_path: Path):
    path = tmp_path / "wrong.onnx"
    WRONG[message](path)
    with pytest.raises(InputError) as refused:
        EmotionClassifier(path)
    assert str(refused.value).startswith(f"{path}: ") and message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_tflite_file_without_litert_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "model.tflite").touch()
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(InputError, match=r"LiteRT is not installed: run `pip install ai-edge-litert`"):
        EmotionClassifier(tmp_path / "model.tflite")


@pytest.mark.parametrize(("total", "taken"), [(1.0137, True), (0.9864, True), (1.03, False), (float("nan"), False)])
def test_int8_probabilities_may_sum_to_slightly_more_or_less_than_one(total, taken, model, monkeypatch):
    monkeypatch.setattr(models._Onnx, "probabilities", lambda self, faces: np.full((2, 7), total / 7, np.float32))
    if taken:
        assert models.open_model(model).labels == EMOTIONS
    else:
        with pytest.raises(InputError, match="are not probabilities"):
            models.open_model(model)


def test_the_default_model_is_that_of_the_package_or_the_repository(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(networks, "PACKAGE", tmp_path / "emotion")
    with pytest.raises(InputError, match=NO_MODEL):
        EmotionClassifier(detector="whole")
    for name in ("models/emotion.onnx", "emotion/emotion.onnx"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(model.read_bytes())
        assert models.path_of() == tmp_path / name
        EmotionClassifier(detector="whole")


def test_a_damaged_model_of_this_project_is_brought_back_by_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(networks, "PACKAGE", tmp_path / "emotion")
    (tmp_path / "models").mkdir()
    (tmp_path / "models/emotion_small.onnx").write_bytes(b"x" * 100)
    with pytest.raises(InputError, match="a damaged one: `git checkout models/emotion_small.onnx` brings it back"):
        EmotionClassifier("small")


def test_three_models_are_shipped_two_of_them_by_name():
    shipped = [EmotionClassifier(name) for name in (None, *models.NAMES)]
    assert len({one.metadata["weights_md5"] for one in shipped}) == 3
    assert {one.labels for one in shipped} == {EMOTIONS}


@pytest.mark.parametrize(
    "code",
    [
        "import sys, emotion; emotion.EmotionClassifier(sys.argv[1])",
        "import sys, numpy; from emotion.export import parity; "
        "parity.probabilities(sys.argv[1], numpy.zeros((1, 48, 48), numpy.uint8), 1)",
    ],
    ids=["apps", "export"],
)
def test_onnx_runtime_collects_no_telemetry(code: str, model: Path, tmp_path: Path):
    """Its Linux builds do, from 1.29 on: they begin with a file that identifies this machine."""
    telling = ("CI", "TF_BUILD", "GITHUB_ACTIONS", "ORT_DISABLE_TELEMETRY")  # with these it keeps quiet by itself
    known = {name: value for name, value in os.environ.items() if name not in telling}
    folders = {"TMPDIR": str(tmp_path), "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code, model], cwd=ROOT, env=known | folders, check=True)
    assert [path.name for path in tmp_path.iterdir()] == []
