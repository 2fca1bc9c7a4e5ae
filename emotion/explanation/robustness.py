"""What cameras do to faces, at given strengths.

After Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations", 2019.
"""

from collections.abc import Callable
from typing import Annotated

import cv2
import numpy as np
from pydantic import Field

from emotion.params import Section

Five = Annotated[list[int | float], Field(min_length=5, max_length=5)]


class RobustnessSettings(Section):
    """Section `robustness` of params.yaml: five strengths of each corruption, from weak to strong."""

    seed: int = Field(ge=0)
    blur: Five  # standard deviation in pixels
    noise: Five  # standard deviation, share of 255
    jpeg: Five  # quality, 100 to 1
    darker: Five  # share of the light that is taken away
    brighter: Five  # share of 255 that is added
    rotation: Five  # degrees, to either side
    larger: Five  # a crop that is so many times tighter
    smaller: Five  # a crop that is so many times wider, its border repeated
    shift: Five  # share of the side, in any direction


def corrupted(faces: np.ndarray, kind: str, strength: float, seed: int) -> np.ndarray:
    """Return faces uint8 (n, side, side) as a worse camera would show them; chance follows the seed alone."""
    rng = np.random.default_rng(seed)
    return np.stack([CORRUPTIONS[kind](face, strength, rng) for face in faces])


def _blur(face: np.ndarray, sigma: float, _: np.random.Generator) -> np.ndarray:
    return cv2.GaussianBlur(face, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)


def _noise(face: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    return _clipped(face + rng.normal(0, 255 * share, face.shape))


def _jpeg(face: np.ndarray, quality: float, _: np.random.Generator) -> np.ndarray:
    coded = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE))


def _darker(face: np.ndarray, share: float, _: np.random.Generator) -> np.ndarray:
    return _clipped(face * (1 - share))


def _brighter(face: np.ndarray, share: float, _: np.random.Generator) -> np.ndarray:
    return _clipped(face + 255 * share)


def _rotation(face: np.ndarray, degrees: float, rng: np.random.Generator) -> np.ndarray:
    return _moved(face, degrees * rng.choice([-1, 1]), 1, 0, 0)


def _larger(face: np.ndarray, times: float, _: np.random.Generator) -> np.ndarray:
    return _moved(face, 0, times, 0, 0)


def _smaller(face: np.ndarray, times: float, _: np.random.Generator) -> np.ndarray:
    return _moved(face, 0, 1 / times, 0, 0)


def _shift(face: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    angle, far = rng.uniform(0, 2 * np.pi), share * len(face)
    return _moved(face, 0, 1, far * np.cos(angle), far * np.sin(angle))


def _moved(face: np.ndarray, degrees: float, scale: float, right: float, down: float) -> np.ndarray:
    centre = (len(face) - 1) / 2
    matrix = cv2.getRotationMatrix2D((centre, centre), degrees, scale)
    matrix[:, 2] += np.array([right, down])
    return cv2.warpAffine(face, matrix, face.shape[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _clipped(pixels: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


CORRUPTIONS: dict[str, Callable[[np.ndarray, float, np.random.Generator], np.ndarray]] = {
    "blur": _blur,
    "noise": _noise,
    "jpeg": _jpeg,
    "darker": _darker,
    "brighter": _brighter,
    "rotation": _rotation,
    "larger": _larger,
    "smaller": _smaller,
    "shift": _shift,
}
