"""Threads that predict, so that decoding and computing block no other request.

Each request is computed by itself: batching those of several clients would gain nothing for the shipped network and
little for others (docs/deploy.md has the measurement), and all would wait for the slowest picture.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from emotion.apps.api.problems import Problem
from emotion.apps.api.settings import Settings
from emotion.apps.options import cores
from emotion.core.errors import InputError
from emotion.core.pictures import Detection, Detector
from emotion.detection.detectors import open_detector
from emotion.inference import reading
from emotion.inference.model import Model
from emotion.inference.predictor import EmotionClassifier

MAX_SCANS = 100  # of a JPEG file; real ones have at most 14, and each takes as long as decoding the whole picture

Upload = tuple[str | None, bytes]  # name and content of a picture's file
T = TypeVar("T")


class Workers:
    """A bounded queue and the threads that serve it; `waiting` is the number of requests that it holds."""

    def __init__(self, settings: Settings, report: Callable[[float], None]) -> None:
        self._settings = settings
        self._report = report
        self.waiting = 0
        self._threads = ThreadPoolExecutor(settings.threads or cores(), "predict")

    @property
    def full(self) -> bool:
        """Whether the next request would be refused."""
        return self.waiting >= self._settings.max_queue

    async def run(self, work: Callable[[float], T], receive: Receive) -> T:
        """Return the result of a function that is called in a thread with its deadline, by `time.monotonic()`.

        Args:
            work: The function.
            receive: Reports when the client disconnects; work that has not begun is then dropped.

        Raises:
            Problem: The queue is full, or it took too long.
            ClientDisconnect: The client disconnected.
        """
        if self.full:
            raise Problem(503, "Too many requests are waiting: try again.", retry_after=1)
        seconds = self._settings.predict_seconds
        loop = asyncio.get_running_loop()
        submitted = self._threads.submit(work, time.monotonic() + seconds)
        self._count(1)
        submitted.add_done_callback(lambda _: loop.call_soon_threadsafe(self._count, -1))
        result: asyncio.Future[Any] = asyncio.wrap_future(submitted)
        gone: asyncio.Future[Any] = asyncio.ensure_future(receive())
        try:
            await asyncio.wait([result, gone], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if result.done():
                return result.result()
            if gone.done():
                raise ClientDisconnect
            raise Problem(503, f"The prediction took longer than {seconds:g} seconds: try again.", retry_after=2)
        finally:
            gone.cancel()
            result.cancel()

    def _count(self, change: int) -> None:
        self.waiting += change
        self._report(self.waiting)

    def close(self) -> None:
        """Wait for running predictions."""
        self._threads.shutdown(cancel_futures=True)


class Predictor:
    """Predicts uploaded pictures: the faces in them, or each as one face crop.

    Args:
        model: Serves all threads.
        settings: Detector and limits.

    Raises:
        InputError: There is no such detector.
    """

    def __init__(self, model: Model, settings: Settings) -> None:
        self._settings = settings
        self._detecting = EmotionClassifier(model, detector=_Detectors(settings), upright=settings.upright)
        self._whole = EmotionClassifier(model, detector="whole")

    def __call__(self, uploads: Sequence[Upload], detect: bool, deadline: float) -> list[dict[str, Any]]:
        """Return the result of each picture, ready for JSON.

        Raises:
            Problem: One of them is not a picture or too large, or the deadline has passed.
        """
        classifier = self._detecting if detect else self._whole
        results = []
        for number, (name, content) in enumerate(uploads, 1):
            if time.monotonic() > deadline:
                raise Problem(503, "The prediction took too long: try again.", retry_after=2)
            try:
                result = classifier.predict(self._read(content))
            except InputError as error:
                which = f"picture {number}" if name is None else f"picture {number} ({name})"
                raise Problem(422, str(error).replace("the picture", which, 1)) from None
            results.append({"name": name, **result.to_dict()})
        return results

    def _read(self, content: bytes) -> np.ndarray:
        if content.startswith(b"\xff\xd8") and content.count(b"\xff\xda") > MAX_SCANS:
            raise InputError(f"the picture: a JPEG of more than {MAX_SCANS} scans: save it again")
        return reading.read(content, max_pixels=self._settings.max_pixels)


class _Detectors(threading.local):
    """A detector for each thread, which calls `__init__` when it first uses this: one serves one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        self._max_faces = settings.max_faces
        # One core each: there are as many threads as cores.
        self._detector: Detector = open_detector(
            settings.detector, settings.min_face_size, settings.min_detection_score, threads=1
        )
        self.margin = self._detector.margin

    def find(self, picture: np.ndarray) -> list[Detection]:
        """Return the faces of a picture, RGB uint8 (height, width, 3), if they are not too many."""
        detections = self._detector.find(picture)
        if len(detections) > self._max_faces:
            raise InputError(f"the picture: has {len(detections)} faces: at most {self._max_faces} are allowed")
        return detections
