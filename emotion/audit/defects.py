"""Blank pictures, and pictures that show no face."""

import numpy as np
from sklearn.utils.extmath import randomized_svd

from emotion.audit.threads import chunks, each
from emotion.core.pictures import SIDE

# Chosen on FER-2013 by looking at the 200 highest scores: see docs/data.md.
EIGENFACES = 100
MAX_FACES = 5000  # from which the eigenfaces are computed
GRAYS = 64  # histogram bins of four gray values, which the noise of JPEG does not leave
CHUNK = 256


def almost_blank(pixels: np.ndarray, min_contrast: float) -> np.ndarray:
    """Return which faces, uint8 (n, 48, 48), have a standard deviation of gray values below `min_contrast`."""
    flat = pixels.reshape(len(pixels), SIDE * SIDE)
    sums, squares = (
        np.concatenate([power(chunk, dtype=np.uint32).sum(axis=1, dtype=np.int64) for chunk in chunks(flat, CHUNK)])
        for power in (np.positive, np.square)
    )
    # Whole numbers: a picture whose contrast is exactly the minimum is on the same side everywhere.
    return flat.shape[1] * squares - sums**2 < (min_contrast * flat.shape[1]) ** 2


def not_a_face(pixels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return a score of how unlike a face each picture is, 0..1: the larger of two scores.

    The share of the picture that eigenfaces do not explain, its distance from face space (Turk & Pentland,
    "Eigenfaces for recognition", 1991), is high for drawings, text and covered faces. The lack of gray tones,
    1 - entropy of their histogram, is high for icons and signs.

    Args:
        pixels: Pictures, uint8 (n, 48, 48).
        rows: Positions of distinct ones, not blank, from which the eigenfaces are computed.

    Returns:
        float32 (n,).
    """
    chosen = rows[np.linspace(0, len(rows) - 1, min(MAX_FACES, len(rows))).astype(int)]
    mean, eigenfaces = _face_space(_standardised(pixels[chosen]))

    def score(chunk: np.ndarray) -> np.ndarray:
        unexplained = _unexplained(_standardised(chunk) - mean, eigenfaces)
        return np.maximum(unexplained, 1 - _entropy(chunk) / np.log2(GRAYS))

    scores = each(score, chunks(pixels, CHUNK))
    # Rounded, because the last bits depend on the processor and the number of threads: by 5e-15 on FER-2013, where
    # no score is within 3e-10 of a rounding edge.
    return np.round(np.concatenate(scores), 5).astype(np.float32)


def _standardised(pixels: np.ndarray) -> np.ndarray:
    """Return pictures of mean 0 and length 1, float64 (n, 2304); blank ones are 0."""
    gray = pixels.reshape(len(pixels), pixels.shape[1] * pixels.shape[2]).astype(np.float64)
    gray -= gray.mean(axis=1, keepdims=True)
    return gray / np.maximum(np.linalg.norm(gray, axis=1, keepdims=True), 1e-9)


def _face_space(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean face and, as columns, the eigenfaces: fewer for few faces, which they would memorise."""
    if not len(faces):
        return np.zeros(faces.shape[1]), np.zeros((faces.shape[1], 1))
    mean = faces.mean(axis=0)
    count = max(1, len(faces) * EIGENFACES // MAX_FACES)
    return mean, randomized_svd(faces - mean, count, random_state=0)[2].T


def _unexplained(centred: np.ndarray, eigenfaces: np.ndarray) -> np.ndarray:
    """Return the share of each picture's variance that the eigenfaces do not explain."""
    explained, whole = (np.einsum("ij,ij->i", x, x) for x in (centred @ eigenfaces, centred))
    return np.clip(1 - explained / np.maximum(whole, 1e-9), 0, 1)


def _entropy(pixels: np.ndarray) -> np.ndarray:
    """Return the entropy of each picture's gray values, in bits."""
    tones = pixels.reshape(len(pixels), -1) // (256 // GRAYS) + GRAYS * np.arange(len(pixels))[:, None]
    share = np.bincount(tones.ravel(), minlength=GRAYS * len(pixels)).reshape(-1, GRAYS) / pixels[0].size
    return -(share * np.log2(np.where(share, share, 1))).sum(axis=1)
