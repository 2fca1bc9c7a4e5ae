"""Where the faces of a picture are, and what of it a network sees: the same for training data and for apps."""

import math
import threading
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from cv2.data import haarcascades
from PIL import Image, ImageOps

SIDE = 48  # of what networks see
WINDOW = 20  # side of the smallest face that the cascades know; 24 of `default`
LARGEST = 1280  # longer sides are shrunk before faces are looked for
OVERLAP = 0.4  # two boxes that share more of the smaller one are one face

Point = tuple[float, float]
Box = tuple[int, int, int, int]  # left, top, width, height in pixels


@dataclass(frozen=True)
class Found:
    """A face in a picture.

    Attributes:
        box: Left, top, width and height in pixels; may reach beyond the picture.
        score: How sure the detector is; 0 to 1 of YuNet, without a fixed scale of the cascade.
        eyes: The left and the right one as the picture shows them, if the detector knows.
    """

    box: Box
    score: float
    eyes: tuple[Point, Point] | None = None


class Whole:
    """Takes each picture for a face that is cut out already, as those of FER-2013 are."""

    margin: float | None = None  # see crop

    def find(self, picture: np.ndarray) -> list[Found]:
        """Return the whole picture."""
        height, width = picture.shape[:2]
        return [Found((0, 0, width, height), 1.0)]


class Haar:
    """OpenCV's cascade (Viola and Jones, 2001; Lienhart and Maydt, 2002), which needs no file of its own.

    Args:
        smallest: Side in pixels of the smallest face that is looked for; larger is faster.
        neighbours: How many detections of a face must agree; more means fewer false ones.
        step: From one size that is looked for to the next.
        least_score: Of what counts as a face; those of alt2 begin at 54.
        cascade: Which of OpenCV's for faces from the front: alt2, alt, alt_tree or default.
        detail: Side in pixels to which the smallest faces are shrunk, 20 or more; fewer is faster.
    """

    margin: float | None = 0.02  # FER-2013 was cut out by a cascade, too: its boxes are hardly wider

    def __init__(
        self,
        smallest: int = 40,
        neighbours: int = 2,
        step: float = 1.1,
        least_score: float = 55.0,
        cascade: str = "alt2",
        detail: int = 24,
    ) -> None:
        self.smallest, self.neighbours, self.step, self.least_score = smallest, neighbours, step, least_score
        self.cascade, self.detail = cascade, detail
        self._cascade = cv2.CascadeClassifier(f"{haarcascades}haarcascade_frontalface_{cascade}.xml")
        self._lock = threading.Lock()  # a cascade serves one thread at a time

    def find(self, picture: np.ndarray) -> list[Found]:
        """Return the faces of a picture, RGB uint8 (height, width, 3), best first."""
        small, scale = shrunk(picture, self.detail / self.smallest)
        least = max(WINDOW, round(self.smallest * scale))
        with self._lock:
            boxes, _, scores = self._cascade.detectMultiScale3(
                gray(small), self.step, self.neighbours, minSize=(least, least), outputRejectLevels=True
            )
        found = [
            Found(tuple(round(float(end) / scale) for end in box), float(score))  # type: ignore[arg-type]
            for box, score in zip(np.reshape(boxes, (-1, 4)), np.ravel(scores), strict=True)
            if score >= self.least_score
        ]
        return merged(found)


def shrunk(picture: np.ndarray, scale: float) -> tuple[np.ndarray, float]:
    """Return a picture at that scale or smaller, its longer side at most LARGEST, and its scale, at most 1."""
    height, width = picture.shape[:2]
    scale = min(1.0, scale, LARGEST / max(height, width))
    if scale == 1:
        return picture, scale
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA), scale


def merged(found: Iterable[Found]) -> list[Found]:
    """Return the faces, best first, without those that overlap a better one."""
    kept: list[Found] = []
    for face in sorted(found, key=lambda face: (-face.score, face.box)):
        if all(_shared(face.box, other.box) <= OVERLAP for other in kept):
            kept.append(face)
    return kept


def crop(picture: np.ndarray, found: Found, margin: float | None, upright: bool = False) -> np.ndarray:
    """Return a face as networks see it: gray values, uint8 (48, 48).

    Args:
        picture: RGB uint8 (height, width, 3) or gray (height, width). Beyond its edge, its last pixels go on.
        found: The face.
        margin: The square around the box grows by this share of its side, to each side; negative: it shrinks. None
            takes the box itself, and squeezes it if it is no square.
        upright: Turn the face until its eyes are level, where they are known.
    """
    left, top, width, height = found.box
    if margin is None:
        return squeezed(gray(picture[max(0, top) : top + height, max(0, left) : left + width]))
    side = max(1, round(max(width, height) * (1 + 2 * margin)))
    # Whole pixels: a face that is not turned keeps its values.
    across, down = round(left + (width - side) / 2), round(top + (height - side) / 2)
    middle = (side - 1) / 2
    turn = cv2.getRotationMatrix2D((across + middle, down + middle), _slope(found) if upright else 0, 1)
    turn[:, 2] -= across, down
    return squeezed(gray(cv2.warpAffine(picture, turn, (side, side), borderMode=cv2.BORDER_REPLICATE)))


def rgb(image: Image.Image) -> np.ndarray:
    """Return what a picture shows, RGB uint8 (height, width, 3): turned as its EXIF data say, transparent on white."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):  # Pillow would cut off at 255
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("RGB"))


def gray(picture: np.ndarray) -> np.ndarray:
    """Return the gray values of an RGB picture; a gray one stays."""
    return picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)


def squeezed(face: np.ndarray) -> np.ndarray:
    """Return gray values uint8 (48, 48): each pixel the mean of those that fall into it, or interpolated."""
    image, sides = Image.fromarray(face), face.shape[::-1]
    across, down = (Image.Resampling.BOX if side >= SIDE else Image.Resampling.BICUBIC for side in sides)
    return np.asarray(image.resize((SIDE, image.height), across).resize((SIDE, SIDE), down))


def _slope(found: Found) -> float:
    """Return by how many degrees the line through the eyes falls to the right."""
    (left, top), (right, bottom) = found.eyes or ((0, 0), (1, 0))
    return math.degrees(math.atan2(bottom - top, right - left))


def intersection(one: Box, other: Box) -> int:
    """Return how many pixels two boxes share."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(0, across) * max(0, down)


def _shared(one: Box, other: Box) -> float:
    """Return which share of the smaller of two boxes lies in the other."""
    return intersection(one, other) / max(1, min(one[2] * one[3], other[2] * other[3]))
