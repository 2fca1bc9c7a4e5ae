"""Candidate pairs of near-duplicates, found without comparing every face with every other.

The central view of a face is searched for with all views of the others (see `descriptors`). The search covers the
nearest cells of an inverted file (Jegou et al., "Product quantization for nearest neighbor search", 2011), so that its
cost grows little faster than the number of faces. Many views are compared with a cell at once, by a matrix product;
the products are exact, so the result does not depend on the number of threads.
"""

from collections.abc import Iterable

import numpy as np

from emotion.audit import descriptors
from emotion.audit.descriptors import VIEWS
from emotion.audit.threads import chunks, each

CELL_SIZE = 128  # faces per cell
SEARCHED_CELLS = 4
NEIGHBOURS = 5  # nearest faces that are taken; the face itself is often one of them
BLOCK = 8192  # faces whose views are searched for together, so that each cell is compared with many
PRODUCTS = 2**20  # products of descriptors that a thread computes at once


def propose(pixels: np.ndarray, rows: np.ndarray, min_similarity: float) -> np.ndarray:
    """Return pairs of faces of which a view of one resembles the central view of the other.

    Args:
        pixels: All faces, uint8 (n, 48, 48).
        rows: Positions of those to compare, without exact duplicates.
        min_similarity: Cosine similarity of both descriptors.

    Returns:
        int64 (m, 3), sorted: the face with the view, the other one, the number in VIEWS; each pair and orientation
        once.
    """
    if not len(rows):
        return np.empty((0, 3), np.int64)
    lowest = min_similarity * descriptors.LENGTH**2
    central = descriptors.of_centres(pixels, rows)
    # Some of the faces instead of the means of clusters: as good here, free, and whole numbers.
    cells = central[::CELL_SIZE]
    members = _members(_most_similar(central, cells, 1), len(cells))
    found = []
    for block in chunks(rows, BLOCK):
        views = descriptors.of_views(pixels, block)
        asking = _members(_most_similar(views, cells, SEARCHED_CELLS), len(cells))
        near = _search(views, central, zip(asking, members, strict=True), lowest)
        face, number = np.divmod(near[0], len(VIEWS))
        found.append(np.stack([block[face], rows[near[1]], number, near[2]], axis=1))
    return _best(np.concatenate(found), len(pixels))


def _most_similar(vectors: np.ndarray, cells: np.ndarray, count: int) -> np.ndarray:
    """Return the most similar cells of each vector: int64 (n, count), or fewer where there are fewer cells."""
    parts = chunks(vectors, PRODUCTS // len(cells) + 1)
    return np.concatenate(each(lambda part: _largest(part @ cells.T, count)[1], parts))


def _members(cells: np.ndarray, count: int) -> list[np.ndarray]:
    """Return for each of `count` cells the rows that name it, given the cells of each row: int (n, cells)."""
    flat = cells.ravel().astype(np.min_scalar_type(count))  # numpy sorts small types much faster
    order = np.argsort(flat, kind="stable") // cells.shape[1]
    return np.split(order, np.cumsum(np.bincount(flat, minlength=count))[:-1])


def _search(
    views: np.ndarray, central: np.ndarray, cells: Iterable[tuple[np.ndarray, np.ndarray]], lowest: float
) -> np.ndarray:
    """Return the nearest neighbours of views: the view, the face and the product of their descriptors, int64 (3, m).

    `cells` holds, for each cell, the positions of the views to compare with it and of the faces in it.
    """
    tasks = []
    for asking, faces in cells:
        described = central[faces].T
        tasks += [(part, faces, described) for part in chunks(asking, PRODUCTS // (len(faces) + 1) + 1)]

    def compare(task: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
        view, face, described = task
        products = views[view] @ described
        close = products.max(axis=1, initial=0) >= lowest
        values, columns = _largest(products[close], NEIGHBOURS)
        row, rank = np.nonzero(values >= lowest)
        return np.stack([view[close][row], face[columns[row, rank]], values[row, rank].astype(np.int64)])

    found = np.concatenate(each(compare, tasks), axis=1)
    found = found[:, np.lexsort((-found[2], found[0]))]
    _, first, count = np.unique(found[0], return_index=True, return_counts=True)
    return found[:, np.arange(found.shape[1]) - np.repeat(first, count) < NEIGHBOURS]


def _largest(values: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest values of each row and their columns, in this order; `values` is overwritten."""
    rows = np.arange(len(values))
    width = min(count, values.shape[1])
    largest = np.empty((len(values), width), values.dtype)
    columns = np.empty((len(values), width), np.int64)
    for place in range(width):
        column = columns[:, place] = values.argmax(axis=1)
        largest[:, place] = values[rows, column]
        values[rows, column] = -np.inf
    return largest, columns


def _best(found: np.ndarray, faces: int) -> np.ndarray:
    """Return the most similar view of each pair and orientation."""
    face, other, view, similarity = found[found[:, 0] != found[:, 1]].T
    pair = np.minimum(face, other) * faces + np.maximum(face, other)
    key = 2 * pair + np.array([view.mirrored for view in VIEWS])[view]
    order = np.lexsort((view, face, -similarity, key))
    _, first = np.unique(key[order], return_index=True)
    return np.stack([face, other, view], axis=1)[order[first]]
