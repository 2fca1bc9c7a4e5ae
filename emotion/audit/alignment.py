"""How well one picture of a face aligns with another, which decides whether they are near-duplicates."""

import cv2
import numpy as np

from emotion.core.pictures import SIDE

MARGIN = 6  # pixels at the edge that are ignored: a shift replaces them
# Standard deviations of two blurs: details are coarser than noise and finer than shadows.
FINE = 0.7
COARSE = 3.0
MIN_START_CORRELATION = 0.5  # below this, hardly any pair turns out to be a duplicate
NO_MASK = np.full((SIDE, SIDE), 255, np.uint8)
STOP = cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 30, 1e-3
INVERSE = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


def similarity(moving: np.ndarray, fixed: np.ndarray, warp: np.ndarray) -> float:
    """Return the correlation of the details of two pictures after alignment: 1 is a perfect copy.

    `moving` is moved and scaled until it fits best (enhanced correlation coefficient, Evangelidis & Psarakis, 2008).
    The fit also rotates and shears, which is undone: crops of one photograph never differ so, and different faces
    would fit too well.

    Args:
        moving: The picture that is moved, uint8 (48, 48).
        fixed: The other one.
        warp: Approximate places of the pixels of `fixed` in `moving`: float32 (2, 3).
    """
    details = _details(moving)
    wanted = _details(fixed)[MARGIN:-MARGIN, MARGIN:-MARGIN].copy()
    warp = warp.copy()
    warp[:, 2] += warp[:, :2] @ (MARGIN, MARGIN)
    start = _correlation(details, wanted, warp)
    if start < MIN_START_CORRELATION:
        return start
    try:
        _, fitted = cv2.findTransformECC(wanted, details, warp, cv2.MOTION_AFFINE, STOP, NO_MASK, 1)
    except cv2.error:  # it did not converge
        return start
    return max(start, _correlation(details, wanted, _upright(fitted, len(wanted))))


def _details(face: np.ndarray) -> np.ndarray:
    """Return the middle frequencies of a picture, float32."""
    gray = face.astype(np.float32)
    return cv2.GaussianBlur(gray, (0, 0), FINE) - cv2.GaussianBlur(gray, (0, 0), COARSE)


def _upright(warp: np.ndarray, side: int) -> np.ndarray:
    """Return a warp with the same centre and size that neither rotates nor shears."""
    centre = np.full(2, (side - 1) / 2)
    scale = np.trace(warp[:, :2]) / 2
    moved = warp[:, :2] @ centre + warp[:, 2] - scale * centre
    return np.array([[scale, 0, moved[0]], [0, scale, moved[1]]], np.float32)


def _correlation(details: np.ndarray, wanted: np.ndarray, warp: np.ndarray) -> float:
    """Return the correlation of the warped details with those wanted; 0 if one of them is constant."""
    warped = cv2.warpAffine(details, warp, wanted.shape[::-1], flags=INVERSE)
    warped = warped - warped.mean()
    wanted = wanted - wanted.mean()
    return float(np.vdot(warped, wanted) / max(np.sqrt(np.vdot(warped, warped) * np.vdot(wanted, wanted)), 1e-6))
