"""How well one picture of a face aligns with another, which decides whether they are near-duplicates.

The values are the same on every machine. The fit amplifies the last bit of a sum to the third digit of its result, and
processors add in different orders, so every sum is exact: of whole numbers below 2^53 in float64, of multiples of
1/1024 below 2^14 in float32. All else is done number by number, as IEEE 754 says.
"""

import cv2
import numpy as np

from emotion.core.pictures import SIDE

MARGIN = 6  # pixels at the edge that are ignored: a shift replaces them
INNER = SIDE - 2 * MARGIN
# Standard deviations of two blurs: details are coarser than noise and finer than shadows.
FINE = 0.7
COARSE = 3.0
# Details are whole numbers, in gray values / UNIT: below 2^14. From 24 to 64 the similarity changes by noise alone;
# with this one, FER-2013's groups of near-duplicates are those on which the published scores rest.
UNIT = 54
KERNEL_SUM = 2**20
# Below these, hardly any pair turns out to be a duplicate. Of the duplicates in FER-2013, the lowest after three steps
# is 0.83.
MIN_START_CORRELATION = 0.5
FIRST_STEPS = 3
MIN_CORRELATION = 0.75  # after the first steps
MAX_ITERATIONS = 30
MIN_GAIN = 1e-3  # of the correlation in an iteration, or the fit ends
ROWS, COLUMNS = (place.ravel().astype(np.float32) for place in np.indices((INNER, INNER)))


def _kernel(sigma: float) -> np.ndarray:
    """Return the weights of a Gaussian blur, whole numbers with the sum KERNEL_SUM."""
    radius = round(4 * sigma)
    weights = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * sigma**2))
    weights = np.rint(KERNEL_SUM * weights / weights.sum())
    weights[radius] += KERNEL_SUM - weights.sum()
    return weights


FINE_KERNEL, COARSE_KERNEL = _kernel(FINE), _kernel(COARSE)


def similarity(moving: np.ndarray, fixed: np.ndarray, warp: np.ndarray) -> np.ndarray:
    """Return the correlations of the details of pairs of pictures after alignment: 1 is a perfect copy.

    `moving` is moved and scaled until it fits best (enhanced correlation coefficient, Evangelidis & Psarakis, 2008).
    The fit also rotates and shears, which is undone: crops of one photograph never differ so, and different faces
    would fit too well.

    Args:
        moving: The pictures that are moved, uint8 (n, 48, 48).
        fixed: The other ones.
        warp: Approximate places of the pixels of `fixed` in `moving`: float (n, 2, 3).

    Returns:
        float64 (n,).
    """
    details = np.array([_details(face) for face in moving])
    wanted = np.array([_details(face)[MARGIN:-MARGIN, MARGIN:-MARGIN].ravel() for face in fixed])
    warp = warp.astype(np.float64)
    warp[:, :, 2] += MARGIN * (warp[:, :, 0] + warp[:, :, 1])
    found = _correlation(details, wanted, warp)
    close = np.flatnonzero(found >= MIN_START_CORRELATION)
    fitted, converged = _fit(details[close], wanted[close], warp[close])
    better = _correlation(details[close], wanted[close], _upright(fitted))
    found[close] = np.where(converged, np.fmax(found[close], better), found[close])
    return found


def _details(face: np.ndarray) -> np.ndarray:
    """Return the middle frequencies of a picture: whole numbers, float32 (48, 48)."""
    fine, coarse = (cv2.sepFilter2D(face, cv2.CV_64F, kernel, kernel) for kernel in (FINE_KERNEL, COARSE_KERNEL))
    return np.rint((fine - coarse) * (UNIT / KERNEL_SUM**2)).astype(np.float32)


def _places(warp: np.ndarray) -> np.ndarray:
    """Return the columns and rows in `moving` of the pixels of `fixed`, in 1/32 pixel: int32 (n, 2, 36, 36)."""
    column, row = (np.rint(1024 * warp[:, :, part, None] * np.arange(INNER)) for part in (0, 1))
    origin = np.rint(1024 * warp[:, :, 2, None])
    places = (row + origin)[:, :, :, None] + column[:, :, None] + 16
    return np.clip(places, -(2**19), 2**19).astype(np.int32) >> 5


def _warped(images: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the pixels at these places, interpolated: whole numbers, float32 (n, 36 x 36, channels)."""
    whole = np.ascontiguousarray((places >> 5).transpose(0, 2, 3, 1), np.int16)
    part = ((places[:, 1] & 31) * 32 + (places[:, 0] & 31)).astype(np.uint16)
    triples = zip(images, whole, part, strict=True)
    warped = [cv2.remap(image, place, fraction, cv2.INTER_LINEAR) for image, place, fraction in triples]
    return np.rint(np.array(warped).reshape(len(images), INNER * INNER, -1))


def _correlation(details: np.ndarray, wanted: np.ndarray, warp: np.ndarray) -> np.ndarray:
    """Return the correlation of the warped details with those wanted; 0 if one of them is constant."""
    vectors = np.ones((len(warp), 3, INNER * INNER))
    if len(warp):
        vectors[:, 0] = _warped(details, _places(warp))[..., 0]
        vectors[:, 1] = wanted
    return _moments(vectors @ vectors.transpose(0, 2, 1))[0]


def _moments(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the correlation, the variance of the first of the last three vectors and their covariance, by sums."""
    count = np.maximum(sums[:, -1, -1], 1)
    warped, wanted = sums[:, -3, -1], sums[:, -2, -1]
    of_warped = sums[:, -3, -3] - warped * warped / count
    of_wanted = sums[:, -2, -2] - wanted * wanted / count
    covariance = sums[:, -3, -2] - warped * wanted / count
    return covariance / np.maximum(np.sqrt(of_warped * of_wanted), 1e-6), of_warped, covariance


def _fit(details: np.ndarray, wanted: np.ndarray, warp: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the affine warps with which the details fit best, and for which pairs they were found."""
    edge = np.pad(details, ((0, 0), (1, 1), (1, 1)), "reflect")
    right, down = edge[:, 1:-1, 2:] - edge[:, 1:-1, :-2], edge[:, 2:, 1:-1] - edge[:, :-2, 1:-1]
    images = np.stack([details, np.rint(right / 2), np.rint(down / 2)], axis=-1)
    warp, rho, active = warp.copy(), np.full(len(warp), -MIN_GAIN), np.arange(len(warp))
    converged = np.ones(len(warp), bool)
    for number in range(MAX_ITERATIONS):
        if not len(active):
            break
        step, reached, fits = _step(images[active], wanted[active], warp[active])
        fits &= (reached >= MIN_CORRELATION) | (number < FIRST_STEPS)
        warp[active] += step
        goes_on = fits & (np.abs(reached - rho[active]) >= MIN_GAIN)
        converged[active[~fits]] = False
        rho[active] = reached
        active = active[goes_on]
    return warp, converged


def _step(images: np.ndarray, wanted: np.ndarray, warp: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the change of each warp, the correlation before it and whether there is a change for the better."""
    places = _places(warp)
    image, right, down = np.moveaxis(_warped(images, places), -1, 0)
    inside = ((places >= -16) & (places < 32 * SIDE - 16)).all(axis=1).reshape(image.shape)
    vectors = np.empty((len(warp), 9, INNER * INNER))
    for number, (one, other) in enumerate(
        [
            (right, COLUMNS),
            (down, COLUMNS),
            (right, ROWS),
            (down, ROWS),
            (right, 1),
            (down, 1),
            (image, inside),
            (wanted, inside),
            (inside, 1),
        ]
    ):
        np.multiply(one, np.asarray(other), out=vectors[:, number], casting="unsafe")
    sums = vectors @ vectors.transpose(0, 2, 1)
    with np.errstate(all="ignore"):
        rho, variance, covariance = _moments(sums)
        mean = sums[:, 6:8, 8] / sums[:, 8, 8, None]
        projected = sums[:, :6, 6:8] - sums[:, :6, 8, None] * mean[:, None]
        solved = _solved(np.concatenate([sums[:, :6, :6], projected], axis=2))
        explained = [sum(projected[:, row, side] * solved[:, row, 0] for row in range(6)) for side in (0, 1)]
        gain = (variance - explained[0]) / (covariance - explained[1])
        step = gain[:, None] * solved[:, :, 1] - solved[:, :, 0]
        fits = (covariance - explained[1] > 0) & np.isfinite(step).all(axis=1)
    step = np.where(fits[:, None], step, 0)
    return step.reshape(-1, 3, 2).transpose(0, 2, 1), rho, fits


def _solved(equations: np.ndarray) -> np.ndarray:
    """Return the solutions of linear equations (n, 6, 6 + right-hand sides), by Gauss-Jordan elimination."""
    for row in range(equations.shape[1]):
        pivot = equations[:, row] / equations[:, row, row, None]
        equations = equations - equations[:, :, row, None] * pivot[:, None]
        equations[:, row] = pivot
    return equations[:, :, equations.shape[1] :]


def _upright(warp: np.ndarray) -> np.ndarray:
    """Return warps with the same centre and size that neither rotate nor shear."""
    centre = (INNER - 1) / 2
    scale = (warp[:, 0, 0] + warp[:, 1, 1]) / 2
    moved = warp[:, :, 0] * centre + warp[:, :, 1] * centre + warp[:, :, 2] - (scale * centre)[:, None]
    upright = np.zeros_like(warp)
    upright[:, 0, 0] = upright[:, 1, 1] = scale
    upright[:, :, 2] = moved
    return upright
