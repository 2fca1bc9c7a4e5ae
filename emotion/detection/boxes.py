"""What detectors share: pictures of a size that they can search, and bounding boxes that overlap."""

from collections.abc import Iterable

import cv2
import numpy as np

from emotion.core.pictures import Box, Detection

MAX_SIDE = 1280  # pixels; larger pictures are shrunk before they are searched
MAX_OVERLAP = 0.4  # share of the smaller of two boxes; boxes that overlap more are of one face


def shrunk(picture: np.ndarray, scale: float) -> tuple[np.ndarray, float]:
    """Return a picture at that scale or smaller, its longer side at most MAX_SIDE, and its scale, at most 1."""
    height, width = picture.shape[:2]
    scale = min(1.0, scale, MAX_SIDE / max(height, width))
    if scale == 1:
        return picture, scale
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA), scale


def merged(detections: Iterable[Detection]) -> list[Detection]:
    """Return the detections, best first, without those that overlap a better one (non-maximum suppression)."""
    kept: list[Detection] = []
    for face in sorted(detections, key=lambda face: (-face.score, face.box)):
        if all(_overlap(face.box, other.box) <= MAX_OVERLAP for other in kept):
            kept.append(face)
    return kept


def suppressed(boxes: np.ndarray, scores: np.ndarray, max_iou: float) -> np.ndarray:
    """Return the places of the boxes, best first, that overlap no better one more than allowed.

    Args:
        boxes: Left, top, right, bottom, float32 (n, 4).
        scores: Above 0, (n,).
        max_iou: Intersection over union of two boxes that both stay.
    """
    sized = np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]]).astype(np.float64)
    return np.asarray(cv2.dnn.NMSBoxes(sized.tolist(), scores.tolist(), 0.0, max_iou), int).ravel()


def intersection(one: Box, other: Box) -> int:
    """Return how many pixels two boxes have in common."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(0, across) * max(0, down)


def _overlap(one: Box, other: Box) -> float:
    """Return which share of the smaller of two boxes lies in the other."""
    return intersection(one, other) / max(1, min(one[2] * one[3], other[2] * other[3]))
