"""`emotion predict` in a folder with two pictures."""

import csv
from pathlib import Path

import pytest
from PIL import Image

from tests.pasted import Run, brightness_model, emotion_command, photograph

PLACES = [(60, 100, 150), (380, 150, 180)]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `emotion predict` in a folder with pictures and a model that predicts by brightness; return the exit code."""
    monkeypatch.chdir(tmp_path)
    brightness_model(Path("model.onnx"))
    Image.fromarray(photograph(PLACES)).save("two.jpg", quality=95)
    Image.fromarray(photograph([])).save("none.png")

    return lambda *arguments: emotion_command(monkeypatch, "predict", "--model", "model.onnx", *arguments)


def rows(path: str) -> list[dict[str, str]]:
    with open(path, encoding="utf-8") as file:
        return list(csv.DictReader(file))
