"""Pairs of faces that may show the same photograph, found without comparing every face with every other.

A face is described by low frequencies of its middle, and looked for among all by descriptions of its views: square
crops of three sizes at nine places, plain and mirrored. So a copy is found that is mirrored, shifted or cropped
otherwise. The search goes through the nearest cells of an inverted file (Jegou et al., "Product quantization for
nearest neighbor search", 2011; Johnson et al., "Billion-scale similarity search with GPUs", 2017: faiss), so that
its cost grows little faster than the number of faces. All descriptions are whole numbers, and sums of their products
are exact, so the result does not depend on the number of threads.
"""

from dataclasses import dataclass

import faiss
import numpy as np

HALF = 24  # faces are halved before they are described: single pixels are noise here
FREQUENCIES = 6  # in each direction
# Pictures have the more contrast the lower the frequency; this makes up for about half of it.
WHITENING = 0.7
LENGTH = 2000  # of a description; the largest sum, its square, is below 2^24, to which float32 counts exactly
CELL, CELLS, NEIGHBOURS = 128, 4, 5  # faces in a cell, cells looked through, faces taken: itself is often one of them
CHUNK = 2048


@dataclass(frozen=True)
class View:
    """A square crop of a halved face (48 x 48 pixels become 24 x 24), mirrored before or not."""

    size: int
    left: int
    top: int
    mirrored: bool

    def warp(self) -> np.ndarray:
        """Return where a pixel of the central view lies in this one: float32 (2, 3), in pixels of the whole face."""
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


def propose(pixels: np.ndarray, rows: np.ndarray, least: float) -> np.ndarray:
    """Return the pairs of which one looks in a view like the other in its middle, each pair and orientation once.

    Args:
        pixels: All faces, uint8 (n, 48, 48).
        rows: Positions of those to compare, no two of them identical.
        least: How alike, as the cosine of the angle between both descriptions.

    Returns:
        int64 (m, 3), sorted: the face that is seen in a view, the one that is seen as it is, the number in VIEWS.
    """
    if not len(rows):
        return np.empty((0, 3), np.int64)
    index = _index(np.concatenate([_describe(pixels[part], _weights([CENTRE])) for part in _parts(rows)]))
    weights, found = _weights(VIEWS), []
    for part in _parts(rows):
        likeness, other = index.search(_describe(pixels[part], weights), NEIGHBOURS)
        place, rank = np.nonzero(likeness >= least * LENGTH**2)
        seen, view = np.divmod(place, len(VIEWS))
        found.append(np.stack([part[seen], rows[other[place, rank]], view, likeness[place, rank]], axis=1))
    return _best(np.concatenate(found).astype(np.int64), len(pixels))


def _parts(rows: np.ndarray) -> list[np.ndarray]:
    return np.split(rows, range(CHUNK, len(rows), CHUNK))


def _weights(views: list[View]) -> np.ndarray:
    """Return what turns a halved face into its descriptions: whole numbers, float64 (576, 35 for each view)."""
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
        # Without the first, the mean: brightness does not count.
        columns.append(kernel.reshape(FREQUENCIES**2, HALF**2)[1:].T)
    return np.rint(65536 * np.concatenate(columns, axis=1))


def _describe(pixels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the descriptions of all faces, those of one face in a row: float32 (n x views, 35), of length LENGTH."""
    wide = pixels.astype(np.float64)
    halved = wide[:, ::2, ::2] + wide[:, 1::2, ::2] + wide[:, ::2, 1::2] + wide[:, 1::2, 1::2]
    values = (halved.reshape(len(pixels), HALF**2) @ weights).reshape(-1, FREQUENCIES**2 - 1)
    lengths = np.sqrt(np.einsum("ij,ij->i", values, values))
    return np.rint(values * (LENGTH / np.maximum(lengths, 1))[:, None]).astype(np.float32)


def _index(descriptions: np.ndarray) -> faiss.IndexIVFFlat:
    """Return the descriptions in cells, each of which holds what is nearest to one of them."""
    dimensions = descriptions.shape[1]
    nearest_cell = faiss.IndexFlatIP(dimensions)
    # Some of the faces instead of the means of clusters: as good here, free, and whole numbers.
    nearest_cell.add(descriptions[::CELL])
    index = faiss.IndexIVFFlat(nearest_cell, dimensions, nearest_cell.ntotal, faiss.METRIC_INNER_PRODUCT)
    index.is_trained, index.nprobe = True, CELLS
    index.add(descriptions)
    return index


def _best(found: np.ndarray, faces: int) -> np.ndarray:
    """Return of each pair and orientation the view in which it looks most alike."""
    seen, other, view, likeness = found[found[:, 0] != found[:, 1]].T
    pair = np.minimum(seen, other) * faces + np.maximum(seen, other)
    key = 2 * pair + np.array([view.mirrored for view in VIEWS])[view]
    order = np.lexsort((view, seen, -likeness, key))
    _, first = np.unique(key[order], return_index=True)
    return np.stack([seen, other, view], axis=1)[order[first]]
