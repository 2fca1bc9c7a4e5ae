"""Candidate pairs of near-duplicates, found without comparing every face with every other.

The descriptor of a face holds low frequencies of its middle. It is searched for with the descriptors of the views of
a face: square crops of three sizes at nine places, plain and mirrored, so that mirrored, shifted and differently
cropped copies are found. The search covers the nearest cells of an inverted file (Jegou et al., "Product quantization
for nearest neighbor search", 2011; Johnson et al., "Billion-scale similarity search with GPUs", 2017: faiss), so that
its cost grows little faster than the number of faces. All descriptors are whole numbers, and sums of their products
are exact, so the result does not depend on the number of threads.
"""

from dataclasses import dataclass

import faiss
import numpy as np

from emotion.core.pictures import SIDE

HALF = SIDE // 2  # faces are halved before they are described: single pixels are noise here
FREQUENCIES = 6  # in each direction
WHITENING = 0.7  # lower frequencies have more contrast; this compensates about half of it
LENGTH = 2000  # of a descriptor; the largest sum, its square, is below 2^24, up to which float32 is exact
CELL_SIZE = 128  # faces per cell
SEARCHED_CELLS = 4
NEIGHBOURS = 5  # nearest faces that are taken; the face itself is often one of them
CHUNK = 2048


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
VIEWS = [
    View(size, (HALF - size) // 2 + right, (HALF - size) // 2 + down, mirrored)
    for mirrored in (False, True)
    for size in (20, 18, 16)
    for down in (-1, 0, 1)
    for right in (-1, 0, 1)
]


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
    index = _index(np.concatenate([_describe(pixels[chunk], _weights([CENTRE])) for chunk in _chunks(rows)]))
    weights = _weights(VIEWS)
    found = []
    for chunk in _chunks(rows):
        similarity, other = index.search(_describe(pixels[chunk], weights), NEIGHBOURS)
        place, rank = np.nonzero(similarity >= min_similarity * LENGTH**2)
        face, view = np.divmod(place, len(VIEWS))
        found.append(np.stack([chunk[face], rows[other[place, rank]], view, similarity[place, rank]], axis=1))
    return _best(np.concatenate(found).astype(np.int64), len(pixels))


def _chunks(rows: np.ndarray) -> list[np.ndarray]:
    return np.split(rows, range(CHUNK, len(rows), CHUNK))


def _weights(views: list[View]) -> np.ndarray:
    """Return the weights from a halved face to its descriptors: whole numbers, float64 (576, 35 for each view)."""
    frequency = np.arange(FREQUENCIES)
    whitening = np.hypot(*np.meshgrid(frequency, frequency)) ** WHITENING
    columns = []
    for view in views:
        waves = np.cos(np.pi * np.outer(frequency, np.arange(view.size) + 0.5) / view.size)
        waves[0] /= np.sqrt(2)
        kernel = np.zeros((FREQUENCIES, FREQUENCIES, HALF, HALF))
        down, right = (slice(edge, edge + view.size) for edge in (view.top, view.left))
        kernel[:, :, down, right] = np.einsum("ai,bj,ab->abij", waves, waves, whitening)
        if view.mirrored:
            kernel = kernel[:, :, :, ::-1]
        # Without the first, the mean: brightness is ignored.
        columns.append(kernel.reshape(FREQUENCIES**2, HALF**2)[1:].T)
    return np.rint(65536 * np.concatenate(columns, axis=1))


def _describe(pixels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the descriptors of all faces, those of one face in a row: float32 (n x views, 35), of length LENGTH."""
    wide = pixels.astype(np.float64)
    halved = wide[:, ::2, ::2] + wide[:, 1::2, ::2] + wide[:, ::2, 1::2] + wide[:, 1::2, 1::2]
    values = (halved.reshape(len(pixels), HALF**2) @ weights).reshape(-1, FREQUENCIES**2 - 1)
    # Not by einsum, which adds in an order of the processor's choice; in parts, to save memory.
    parts = np.array_split(values, 16)
    lengths = np.sqrt(np.concatenate([np.square(part).sum(axis=1) for part in parts]))
    return np.rint(values * (LENGTH / np.maximum(lengths, 1))[:, None]).astype(np.float32)


def _index(descriptors: np.ndarray) -> faiss.IndexIVFFlat:
    """Return the descriptors in cells, each around one of them."""
    dimensions = descriptors.shape[1]
    nearest_cell = faiss.IndexFlatIP(dimensions)
    # Some of the faces instead of the means of clusters: as good here, free, and whole numbers.
    nearest_cell.add(descriptors[::CELL_SIZE])
    index = faiss.IndexIVFFlat(nearest_cell, dimensions, nearest_cell.ntotal, faiss.METRIC_INNER_PRODUCT)
    index.is_trained = True
    index.nprobe = SEARCHED_CELLS
    index.add(descriptors)
    return index


def _best(found: np.ndarray, faces: int) -> np.ndarray:
    """Return the most similar view of each pair and orientation."""
    face, other, view, similarity = found[found[:, 0] != found[:, 1]].T
    pair = np.minimum(face, other) * faces + np.maximum(face, other)
    key = 2 * pair + np.array([view.mirrored for view in VIEWS])[view]
    order = np.lexsort((view, face, -similarity, key))
    _, first = np.unique(key[order], return_index=True)
    return np.stack([face, other, view], axis=1)[order[first]]
