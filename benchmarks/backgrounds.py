"""Backgrounds of generated pictures, float32 (height, width, 3): noise, shapes and words, sections of photographs."""

from collections.abc import Callable

import cv2
import numpy as np


def _gradient(wide: int, high: int, rng: np.random.Generator) -> np.ndarray:
    return cv2.resize(rng.uniform(0, 255, (2, 3, 3)).astype(np.float32), (wide, high), interpolation=cv2.INTER_LINEAR)


def _texture(wide: int, high: int, rng: np.random.Generator) -> np.ndarray:
    """Return noise of several sizes."""
    ground = _gradient(wide, high, rng)
    for pixels in (4, 16, 64, 200):
        noise = rng.normal(0, rng.uniform(3, 25), (high // pixels + 2, wide // pixels + 2, 1)).astype(np.float32)
        ground += cv2.resize(noise, (wide, high), interpolation=cv2.INTER_CUBIC)[..., None]
    return ground


def _clutter(wide: int, high: int, rng: np.random.Generator) -> np.ndarray:
    """Return shapes and words."""
    ground = _gradient(wide, high, rng)
    for _ in range(rng.integers(20, 90)):
        colour, thick = rng.uniform(0, 255, 3).tolist(), int(rng.choice([-1, 2, 5]))
        x, y, other_x, other_y = (rng.integers(0, (wide, high, wide // 3, high // 3))).tolist()
        kind = rng.integers(4)
        if kind == 0:
            cv2.rectangle(ground, (x, y), (x + other_x, y + other_y), colour, thick)
        elif kind == 1:
            cv2.ellipse(ground, (x, y), (other_x // 2, other_y // 2), rng.uniform(0, 180), 0, 360, colour, thick)
        elif kind == 2:
            cv2.line(ground, (x, y), (x + other_x, y - other_y), colour, abs(thick))
        else:
            word = "".join(rng.choice(list("AEIOUMNRSTaeioumnrst8 "), 9))
            letters = np.zeros((high, wide), np.uint8)  # OpenCV 5 writes on bytes alone
            cv2.putText(letters, word, (x, y), int(rng.integers(4)), rng.uniform(0.5, 5), 255, abs(thick))
            ground[letters > 0] = colour
    return ground


def photograph(photographs: list[np.ndarray], wide: int, high: int, rng: np.random.Generator) -> np.ndarray:
    """Return a random section of a photograph without people, mirrored or not, darker or brighter."""
    photograph = photographs[rng.integers(len(photographs))]
    height = round(rng.uniform(0.4, 1) * len(photograph))
    width = min(photograph.shape[1], round(height * wide / high))
    top, left = rng.integers(len(photograph) - height + 1), rng.integers(photograph.shape[1] - width + 1)
    section = photograph[top : top + height, left : left + width][:, :: int(rng.choice([-1, 1]))].astype(np.float32)
    return cv2.resize(section, (wide, high), interpolation=cv2.INTER_CUBIC) * np.float32(rng.uniform(0.6, 1.3))


GROUNDS: tuple[Callable[[int, int, np.random.Generator], np.ndarray] | None, ...] = (_texture, _clutter, None)
