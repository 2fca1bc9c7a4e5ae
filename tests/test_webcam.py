"""emotion webcam, with a video file as the camera and a window that records what it was shown."""

import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from emotion.apps import webcam
from emotion.core.errors import InputError
from emotion.inference.predictor import EmotionClassifier
from tests.pasted import Capture, Run, start
from tests.streaming import streamed
from tests.window import Window, run, window

assert run and window  # fixtures


def test_a_video_is_shown_to_its_end_with_box_label_bars_and_rate(run: Run, window: Window):
    assert run("film.mp4") == 0
    assert 15 <= len(window.pictures) <= 20 and window.pictures[0].shape == (240, 320, 3)
    still = cv2.VideoCapture("film.mp4").read()[1].astype(int)
    changed = np.abs(window.pictures[-1].astype(int) - still).max(axis=2) > 70
    assert changed[60:180, 95:130].any(), "the box's left side"
    assert changed[60:180, 225:].mean() > 0.1 or changed[60:180, :95].mean() > 0.1, "a panel beside the face"
    assert changed[220:, :60].any(), "frames per second, below"
    assert not changed[220:, 200:].any()


def test_q_quits_and_s_saves_what_is_shown(run: Run, window: Window, capsys: Capture):
    window.keys = [(3, "s"), (5, "s"), (6, "q")]
    assert run("film.mp4") == 0
    assert 6 <= len(window.pictures) < 15
    assert sorted(path.name for path in Path(".").glob("emotion-*.png")) == ["emotion-1.png", "emotion-2.png"]
    saved = cv2.imread("emotion-1.png")
    assert any((saved == picture).all() for picture in window.pictures)
    assert "emotion-1.png: saved" in capsys.readouterr().out


def test_closing_the_window_quits(run: Run, window: Window):
    window.closed_after = 4
    assert run("film.mp4") == 0
    assert len(window.pictures) == 4


def test_slow_predictions_do_not_delay_the_picture(run: Run, window: Window, monkeypatch: pytest.MonkeyPatch):
    go, calls = threading.Event(), []

    def stuck(self: EmotionClassifier, frame: np.ndarray, bgr: bool) -> None:
        calls.append(frame)
        go.wait(5)
        raise InputError("too late to be reported")

    monkeypatch.setattr(EmotionClassifier, "predict", stuck)
    window.keys = [(10, "q")]
    wait = window.wait
    monkeypatch.setattr(cv2, "waitKey", lambda ms: (len(window.pictures) >= 10 and go.set(), wait(ms))[1])
    assert run("film.mp4") == 0
    assert len(window.pictures) >= 10 and len(calls) == 1


def test_a_video_is_shown_at_its_own_frame_rate(run: Run, monkeypatch: pytest.MonkeyPatch):
    now = [100.0]

    class Clock:
        monotonic = staticmethod(lambda: now[0])

        @staticmethod
        def sleep(seconds: float) -> None:
            now[0] += seconds

    monkeypatch.setattr(webcam, "time", Clock)
    source = webcam._Source("film.mp4")
    for _ in range(11):
        assert source.read() is not None
    assert now[0] == pytest.approx(100 + 10 / 25)
    now[0] += 3  # the window was busy: one frame is caught up with, no more
    for _ in range(3):
        source.read()
    assert now[0] == pytest.approx(103 + 11 / 25)
    source.close()


def test_an_error_in_the_classifier_is_raised(run: Run, window: Window, monkeypatch: pytest.MonkeyPatch):
    def broken(self: EmotionClassifier, frame: np.ndarray, bgr: bool) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(EmotionClassifier, "predict", broken)
    with pytest.raises(ZeroDivisionError):
        run("film.mp4")


def test_a_stream_that_always_ends_early_is_one_line(
    run: Run, window: Window, tmp_path: Path, monkeypatch, capsys: Capture
):
    monkeypatch.setattr(webcam, "PAUSES", (0, 0, 0))
    with streamed(tmp_path, 1) as stream:
        assert run(stream.address) == 1
    assert len(stream.connections) == 4 and len(window.pictures) == 4
    message = (
        "the stream was interrupted and did not last after 3 attempts to reopen it: check the camera and its network"
    )
    assert capsys.readouterr().err == f"error: {stream.address}: {message}\n"


def test_a_stream_that_was_interrupted_goes_on(run: Run, window: Window, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(webcam, "PAUSES", (0, 0, 0))
    window.keys = [(5, "q")]
    with streamed(tmp_path, 1, 1, 50) as stream:
        assert run(stream.address) == 0
    assert len(window.pictures) == 5 and stream.connections == [1, 1, 50]


def test_attempts_to_reopen_a_stream_begin_anew_once_it_lasts(run: Run, window: Window, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(webcam, "PAUSES", (0,))
    monkeypatch.setattr(webcam, "STEADY", 0)
    window.keys = [(4, "q")]
    with streamed(tmp_path, 1) as stream:
        assert run(stream.address) == 0
    assert len(window.pictures) == 4


def test_q_quits_while_a_stream_is_reopened(run: Run, window: Window, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(webcam, "PAUSES", (600,))
    window.keys = [(1, "q")]
    with streamed(tmp_path, 1) as stream:
        assert run(stream.address) == 0
    assert len(window.pictures) == 1


def test_ctrl_c_ends_it_while_a_stream_is_reopened(run: Run, window: Window, tmp_path: Path, monkeypatch):
    def interrupt(_: int) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(webcam, "PAUSES", (600,))
    monkeypatch.setattr(cv2, "waitKey", interrupt)
    with streamed(tmp_path, 1) as stream:
        assert run(stream.address) == 130
    assert len(window.pictures) == 1


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("97", "no camera found at index 97: connect one, or name another index or a video"),
        ("99999999999", "99999999999: there is no such video; name a camera by its index, a stream by its address"),
        ("nowhere.mp4", "nowhere.mp4: there is no such video; name a camera by its index, a stream by its address"),
        ("text.mp4", "text.mp4: cannot be opened as a video"),
        ("rtsp://127.0.0.1:1/none", "rtsp://127.0.0.1:1/none: cannot be opened as a video"),
    ],
)
def test_a_missing_camera_or_video_is_one_line(run: Run, source: str, message: str):
    Path("text.mp4").write_text("hello")
    assert _alone("--model", "model.onnx", source) == (1, f"error: {message}\n")


def test_a_missing_display_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch):
    """Nothing of OpenCV is replaced: the headless one cannot even close windows."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    message = "error: there is no display (DISPLAY is not set): run it on a desktop\n"
    assert _alone("--model", "model.onnx", "film.mp4") == (1, message)


def test_a_headless_opencv_is_one_line(run: Run, window: Window, monkeypatch: pytest.MonkeyPatch, capsys: Capture):
    def headless(*_: object) -> None:
        raise cv2.error("The function is not implemented")

    monkeypatch.setattr(cv2, "namedWindow", headless)
    assert run("film.mp4") == 1
    assert "`make webcam` installs the other" in capsys.readouterr().err


def test_a_missing_system_library_is_named(tmp_path: Path):
    (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    remedy = "on Debian or Ubuntu run `sudo apt-get install libgl1 libglib2.0-0`"
    expected = f"error: OpenCV cannot be loaded (libGL.so.1: cannot open shared object file): {remedy}\n"
    assert _alone(path=tmp_path) == (1, expected)


def _alone(*arguments: str, path: object = ".") -> tuple[int, str]:
    """Return exit code and stderr of the command as a process of its own."""
    process = start("webcam", *arguments, path=path)
    _, errors = process.communicate()
    return process.returncode, errors
