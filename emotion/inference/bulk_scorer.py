"""Rows with pictures become rows with answers, or with the reason why there is none."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from emotion.errors import InputError
from emotion.faces import SIDE, Found, crop
from emotion.inference import reading
from emotion.inference.model import open_model
from emotion.inference.predictor import detector

BATCH = 64  # faces that the network is given at once: more are no faster
Place = tuple[str, int, str | None]  # file, row, and the name that the row gives itself


@dataclass(frozen=True)
class Job:
    """What every worker has to know.

    Attributes:
        output: The folder of the results.
        column: Which holds pictures, or their paths.
        raw: Whether values are gray pixels.
        folder: To which listed paths are relative; None if rows hold the pictures themselves.
        model: File of the network.
        detector: Finds faces, see `emotion.inference.predictor.detector`.
        smallest: Side in pixels of the smallest face.
        upright: Turn faces until their eyes are level.
    """

    output: str
    column: str
    raw: bool
    folder: str | None
    model: str
    detector: str
    smallest: int
    upright: bool


class Scorer:
    """Scores pictures on one thread, so that answers have the same bytes whatever the number of workers is."""

    def __init__(self, job: Job) -> None:
        cv2.setNumThreads(1)
        self._job, self._model = job, open_model(job.model, threads=1)
        self._detector = detector(job.detector, job.smallest)
        self.labels = self._model.labels

    def faces(self, value: bytes | None) -> list[tuple[Found, np.ndarray]]:
        """Return the faces of a picture, from left to right, and what the network sees of each.

        Raises:
            InputError: It cannot be read, or has no face; the message is the reason alone.
        """
        if not value:
            raise InputError("empty")
        if self._job.raw and len(value) != SIDE * SIDE:
            raise InputError(f"{len(value):,} bytes instead of {SIDE * SIDE:,} gray pixels ({SIDE} x {SIDE})")
        if self._job.raw and self._job.detector == "whole":
            return [(Found((0, 0, SIDE, SIDE), 1.0), np.frombuffer(value, np.uint8).reshape(SIDE, SIDE))]
        picture = self._picture(value)
        found = sorted(self._detector.find(picture), key=lambda face: face.box)
        if not found:
            raise InputError("no face found")
        return [(face, crop(picture, face, self._detector.margin, self._job.upright)) for face in found]

    def _picture(self, value: bytes) -> np.ndarray:
        if self._job.raw:
            return reading.read(np.frombuffer(value, np.uint8).reshape(SIDE, SIDE))
        path = Path(self._job.folder, os.fsdecode(value)) if self._job.folder else None
        try:
            return reading.read(path or value)
        except InputError as error:
            raise InputError(str(error).removeprefix(f"{path or 'the picture'}: ")) from None

    def answers(self, faces: list[np.ndarray]) -> np.ndarray:
        """Return the probabilities of each face, float32 (n, labels)."""
        return self._model.probabilities(np.stack(faces))


class Part:
    """The results of one part's rows, in their order.

    Attributes:
        scored: Of each face its picture's place, its number there, its box and the detector's score.
        answers: The probabilities of these faces, some at a time.
        set_aside: Of each picture without answer its place and the reason.
    """

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self.scored: list[tuple[Any, ...]] = []
        self.answers: list[np.ndarray] = []
        self.set_aside: list[tuple[Any, ...]] = []
        self._waiting: list[np.ndarray] = []

    def add(self, place: Place, value: bytes | None) -> None:
        """Take a picture."""
        try:
            faces = self._scorer.faces(value)
        except InputError as error:
            self.set_aside.append((*place, str(error)))
            return
        for number, (found, seen) in enumerate(faces, start=1):
            self.scored.append((*place, number, *found.box, found.score))
            self._waiting.append(seen)
            if len(self._waiting) == BATCH:
                self.flush()

    def flush(self) -> None:
        """Let the network see what waits."""
        if self._waiting:
            self.answers.append(self._scorer.answers(self._waiting))
            self._waiting = []
