"""The face crop, and everything else that turns pictures into arrays: the same for training data and for apps."""

import math
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from PIL import Image

SIDE = 48  # pixels of a side of what networks see
MIN_SLOPE = 15.0  # degrees of the eyes; turning less costs accuracy, turning more wins up to 12 points (docs/faces.md)

Point = tuple[float, float]
Box = tuple[int, int, int, int]  # left, top, width, height in pixels


@dataclass(frozen=True)
class Detection:
    """A face that a detector found in a picture.

    Attributes:
        box: Bounding box: left, top, width and height in pixels; may reach beyond the picture.
        score: Confidence of the detector: 0 to 1 for networks, without a fixed scale for the cascade.
        landmarks: Eyes, tip of the nose and corners of the mouth, left ones as the picture shows them first; empty if
            the detector does not locate them.
    """

    box: Box
    score: float
    landmarks: tuple[Point, ...] = ()


class Detector(Protocol):
    """Finds faces; `margin` is what `crop` needs to cut them out as those of FER-2013 are."""

    margin: float | None

    def find(self, picture: np.ndarray) -> list[Detection]:
        """Return the faces of a picture, RGB uint8 (height, width, 3)."""


def crop(picture: np.ndarray, face: Detection, margin: float | None, upright: bool = True) -> np.ndarray:
    """Return a face as networks see it: gray values, uint8 (48, 48).

    Args:
        picture: RGB uint8 (height, width, 3) or gray (height, width). Its edge pixels are repeated beyond the edge.
        face: The face.
        margin: The square around the box grows by this share of its side, to each side; negative: it shrinks. None
            takes the box itself, and squeezes it if it is no square.
        upright: Turn a face whose eyes are known and slope by MIN_SLOPE or more until they are level.
    """
    left, top, width, height = face.box
    if margin is None:
        return squeezed(gray(picture[max(0, top) : top + height, max(0, left) : left + width]))
    side = max(1, round(max(width, height) * (1 + 2 * margin)))
    # Whole pixels: a face that is not turned keeps its values.
    across = round(left + (width - side) / 2)
    down = round(top + (height - side) / 2)
    middle = (side - 1) / 2
    turn = cv2.getRotationMatrix2D((across + middle, down + middle), _slope(face) if upright else 0, 1)
    turn[:, 2] -= across, down
    return squeezed(gray(cv2.warpAffine(picture, turn, (side, side), borderMode=cv2.BORDER_REPLICATE)))


def gray(picture: np.ndarray) -> np.ndarray:
    """Return the gray values of an RGB picture; a gray one stays."""
    return picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)


def squeezed(face: np.ndarray) -> np.ndarray:
    """Return gray values uint8 (48, 48): each pixel the mean of those that fall into it, or interpolated."""
    image = Image.fromarray(face)
    sides = face.shape[::-1]
    across, down = (Image.Resampling.BOX if side >= SIDE else Image.Resampling.BICUBIC for side in sides)
    return np.asarray(image.resize((SIDE, image.height), across).resize((SIDE, SIDE), down))


def stored_png(gray: np.ndarray) -> bytes:
    """Return gray values as an uncompressed PNG file: compressors differ between machines, and noise hardly shrinks."""
    return cv2.imencode(".png", gray, [cv2.IMWRITE_PNG_COMPRESSION, 0])[1].tobytes()


def _slope(face: Detection) -> float:
    """Return by how many degrees the line through the eyes falls to the right, 0 if it hardly does."""
    (left, top), (right, bottom) = face.landmarks[:2] or ((0, 0), (1, 0))
    slope = math.degrees(math.atan2(bottom - top, right - left))
    return slope if abs(slope) >= MIN_SLOPE else 0.0
