"""Copies of faces of every kind, and large tables of faces with as many copies as FER-2013 has."""

from collections.abc import Callable

import cv2
import numpy as np
import pyarrow as pa

from emotion.core import dataset

FILLINGS = (cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT, cv2.BORDER_REFLECT_101, cv2.BORDER_WRAP)
SHIFTS = [(right, down) for right in (-2, 0, 2) for down in (-2, 0, 2) if right or down]
EXACT, NEAR = 0.05, 0.13  # shares of copies in FER-2013
SEED = 3


def resized(faces: pa.Table, count: int) -> pa.Table:
    """Return the first faces of a table, and further ones (see `further`) until there are `count`."""
    first = faces.slice(0, count)
    return pa.concat_tables([first, further(first, count - len(first))]) if count > len(first) else first


def further(faces: pa.Table, count: int) -> pa.Table:
    """Return that many more faces, with as many copies as FER-2013 has.

    Each has the upper half of one face and the lower half of another, so it is as varied as real faces are.
    """
    rng = np.random.default_rng([SEED, count])
    pixels = dataset.pixels(faces)
    upper, lower = rng.integers(len(pixels), size=(2, count))
    made = np.concatenate([pixels[upper, :24], pixels[lower, 24:]], axis=1)
    draws = rng.random(count)
    changes = [change for name, change in CHANGES.items() if name != "exact"]
    for place in np.flatnonzero(draws[1:] < EXACT + NEAR) + 1:
        original = made[rng.integers(place)]
        made[place] = original if draws[place] < EXACT else changes[rng.integers(len(changes))](original, rng)
    rows = faces.take(pa.array(np.arange(count) % faces.num_rows))
    names = pa.array([f"{official}/more/{n:07}.png" for n, official in enumerate(rows["official"].to_pylist())])
    column = pa.array([face.tobytes() for face in made], pa.binary(48 * 48))
    rows = rows.set_column(rows.column_names.index("name"), "name", names)
    return rows.set_column(rows.column_names.index("pixels"), "pixels", column).cast(faces.schema)


def _same(face: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return face


def _compress(face: np.ndarray, _: np.random.Generator) -> np.ndarray:
    content = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, 70])[1]
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_GRAYSCALE))


def _shift(face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    right, down = SHIFTS[rng.integers(len(SHIFTS))]
    filling = FILLINGS[rng.integers(len(FILLINGS))]
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float32)
    return cv2.warpAffine(face, matrix, face.shape[::-1], flags=cv2.INTER_NEAREST, borderMode=filling)


def _multiply(face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.clip(np.rint(face * rng.choice([0.85, 1.15])), 0, 255).astype(np.uint8)


def _add(face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.clip(face + rng.choice([-38.0, 38.0]), 0, 255).astype(np.uint8)  # 15 % of 255


CHANGES: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "exact": _same,
    "JPEG 70": _compress,
    "shift 2": _shift,
    "brightness x 15 %": _multiply,
    "brightness + 15 %": _add,
}
