"""Face detection by OpenCV's cascade of boosted features, and the stand-in for pictures that are one face."""

import threading

import cv2
import numpy as np
from cv2.data import haarcascades

from emotion.core.pictures import Detection, gray
from emotion.detection.boxes import merged, shrunk

WINDOW = 20  # pixels of a side of the smallest face that a cascade detects; 24 for `default`


class Whole:
    """Takes each picture for a face crop, as those of FER-2013 are."""

    margin: float | None = None  # see emotion.core.pictures.crop

    def find(self, picture: np.ndarray) -> list[Detection]:
        """Return the whole picture."""
        height, width = picture.shape[:2]
        return [Detection((0, 0, width, height), 1.0)]


class Haar:
    """OpenCV's cascade (Viola and Jones, 2001; Lienhart and Maydt, 2002), which needs no file of its own.

    Args:
        smallest: Side in pixels of the smallest face to detect; larger is faster.
        neighbours: Raw detections that a face needs; more means fewer false positives.
        step: Factor from one size of faces to the next.
        least_score: Minimum score of a face; scores of alt2 begin at 54.
        cascade: One of OpenCV's for frontal faces: alt2, alt, alt_tree or default.
        detail: Side in pixels to which the smallest faces are shrunk, 20 or more; fewer is faster.
    """

    margin: float | None = 0.02  # FER-2013 was cropped by a cascade, too: its boxes are hardly wider

    def __init__(
        self,
        smallest: int = 40,
        *,
        neighbours: int = 2,
        step: float = 1.1,
        least_score: float = 55.0,
        cascade: str = "alt2",
        detail: int = 24,
    ) -> None:
        self.smallest = smallest
        self.neighbours = neighbours
        self.step = step
        self.least_score = least_score
        self.cascade = cascade
        self.detail = detail
        self._cascade = cv2.CascadeClassifier(f"{haarcascades}haarcascade_frontalface_{cascade}.xml")
        self._lock = threading.Lock()  # a cascade serves one thread at a time

    def find(self, picture: np.ndarray) -> list[Detection]:
        """Return the faces in a picture, RGB uint8 (height, width, 3), best first."""
        small, scale = shrunk(picture, self.detail / self.smallest)
        min_side = max(WINDOW, round(self.smallest * scale))
        with self._lock:
            boxes, _, scores = self._cascade.detectMultiScale3(
                gray(small), self.step, self.neighbours, minSize=(min_side, min_side), outputRejectLevels=True
            )
        detections = [
            Detection(tuple(round(float(end) / scale) for end in box), float(score))  # type: ignore[arg-type]
            for box, score in zip(np.reshape(boxes, (-1, 4)), np.ravel(scores), strict=True)
            if score >= self.least_score
        ]
        return merged(detections)
