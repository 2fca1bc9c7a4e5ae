"""What other cameras and files do to a face: gamma, blur, low resolution, noise and JPEG."""

import cv2
import numpy as np

MAX_GAMMA = 1.5  # exponent of the gray values; the least is its inverse
MAX_BLUR = 0.03  # standard deviation, share of the side
MIN_RESOLUTION = 0.5  # share of the side to which a face is reduced and enlarged again
MAX_NOISE = 0.05  # standard deviation, share of 255
MIN_JPEG_QUALITY = 30  # of 100


def degraded(faces: np.ndarray, probability: float, rng: np.random.Generator) -> np.ndarray:
    """Return faces uint8 (n, side, side), each changed by every kind with this probability, in a camera's order."""
    kinds = (_gamma, _blurred, _coarse, _noisy, _compressed)
    chosen = rng.random((len(faces), len(kinds))) < probability
    strengths = rng.random((len(faces), len(kinds)))
    results = faces.copy()
    for number, place in np.argwhere(chosen):
        results[number] = kinds[place](results[number], float(strengths[number, place]), rng)
    return results


def _gamma(face: np.ndarray, strength: float, _: np.random.Generator) -> np.ndarray:
    exponent = MAX_GAMMA ** (2 * strength - 1)
    table = (255 * (np.arange(256) / 255) ** exponent).round().astype(np.uint8)
    return table[face]


def _blurred(face: np.ndarray, strength: float, _: np.random.Generator) -> np.ndarray:
    return cv2.GaussianBlur(face, (0, 0), max(strength * MAX_BLUR * len(face), 0.01))


def _coarse(face: np.ndarray, strength: float, _: np.random.Generator) -> np.ndarray:
    side = round(len(face) * (1 - strength * (1 - MIN_RESOLUTION)))
    small = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, face.shape, interpolation=cv2.INTER_LINEAR)


def _noisy(face: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    noise = rng.standard_normal(face.shape, np.float32)
    return np.clip(face + 255 * MAX_NOISE * strength * noise, 0, 255).round().astype(np.uint8)


def _compressed(face: np.ndarray, strength: float, _: np.random.Generator) -> np.ndarray:
    quality = round(100 - strength * (100 - MIN_JPEG_QUALITY))
    content = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_GRAYSCALE))
