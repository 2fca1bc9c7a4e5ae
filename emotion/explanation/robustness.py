"""Corruptions of faces as cameras cause them, at five strengths.

After Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations", 2019.
"""

from collections.abc import Callable

import cv2
import numpy as np


def corrupted(faces: np.ndarray, kind: str, strength: float, seed: int) -> np.ndarray:
    """Return faces uint8 (n, side, side) as a worse camera would show them; random numbers follow the seed alone."""
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
    return _moved(face, degrees=degrees * rng.choice([-1, 1]))


def _larger(face: np.ndarray, factor: float, _: np.random.Generator) -> np.ndarray:
    return _moved(face, scale=factor)


def _smaller(face: np.ndarray, factor: float, _: np.random.Generator) -> np.ndarray:
    return _moved(face, scale=1 / factor)


def _shift(face: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    angle = rng.uniform(0, 2 * np.pi)
    distance = share * len(face)
    return _moved(face, right=distance * np.cos(angle), down=distance * np.sin(angle))


def _moved(face: np.ndarray, *, degrees: float = 0, scale: float = 1, right: float = 0, down: float = 0) -> np.ndarray:
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
