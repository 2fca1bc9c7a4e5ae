"""What a set of faces looks like, in numbers."""

from collections.abc import Sequence

import numpy as np

from emotion.labels import EMOTIONS

# In this order, where they are there; any other part stands behind them.
PARTS = ("Training", "Extra", "PublicTest", "Validation", "PrivateTest", "Test", "All")
FEWEST = 20  # faces of which a mean is taken


def parts_of(officials: np.ndarray) -> list[str]:
    """Return the official parts that there are, training faces first."""
    there = {str(name) for name in np.unique(officials)}
    return [part for part in PARTS if part in there] + sorted(there - set(PARTS))


def counts(officials: np.ndarray, labels: np.ndarray, parts: Sequence[str]) -> np.ndarray:
    """Return how many faces each part (rows) has of each emotion (columns), int (parts, 7)."""
    return np.array([[int(((officials == part) & (labels == name)).sum()) for name in EMOTIONS] for part in parts])


def mean_faces(pixels: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """Return the mean of all faces, as "all", and that of each emotion, gray values (48, 48).

    Where there are fewer than FEWEST faces there is no mean, because it would show somebody. Sums are of whole
    numbers, so that the means have the same bits on every machine.

    Args:
        pixels: uint8 (n, 48, 48).
        labels: The emotion of each face, text (n,).
    """
    sums = {name: pixels[labels == name].sum(axis=0, dtype=np.int64) for name in EMOTIONS}
    sizes = {name: int((labels == name).sum()) for name in EMOTIONS}
    sums, sizes = {"all": sum(sums.values())} | sums, {"all": len(labels)} | sizes
    return {name: sums[name] / size for name, size in sizes.items() if size >= FEWEST}


def brightness_and_contrast(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the standard deviation of each face's gray values, float64 (n,), 0..255 and 0..127.5."""
    size = pixels.shape[1] * pixels.shape[2]
    flat = pixels.reshape(len(pixels), size)
    total, squares = np.empty(len(flat), np.int64), np.empty(len(flat), np.int64)
    for begin in range(0, len(flat), 4096):  # so that no copy of all faces in a wider type is made
        few = flat[begin : begin + 4096].astype(np.int32)
        total[begin : begin + 4096] = few.sum(axis=1)
        squares[begin : begin + 4096] = (few * few).sum(axis=1)
    return total / size, np.sqrt(size * squares - total * total) / size


def also_in(groups: np.ndarray, officials: np.ndarray, parts: Sequence[str]) -> np.ndarray:
    """Return how many faces of each part (rows) also stand in each part (columns), int (parts, parts).

    A face stands in another part if a face of its group does. On the diagonal are faces whose group has
    another face in the same part.

    Args:
        groups: The number of each face's group, int (n,); -1: it is alone.
        officials: The part of each face, text (n,).
        parts: The parts that are asked for.
    """
    members = np.zeros((int(groups.max(initial=-1)) + 1, len(parts)), np.int64)
    for column, part in enumerate(parts):
        np.add.at(members[:, column], groups[(groups >= 0) & (officials == part)], 1)
    matrix = members.T @ (members > 0)
    np.fill_diagonal(matrix, (members * (members > 1)).sum(axis=0))
    return matrix
