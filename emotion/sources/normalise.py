"""Any picture of a face becomes 48x48 gray values, as in FER-2013."""

import numpy as np
from PIL import Image

from emotion.core import decoding, pictures
from emotion.core.decoding import UnusableError
from emotion.core.pictures import Detector

MIN_SIDE = 8  # pixels; below it nothing of an expression is left
MAX_PIXELS = 25_000_000  # of a good camera; decoding takes 400 MB


def normalise(picture: bytes, detector: Detector | None = None) -> bytes:
    """Return a picture file's first frame as a PNG of 48x48 gray pixels, the same bytes on every machine.

    It is turned as its EXIF data say, gets a white background where it is transparent, and is squeezed if it is
    not square: a crop would cut off the brows or the chin of a tight face crop, and with them the emotion.
    A gray picture of 48x48 pixels keeps its values.

    Args:
        picture: Content of the file.
        detector: Finds the faces in a photograph, of which the largest is cut out as in the apps. None: the whole
            picture is a face.

    Raises:
        UnusableError: It is no picture, too small, too large (found out before it is decoded), damaged, or has no face.
    """
    with decoding.opened(picture, MAX_PIXELS) as image:
        _require_size(image)
        if not detector:
            # For JPEG only: a large one is decoded at half its size or less, and its gray values without its colours.
            image.draft("L", (4 * pictures.SIDE, 4 * pictures.SIDE))
        decoded = decoding.rgb(image) if detector else decoding.gray(image)
    return pictures.stored_png(_largest(decoded, detector) if detector else pictures.squeezed(decoded))


def _largest(photograph: np.ndarray, detector: Detector) -> np.ndarray:
    """Return the largest face of a photograph, uint8 (48, 48)."""
    faces = detector.find(photograph)
    if not faces:
        raise UnusableError("no face found")
    return pictures.crop(photograph, max(faces, key=lambda face: face.box[2] * face.box[3]), detector.margin)


def _require_size(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise UnusableError(f"more than {MAX_PIXELS:,} pixels: make it smaller")
    if min(image.size) < MIN_SIDE:
        raise UnusableError(f"a side of less than {MIN_SIDE} pixels")
