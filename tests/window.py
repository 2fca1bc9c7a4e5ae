"""A window that records what it was shown and presses keys, and `emotion webcam` with a video file as the camera."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.pasted import Run, brightness_model, emotion_command, video


class Window:
    """Shows nothing, keeps the pictures, and presses keys: a list of (after so many pictures, key)."""

    def __init__(self) -> None:
        self.pictures: list[np.ndarray] = []
        self.keys: list[tuple[int, str]] = []
        self.closed_after = 10**6

    def show(self, name: str, picture: np.ndarray) -> None:
        assert name == "Emotion Detector"
        self.pictures.append(picture)

    def wait(self, milliseconds: int) -> int:
        time.sleep(milliseconds / 1000)
        if self.keys and len(self.pictures) >= self.keys[0][0]:
            return ord(self.keys.pop(0)[1])
        return -1


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> Window:
    window = Window()
    monkeypatch.setenv("DISPLAY", ":0")
    for name in ("namedWindow", "resizeWindow", "destroyAllWindows"):
        monkeypatch.setattr(cv2, name, lambda *_: None)
    monkeypatch.setattr(cv2, "imshow", window.show)
    monkeypatch.setattr(cv2, "waitKey", window.wait)
    monkeypatch.setattr(cv2, "getWindowProperty", lambda *_: float(len(window.pictures) < window.closed_after))
    return window


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.chdir(tmp_path)
    brightness_model(Path("model.onnx"))
    video("film.mp4", 20, rate=25)
    before = threading.active_count()
    yield lambda *arguments: emotion_command(monkeypatch, "webcam", "--model", "model.onnx", *arguments)
    assert threading.active_count() == before, "threads end with the window"
