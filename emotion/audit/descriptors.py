"""Descriptors of a face and of its views, by which copies that are shifted, mirrored or cropped are found.

A descriptor holds low frequencies of a square crop. All are whole numbers, and sums of their products are exact, so
nothing depends on the processor or the number of threads.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from emotion.audit.threads import chunks, each
from emotion.core.pictures import SIDE

HALF = SIDE // 2  # faces are halved before they are described: single pixels are noise here
FREQUENCIES = 6  # in each direction
WHITENING = 0.7  # lower frequencies have more contrast; this compensates about half of it
LENGTH = 2000  # of a descriptor; the largest sum, its square, is below 2^24, up to which float32 is exact
CHUNK = 256  # faces that a thread takes at once


@dataclass(frozen=True)
class View:
    """A square crop of a halved face (48 x 48 pixels become 24 x 24), mirrored before or not."""

    size: int
    left: int
    top: int
    mirrored: bool

    def warp(self) -> np.ndarray:
        """Return the place of the central view in this one: float32 (2, 3), in pixels of the whole face."""
        scale = self.size / CENTRE.size
        left, top = (2 * (edge - CENTRE.left * scale) + (scale - 1) / 2 for edge in (self.left, self.top))
        return np.array([[scale, 0, left], [0, scale, top]], np.float32)


CENTRE = View(20, 2, 2, mirrored=False)
SHIFTS = (-1, 0, 1)
PLAIN, MIRRORED = (
    [
        View(size, (HALF - size) // 2 + right, (HALF - size) // 2 + down, mirrored)
        for size in (20, 18, 16)
        for down in SHIFTS
        for right in SHIFTS
    ]
    for mirrored in (False, True)
)
VIEWS = [*PLAIN, *MIRRORED]


def of_centres(pixels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the descriptors of the central views of some of the faces.

    Args:
        pixels: All faces, uint8 (n, 48, 48).
        rows: Positions of those to describe.

    Returns:
        Whole numbers, float32 (rows, 35); each row has about the length LENGTH.
    """
    return _of_all(_describe, _weights([CENTRE]), pixels, rows)


def of_views(pixels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the descriptors of all VIEWS, those of a face together: float32 (rows x 54, 35), as `of_centres`."""
    return _of_all(_describe_views, _weights(PLAIN), pixels, rows)


def _of_all(
    describe: Callable[[np.ndarray, np.ndarray], np.ndarray],
    weights: np.ndarray,
    pixels: np.ndarray,
    rows: np.ndarray,
) -> np.ndarray:
    return np.concatenate(each(lambda chunk: describe(pixels[chunk], weights), chunks(rows, CHUNK)))


def _weights(views: list[View]) -> np.ndarray:
    """Return the weights from a halved face to descriptors of plain views: whole numbers, float64 (576, 35 each)."""
    frequency = np.arange(FREQUENCIES)
    whitening = np.hypot(*np.meshgrid(frequency, frequency)) ** WHITENING
    columns = []
    for view in views:
        waves = np.cos(np.pi * np.outer(frequency, np.arange(view.size) + 0.5) / view.size)
        waves[0] /= np.sqrt(2)
        kernel = np.zeros((FREQUENCIES, FREQUENCIES, HALF, HALF))
        down, right = (slice(edge, edge + view.size) for edge in (view.top, view.left))
        kernel[:, :, down, right] = np.einsum("ai,bj,ab->abij", waves, waves, whitening)
        # Without the first, the mean: brightness is ignored.
        columns.append(kernel.reshape(FREQUENCIES**2, HALF**2)[1:].T)
    return np.rint(65536 * np.concatenate(columns, axis=1))


def _describe(pixels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the descriptors of all faces, those of one face in a row: float32 (n x views, 35), of length LENGTH."""
    wide = pixels.astype(np.float64)
    halved = wide[:, ::2, ::2] + wide[:, 1::2, ::2] + wide[:, ::2, 1::2] + wide[:, 1::2, 1::2]
    values = (halved.reshape(len(pixels), HALF**2) @ weights).reshape(-1, FREQUENCIES**2 - 1)
    # Not by einsum, which adds in an order of the processor's choice.
    lengths = np.sqrt(np.square(values).sum(axis=1))
    return np.rint(values * (LENGTH / np.maximum(lengths, 1))[:, None]).astype(np.float32)


def _describe_views(pixels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the descriptors of PLAIN, by their weights, and of MIRRORED, which need no weights of their own."""
    plain = _describe(pixels, weights).reshape(len(pixels), -1, len(SHIFTS), FREQUENCIES**2 - 1)
    # In a mirror, right is left, and waves with an odd number of half periods are upside down.
    signs = np.tile(np.array([1, -1], np.float32), FREQUENCIES**2 // 2)[1:]
    mirrored = plain[:, :, ::-1] * signs
    return np.concatenate([plain, mirrored], axis=1).reshape(-1, len(signs))
