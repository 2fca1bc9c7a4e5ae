"""Threads that look for faces, so that whoever else asks is not kept waiting by decoding and computing.

Each request is computed by itself: joining those of several clients in one batch would gain nothing for the network
that is shipped, little for others (docs/deploy.md has the measurement), and let all wait for the slowest picture.
"""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from emotion.apps.api_problems import Problem
from emotion.apps.api_settings import Settings
from emotion.errors import InputError
from emotion.faces import Found
from emotion.inference import reading
from emotion.inference.model import Model
from emotion.inference.predictor import EmotionClassifier, detector

SCANS = 100  # of a JPEG file; real ones have 14 at most, and each costs as much time as the whole picture

Given = tuple[str | None, bytes]  # a picture's name and file
T = TypeVar("T")


class Workers:
    """A bounded queue and the threads that serve it; `waiting` says how many requests it holds."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self.waiting = settings, 0
        self._threads = ThreadPoolExecutor(settings.threads or _cores(), "predict")

    @property
    def full(self) -> bool:
        """Whether the next request would be turned away."""
        return self.waiting >= self._settings.max_queue

    async def run(self, work: Callable[[float], T], receive: Receive) -> T:
        """Return what a function returns that is called in a thread, with the moment at which nobody wants it any more.

        Args:
            work: What to call.
            receive: Tells when the client goes away; then what has not begun never does.

        Raises:
            Problem: The queue is full, or it took too long.
            ClientDisconnect: The client went away.
        """
        if self.full:
            raise Problem(503, "Too many requests wait already: try again.", retry_after=1)
        seconds = self._settings.predict_seconds
        loop = asyncio.get_running_loop()
        submitted = self._threads.submit(work, time.monotonic() + seconds)
        self.waiting += 1
        submitted.add_done_callback(lambda _: loop.call_soon_threadsafe(self._leave))
        answer: asyncio.Future[Any] = asyncio.wrap_future(submitted)
        gone: asyncio.Future[Any] = asyncio.ensure_future(receive())
        try:
            await asyncio.wait([answer, gone], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result()
            if gone.done():
                raise ClientDisconnect
            raise Problem(503, f"The answer took longer than {seconds:g} seconds: try again.", retry_after=2)
        finally:
            gone.cancel()
            answer.cancel()

    def _leave(self) -> None:
        self.waiting -= 1

    def close(self) -> None:
        """Wait for what is being computed."""
        self._threads.shutdown(cancel_futures=True)


class Predictor:
    """What is asked of pictures: their faces, or what each shows that is a face, cut out.

    Args:
        model: Serves all threads.
        settings: What to look for, and limits.

    Raises:
        InputError: There is no such detector.
    """

    def __init__(self, model: Model, settings: Settings) -> None:
        self._settings = settings
        self._finding = EmotionClassifier(model, faces=_Detectors(settings), upright=settings.upright)
        self._whole = EmotionClassifier(model, faces="whole")

    def __call__(self, given: Sequence[Given], detect: bool, until: float) -> list[dict[str, Any]]:
        """Return what is known of each picture, ready for JSON.

        Raises:
            Problem: One of them is no picture, or too large, or it is too late.
        """
        results = []
        for number, (name, content) in enumerate(given, 1):
            if time.monotonic() > until:
                raise Problem(503, "The answer took too long: try again.", retry_after=2)
            try:
                faces = (self._finding if detect else self._whole).predict(self._read(content))
            except InputError as error:
                which = f"picture {number}" if name is None else f"picture {number} ({name})"
                raise Problem(422, str(error).replace("the picture", which, 1)) from None
            results.append({"name": name, **faces.to_dict()})
        return results

    def _read(self, content: bytes) -> np.ndarray:
        if content.startswith(b"\xff\xd8") and content.count(b"\xff\xda") > SCANS:
            raise InputError(f"the picture: a JPEG of more than {SCANS} scans: save it anew")
        return reading.read(content, most=self._settings.max_pixels)


class _Detectors:
    """A detector for each thread: one serves one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._own = settings, threading.local()
        self._own.detector = first = detector(settings.detector, settings.smallest)
        self.margin = first.margin

    def find(self, picture: np.ndarray) -> list[Found]:
        """Return the faces of a picture, if they are not too many."""
        if not hasattr(self._own, "detector"):
            self._own.detector = detector(self._settings.detector, self._settings.smallest)
        found: list[Found] = self._own.detector.find(picture)
        if len(found) > self._settings.max_faces:
            raise InputError(f"the picture: has {len(found)} faces: {self._settings.max_faces} are the most")
        return found


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
