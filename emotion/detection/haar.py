"""Face detection by OpenCV's cascade of boosted features, which OpenCV 5 no longer has."""

import threading

import cv2
import numpy as np

from emotion.core.errors import InputError
from emotion.core.pictures import Detection, gray
from emotion.detection.boxes import merged, shrunk
from emotion.detection.names import MIN_FACE_SIZE

WINDOW = 20  # pixels of a side of the smallest face that the cascade detects
DETAIL = 24  # pixels of a side to which the smallest faces are shrunk; fewer is faster
STEP = 1.1  # from one size of faces to the next
NEIGHBOURS = 2  # raw detections that a face needs; more means fewer false positives
MIN_SCORE = 55.0


class Haar:
    """OpenCV's cascade (Viola and Jones, 2001; Lienhart and Maydt, 2002), which needs no file of its own.

    Args:
        min_face_size: Side in pixels of the smallest face to detect; larger is faster.
        min_score: Minimum score of a face; scores begin at 54. None: 55.

    Raises:
        InputError: This OpenCV has no cascades.
    """

    margin: float | None = 0.02  # FER-2013 was cropped by a cascade, too: its boxes are hardly wider

    def __init__(self, min_face_size: int = MIN_FACE_SIZE, *, min_score: float | None = None) -> None:
        self.min_face_size = min_face_size
        self.min_score = MIN_SCORE if min_score is None else min_score
        if not hasattr(cv2, "CascadeClassifier"):
            raise InputError(
                f"OpenCV {cv2.__version__} has no Haar cascades: choose the detector mtcnn, or "
                "`pip install 'opencv-python-headless<5'`"
            )
        from cv2.data import haarcascades  # not at the top: OpenCV 5 has none

        self._cascade = cv2.CascadeClassifier(f"{haarcascades}haarcascade_frontalface_alt2.xml")
        self._lock = threading.Lock()  # a cascade serves one thread at a time

    def find(self, picture: np.ndarray) -> list[Detection]:
        """Return the faces in a picture, RGB uint8 (height, width, 3), best first."""
        small, scale = shrunk(picture, DETAIL / self.min_face_size)
        min_side = max(WINDOW, round(self.min_face_size * scale))
        with self._lock:
            boxes, _, scores = self._cascade.detectMultiScale3(
                gray(small), STEP, NEIGHBOURS, minSize=(min_side, min_side), outputRejectLevels=True
            )
        detections = [
            Detection(tuple(round(float(end) / scale) for end in box), float(score))  # type: ignore[arg-type]
            for box, score in zip(np.reshape(boxes, (-1, 4)), np.ravel(scores), strict=True)
            if score >= self.min_score
        ]
        return merged(detections)
