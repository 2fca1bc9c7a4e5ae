"""How well one picture of a face can be laid over another: what decides whether they show the same photograph."""

import cv2
import numpy as np

MARGIN = 6  # pixels at the edge that do not count: a shift brings in others
FINE, COARSE = 0.7, 3.0  # what counts is finer than shadows and coarser than noise: standard deviations of two blurs
HOPELESS = 0.5  # below this at the start, hardly any pair turns out to be a copy
EVERYWHERE = np.full((48, 48), 255, np.uint8)
STEPS = cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 30, 1e-3
INVERSE = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


def similarity(moving: np.ndarray, fixed: np.ndarray, warp: np.ndarray) -> float:
    """Return the correlation of the details of two pictures, one laid over the other: 1 is a perfect copy.

    It is moved and scaled until it fits best (enhanced correlation coefficient, Evangelidis & Psarakis, 2008). That
    also turns and shears, which is undone, because two crops of a photograph never differ so: different faces
    would fit too well.

    Args:
        moving: The picture that is laid over the other, uint8 (48, 48).
        fixed: The other one.
        warp: Where pixels of `fixed` lie in `moving`, roughly: float32 (2, 3).
    """
    details, wanted = _details(moving), _details(fixed)[MARGIN:-MARGIN, MARGIN:-MARGIN].copy()
    warp = warp.copy()
    warp[:, 2] += warp[:, :2] @ (MARGIN, MARGIN)
    start = _correlation(details, wanted, warp)
    if start < HOPELESS:
        return start
    try:
        _, fitted = cv2.findTransformECC(wanted, details, warp, cv2.MOTION_AFFINE, STEPS, EVERYWHERE, 1)
    except cv2.error:  # it found no way to a better place
        return start
    return max(start, _correlation(details, wanted, _upright(fitted, len(wanted))))


def _details(face: np.ndarray) -> np.ndarray:
    """Return the middle frequencies of a picture, float32."""
    gray = face.astype(np.float32)
    return cv2.GaussianBlur(gray, (0, 0), FINE) - cv2.GaussianBlur(gray, (0, 0), COARSE)


def _upright(warp: np.ndarray, side: int) -> np.ndarray:
    """Return a warp with the same centre and size that neither turns nor shears."""
    centre = np.full(2, (side - 1) / 2)
    scale = np.trace(warp[:, :2]) / 2
    moved = warp[:, :2] @ centre + warp[:, 2] - scale * centre
    return np.array([[scale, 0, moved[0]], [0, scale, moved[1]]], np.float32)


def _correlation(details: np.ndarray, wanted: np.ndarray, warp: np.ndarray) -> float:
    """Return the correlation of what lies where the warp says with what is wanted there; 0 where nothing varies."""
    there = cv2.warpAffine(details, warp, wanted.shape[::-1], flags=INVERSE)
    there, wanted = there - there.mean(), wanted - wanted.mean()
    return float(np.vdot(there, wanted) / max(np.sqrt(np.vdot(there, there) * np.vdot(wanted, wanted)), 1e-6))
