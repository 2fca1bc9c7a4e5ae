"""Statistics of a set of faces."""

from collections.abc import Sequence

import numpy as np

from emotion.core.labels import EMOTIONS

SUBSETS = ("Training", "Extra", "PublicTest", "Validation", "PrivateTest", "Test", "All")  # official ones, in order
MIN_FACES = 20  # of which a mean is computed


def subsets_of(official: np.ndarray) -> list[str]:
    """Return the official subsets among those of n faces, in the order of SUBSETS; unknown ones come last."""
    present = {str(name) for name in np.unique(official)}
    return [subset for subset in SUBSETS if subset in present] + sorted(present - set(SUBSETS))


def counts(official: np.ndarray, labels: np.ndarray, subsets: Sequence[str]) -> np.ndarray:
    """Return how many faces each subset (rows) has of each emotion (columns), int (subsets, 7)."""
    return np.array([[int(((official == subset) & (labels == name)).sum()) for name in EMOTIONS] for subset in subsets])


def mean_faces(pixels: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """Return the mean of all faces, as "all", and that of each emotion, gray values (48, 48).

    Fewer than MIN_FACES have no mean, because it would show a person. Sums are of whole numbers, so that the means
    have the same bits on every machine.

    Args:
        pixels: uint8 (n, 48, 48).
        labels: The emotion of each face, text (n,).
    """
    sums = {name: pixels[labels == name].sum(axis=0, dtype=np.int64) for name in EMOTIONS}
    sizes = {name: int((labels == name).sum()) for name in EMOTIONS}
    sums = {"all": sum(sums.values())} | sums
    sizes = {"all": len(labels)} | sizes
    return {name: sums[name] / size for name, size in sizes.items() if size >= MIN_FACES}


def brightness_and_contrast(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the standard deviation of each face's gray values, float64 (n,), 0..255 and 0..127.5."""
    size = pixels.shape[1] * pixels.shape[2]
    flat = pixels.reshape(len(pixels), size)
    total = np.empty(len(flat), np.int64)
    squares = np.empty(len(flat), np.int64)
    for begin in range(0, len(flat), 4096):  # in chunks, to save memory
        few = flat[begin : begin + 4096].astype(np.int32)
        total[begin : begin + 4096] = few.sum(axis=1)
        squares[begin : begin + 4096] = (few * few).sum(axis=1)
    return total / size, np.sqrt(size * squares - total * total) / size


def duplicates_between(groups: np.ndarray, official: np.ndarray, subsets: Sequence[str]) -> np.ndarray:
    """Return how many faces of each subset (rows) have a duplicate in each subset (columns), int (subsets, subsets).

    On the diagonal are faces with another face of their group in the same subset.

    Args:
        groups: The number of each face's group, int (n,); -1: none.
        official: The official subset of each face, text (n,).
        subsets: Those of the matrix.
    """
    members = np.zeros((int(groups.max(initial=-1)) + 1, len(subsets)), np.int64)
    for column, subset in enumerate(subsets):
        np.add.at(members[:, column], groups[(groups >= 0) & (official == subset)], 1)
    matrix = members.T @ (members > 0)
    np.fill_diagonal(matrix, (members * (members > 1)).sum(axis=0))
    return matrix
