"""emotion webcam: faces before a camera, labelled as one looks on."""

import argparse
import os
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from emotion.apps.options import classifier_of
from emotion.errors import InputError
from emotion.inference import drawing
from emotion.inference.predictor import EmotionClassifier
from emotion.inference.results import Face, Result
from emotion.inference.tracking import Tracker

WINDOW = "Emotion Detector"
HOLD = 0.3  # seconds for which the box of a face that was missed stays
MEMORY = 0.9  # share of the old value in the mean of frames per second


def main(options: argparse.Namespace) -> None:
    """Show what the source shows until q is pressed, the window is closed or a video ends.

    Raises:
        InputError: There is no such camera or video, or no screen, or this OpenCV opens no windows.
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
    """A camera by its number, a video file at its own pace, or a stream by its address."""

    def __init__(self, name: str) -> None:
        number = name.isdecimal() and not Path(name).exists()
        self._file = not number and "://" not in name
        if self._file and not Path(name).is_file():
            raise InputError(f"{name}: no such video; a camera is named by its number, a stream by its address")
        self._capture = cv2.VideoCapture(int(name) if number else name)
        if not self._capture.isOpened():
            camera = "no camera there: plug one in, or name another one, a video or an RTSP address"
            raise InputError(f"{name}: {camera if number else 'cannot be opened as a video'}")
        self._pause = 1 / (self._capture.get(cv2.CAP_PROP_FPS) or 25) if self._file else 0.0
        self._next = time.monotonic()

    def read(self) -> np.ndarray | None:
        """Wait for the next frame and return it, BGR; None at the end."""
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = max(self._next, time.monotonic() - self._pause) + self._pause
        more, frame = self._capture.read()
        return frame if more else None

    def close(self) -> None:
        """Give the camera back."""
        self._capture.release()


def _open_window() -> None:
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise InputError("there is no screen here (DISPLAY is not set): run it on a desktop")
    try:
        cv2.namedWindow(WINDOW, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
    except cv2.error:
        raise InputError(
            "this OpenCV opens no windows (it is the headless one): `make webcam` installs the other"
        ) from None


def _show(source: _Source, classifier: EmotionClassifier) -> None:
    """Show frames as they come, with the faces found last; reading and classifying have a thread each."""
    faces: tuple[Face, ...] = ()
    tracker, rate, shown = Tracker(hold=HOLD), 0.0, time.monotonic()
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as thinker:
        reading, thinking, first = reader.submit(source.read), None, True
        while True:
            if reading.done() or first:
                frame = reading.result()  # the first frame is waited for: there is nothing else to show
                if frame is None:
                    _require_frames(first)
                    return
                if first:
                    cv2.resizeWindow(WINDOW, frame.shape[1], frame.shape[0])
                reading = reader.submit(source.read)
                if thinking is None or thinking.done():
                    faces = _followed(tracker, thinking) if thinking else faces
                    thinking = thinker.submit(classifier.predict, frame, bgr=True)
                now = time.monotonic()
                rate, shown = MEMORY * rate + (1 - MEMORY) / max(now - shown, 1e-3), now
                picture = _drawn(frame, faces, rate)
                cv2.imshow(WINDOW, picture)
                first = False
            key = cv2.waitKey(5) & 0xFF
            if key == ord("s"):
                print(f"{_save(picture)}: saved")
            if key == ord("q") or cv2.getWindowProperty(WINDOW, cv2.WND_PROP_VISIBLE) < 1:
                return


def _require_frames(first: bool) -> None:
    if first:
        raise InputError("the camera or video gives no pictures: is another program using it?")


def _followed(tracker: Tracker, thinking: Future[Result]) -> tuple[Face, ...]:
    return tracker.update(thinking.result().faces, time.monotonic())


def _drawn(frame: np.ndarray, faces: tuple[Face, ...], rate: float) -> np.ndarray:
    """Return a frame, BGR, with boxes, labels, bars and the rate at which frames are shown."""
    picture = drawing.draw(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), faces, bars=True)
    drawing.caption(picture, f"{rate:.0f} frames/s")
    return cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)


def _save(picture: np.ndarray) -> Path:
    """Write a picture into the current folder under the first name that is free."""
    number = 1
    while (path := Path(f"emotion-{number}.png")).exists():
        number += 1
    cv2.imwrite(str(path), picture)
    return path
