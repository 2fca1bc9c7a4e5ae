"""emotion webcam: label the faces in front of a camera, live."""

import argparse
import os
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event

import cv2
import numpy as np

from emotion.apps.options import classifier_of
from emotion.core.errors import InputError
from emotion.inference import drawing
from emotion.inference.face import Face
from emotion.inference.predictor import EmotionClassifier, Result
from emotion.inference.tracking import Tracker
from emotion.inference.video import Video, camera_index

WINDOW = "Emotion Detector"
HOLD = 0.3  # seconds for which the box of a face that the detector missed stays
PAUSES = (1.0, 2.0, 4.0)  # seconds before each attempt to open a stream again
STEADY = 10.0  # seconds without an interruption after which the attempts begin anew
MOMENTUM = 0.9  # weight of the old value in the moving average of frames per second


def main(options: argparse.Namespace) -> None:
    """Show the source until q is pressed, the window is closed or a video ends.

    Raises:
        InputError: There is no such camera or video, or no display, or this OpenCV cannot open windows.
    """
    classifier = classifier_of(options)
    source = _Source(options.source)
    try:
        _open_window()
        print("q quits, s saves a picture")
        _show(source, classifier)
        cv2.destroyAllWindows()
    finally:
        source.close()


class _Source:
    """A camera by its index, a video file at its own frame rate, or a stream by its address."""

    def __init__(self, name: str) -> None:
        index = None if Path(name).exists() else camera_index(name)
        camera = index is not None
        file = not camera and "://" not in name
        if file and not Path(name).is_file():
            raise InputError(f"{name}: there is no such video; name a camera by its index, a stream by its address")
        self._name = name
        self._video = Video(name if index is None else index)
        if not self._video.opened:
            if camera:
                raise InputError(f"no camera found at index {name}: connect one, or name another index or a video")
            raise InputError(f"{name}: cannot be opened as a video")
        self._endless = not (camera or file or self._video.length)
        self._attempts = 0
        self._pause = 1 / self._video.rate if file else 0.0
        self._opened = self._next = time.monotonic()
        self.ended = Event()

    def read(self) -> np.ndarray | None:
        """Wait for the next frame and return it, BGR; None at the end.

        Raises:
            InputError: A stream was interrupted, and cannot be opened again.
        """
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = max(self._next, time.monotonic() - self._pause) + self._pause
        frame = self._video.read()
        return self._reconnected() if frame is None and self._endless else frame

    def _reconnected(self) -> np.ndarray | None:
        if time.monotonic() - self._opened > STEADY:
            self._attempts = 0
        while self._attempts < len(PAUSES):
            self._video.close()
            if self.ended.wait(PAUSES[self._attempts]):
                return None
            self._attempts += 1
            self._video = Video(self._name)
            self._opened = time.monotonic()
            if (frame := self._video.read()) is not None:
                return frame
        raise InputError(
            f"{self._name}: the stream was interrupted and did not last after {len(PAUSES)} attempts to reopen it: "
            "check the camera and its network"
        )

    def close(self) -> None:
        """Release the camera."""
        self._video.close()


def _open_window() -> None:
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise InputError("there is no display (DISPLAY is not set): run it on a desktop")
    try:
        cv2.namedWindow(WINDOW, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
    except cv2.error:
        raise InputError("this OpenCV is headless and cannot open windows: `make webcam` installs the other") from None


def _show(source: _Source, classifier: EmotionClassifier) -> None:
    """Show frames as they come, with the latest faces; reading and classifying have a thread each."""
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as worker:
        try:
            overlay = _Overlay(classifier, worker)
            frame = reader.submit(source.read).result()
            if frame is None:
                raise InputError("the camera or video returns no frames: is another program using it?")
            cv2.resizeWindow(WINDOW, frame.shape[1], frame.shape[0])
            while frame is not None:
                reading = reader.submit(source.read)
                picture = overlay.drawn(frame)
                cv2.imshow(WINDOW, picture)
                if _quits(picture, reading):
                    return
                frame = reading.result()
        finally:
            source.ended.set()  # the reader may be waiting for a stream


def _quits(picture: np.ndarray, reading: Future[np.ndarray | None]) -> bool:
    """Handle keys until the next frame has been read; return whether the user quits before."""
    while True:
        key = cv2.waitKey(5) & 0xFF
        if key == ord("s"):
            print(_save(picture))
        if key == ord("q") or cv2.getWindowProperty(WINDOW, cv2.WND_PROP_VISIBLE) < 1:
            return True
        if reading.done():
            return False


class _Overlay:
    """Draws the latest predictions on frames; frames that come while the worker is busy are not classified."""

    def __init__(self, classifier: EmotionClassifier, worker: ThreadPoolExecutor) -> None:
        self._classifier = classifier.following()
        self._worker = worker
        self._tracker = Tracker(hold=HOLD)
        self._prediction: Future[Result] | None = None
        self._faces: tuple[Face, ...] = ()
        self._rate = 0.0
        self._time = time.monotonic()

    def drawn(self, frame: np.ndarray) -> np.ndarray:
        """Return a frame, BGR, with boxes, labels, bars and the rate at which frames are shown."""
        if self._prediction is None or self._prediction.done():
            if self._prediction:
                self._faces = self._tracker.update(self._prediction.result().faces, time.monotonic())
            self._prediction = self._worker.submit(self._classifier.predict, frame, bgr=True)
        now = time.monotonic()
        self._rate = MOMENTUM * self._rate + (1 - MOMENTUM) / max(now - self._time, 1e-3)
        self._time = now
        picture = drawing.draw(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), self._faces, bars=True)
        drawing.caption(picture, f"{self._rate:.0f} frames/s")
        return cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)


def _save(picture: np.ndarray) -> str:
    """Write a picture into the current folder under the first free name, and return what came of it."""
    number = 1
    while (path := Path(f"emotion-{number}.png")).exists():
        number += 1
    if not cv2.imwrite(str(path), picture):
        return f"{path.absolute()}: cannot be written: start in another folder"
    return f"{path}: saved"
