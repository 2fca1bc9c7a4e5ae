"""The leaf stage that scores a model on another data set."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from stages import external
from tests import predicted
from tests.pasted import brightness_model


def put(folder: str, shade: int, count: int = 3) -> None:
    Path(folder).mkdir(parents=True)
    for number in range(count):
        Image.fromarray(np.full((60, 60), round(shade * 255 / 6), np.uint8)).save(f"{folder}/{number}.png")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Params with the data set `other`, and a model that knows emotions by their brightness."""
    monkeypatch.chdir(tmp_path)
    brightness_model(tmp_path / "model.onnx")
    write_params("whole")


def write_params(detector: str) -> None:
    entry = {"folder": "other", "label_order": "affectnet", "detector": detector, "model": "model.onnx"}
    predicted.write_params(external={"other": entry}, evaluate={"resamples": 50, "seed": 1})


def test_scores_count_the_labels_of_the_other_data_set(project: None):
    put("other/1", EMOTIONS.index("happy"), count=4)
    put("other/2", EMOTIONS.index("happy"), count=2)
    put("other/7", 0)
    Path("other/2/notes.txt").write_text("")
    external.main("other")
    found = json.loads(Path("metrics/external/other.json").read_text())
    assert found["scored"] == 6 and sum(found["not_scored"].values()) == 3
    assert found["accuracy"] == pytest.approx(4 / 6, abs=1e-6) and found["balanced_accuracy"] == 0.5
    assert found["accuracy_low"] <= found["accuracy"] <= found["accuracy_high"]
    assert found["recall"]["happy"] == 1 and found["recall"]["sad"] == 0


def test_if_nothing_can_be_scored_the_message_says_why(project: None):
    Path("other/sad").mkdir(parents=True)
    Path("other/sad/a.png").write_text("no picture")
    with pytest.raises(InputError, match="^other: no picture can be scored: 1 cannot be read$"):
        external.main("other")
    write_params("mtcnn")
    Image.new("L", (60, 60)).save("other/sad/a.png")
    with pytest.raises(InputError, match=r": 1 no face found \(face crops need detector: whole\)$"):
        external.main("other")
    assert not Path("metrics").exists()
