"""Turn rows with pictures into rows with predictions, or into the reason why there is none."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from emotion.core.errors import InputError
from emotion.core.pictures import SIDE, Detection, crop
from emotion.detection.detectors import open_detector
from emotion.inference import reading
from emotion.inference.model import open_model

BATCH_SIZE = 64  # faces; larger batches are no faster
Place = tuple[str, int, str | None]  # file, row, and the row's own name


@dataclass(frozen=True)
class Job:
    """What every worker has to know.

    Attributes:
        output: The folder of the results.
        column: Which holds pictures, or their paths.
        raw: Whether values are gray pixels.
        folder: To which listed paths are relative; None if rows hold the pictures themselves.
        model: File of the network.
        detector: Detects faces, see `emotion.detection.detectors`.
        min_face_size: Side in pixels of the smallest face to detect.
        min_detection_score: Minimum score of a face; None takes the detector's default.
        upright: Turn a face whose eyes slope by 15 degrees or more until they are level.
    """

    output: str
    column: str
    raw: bool
    folder: str | None
    model: str
    detector: str
    min_face_size: int
    min_detection_score: float | None
    upright: bool


class Scorer:
    """Finds faces and holds their network, on one thread: outputs have the same bytes for any number of workers."""

    def __init__(self, job: Job) -> None:
        cv2.setNumThreads(1)
        self._job = job
        self._detector = open_detector(job.detector, job.min_face_size, job.min_detection_score, threads=1)
        self.model = open_model(job.model, threads=1)

    def faces(self, value: bytes | None) -> list[tuple[Detection, np.ndarray]]:
        """Return the faces of a picture, from left to right, each with its crop.

        Raises:
            InputError: It cannot be read, or has no face; the message is the reason alone.
        """
        if not value:
            raise InputError("empty")
        if self._job.raw and len(value) != SIDE * SIDE:
            raise InputError(f"{len(value):,} bytes instead of {SIDE * SIDE:,} gray pixels ({SIDE} x {SIDE})")
        if self._job.raw and self._job.detector == "whole":
            return [(Detection((0, 0, SIDE, SIDE), 1.0), np.frombuffer(value, np.uint8).reshape(SIDE, SIDE))]
        picture = self._picture(value)
        detections = sorted(self._detector.find(picture), key=lambda face: face.box)
        if not detections:
            raise InputError("no face found")
        return [(face, crop(picture, face, self._detector.margin, self._job.upright)) for face in detections]

    def _picture(self, value: bytes) -> np.ndarray:
        if self._job.raw:
            return reading.read(np.frombuffer(value, np.uint8).reshape(SIDE, SIDE))
        path = Path(self._job.folder, os.fsdecode(value)) if self._job.folder else None
        try:
            return reading.read(path or value)
        except InputError as error:
            raise InputError(str(error).removeprefix(f"{path or 'the picture'}: ")) from None


class Part:
    """The results of one part's rows, in their order.

    Attributes:
        scored: Each face's place, number in its picture, bounding box and detector score.
        probabilities: Of these faces, in batches.
        set_aside: Each picture without a prediction: its place and the reason.
    """

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self.scored: list[tuple[Any, ...]] = []
        self.probabilities: list[np.ndarray] = []
        self.set_aside: list[tuple[Any, ...]] = []
        self._waiting: list[np.ndarray] = []

    def add(self, place: Place, value: bytes | None) -> None:
        """Add a picture."""
        try:
            faces = self._scorer.faces(value)
        except InputError as error:
            self.set_aside.append((*place, str(error)))
            return
        for number, (detection, face_crop) in enumerate(faces, start=1):
            self.scored.append((*place, number, *detection.box, detection.score))
            self._waiting.append(face_crop)
            if len(self._waiting) == BATCH_SIZE:
                self.flush()

    def flush(self) -> None:
        """Predict the faces that are waiting."""
        if self._waiting:
            self.probabilities.append(self._scorer.model.probabilities(np.stack(self._waiting)))
            self._waiting = []
