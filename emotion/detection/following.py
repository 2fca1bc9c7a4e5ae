"""Faces in the frames of a video: searched for in some, followed in those between."""

from typing import Any

import numpy as np

from emotion.core.pictures import Detection, Detector

DETECTION_INTERVAL = 5  # frames: a new face appears at most 0.2 s late, at 25 frames/s


class Following:
    """A detector for the frames of one video, in their order.

    Args:
        detector: Searches; if it can `follow` as MTCNN can, it does in the other frames, which is several times faster.
    """

    def __init__(self, detector: Detector) -> None:
        self.margin = detector.margin
        self._detector: Any = detector
        self._interval = DETECTION_INTERVAL if hasattr(detector, "follow") else 1
        self._frame = 0
        self._faces: list[Detection] = []

    def find(self, picture: np.ndarray) -> list[Detection]:
        """Return the faces in the next frame, RGB uint8 (height, width, 3), best first."""
        if self._frame % self._interval:
            self._faces = self._detector.follow(picture, self._faces)
        else:
            self._faces = self._detector.find(picture)
        self._frame += 1
        return self._faces
