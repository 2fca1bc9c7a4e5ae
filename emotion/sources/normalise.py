"""Any picture of a face becomes 48x48 gray values, as in FER-2013."""

import io

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from emotion.core import pictures
from emotion.core.pictures import Detector

FORMATS = ("JPEG", "PNG", "WebP", "BMP", "GIF")
MIN_SIDE = 8  # pixels; below it nothing of an expression is left
MAX_PIXELS = 25_000_000  # of a good camera; decoding takes 400 MB
TOO_LARGE = f"more than {MAX_PIXELS:,} pixels"


class RefusedError(Exception):
    """A file that cannot be used; the message is the reason, the same for all of its kind."""


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
        RefusedError: It is no picture, too small, too large (found out before it is decoded), damaged, or has no face.
    """
    try:
        with Image.open(io.BytesIO(picture), formats=FORMATS) as image:
            _require_size(image)
            decoded = pictures.rgb(image) if detector else np.asarray(_gray(_upright(image)))
    except (RefusedError, MemoryError, ImportError):  # the last two are not the picture's fault
        raise
    except UnidentifiedImageError:
        raise RefusedError(f"no {', '.join(FORMATS[:-1])} or {FORMATS[-1]} picture") from None
    except Image.DecompressionBombError:  # Pillow's own limit, which lies higher
        raise RefusedError(TOO_LARGE) from None
    except Exception:  # decoders raise anything on damaged files
        raise RefusedError("damaged picture") from None
    return pictures.stored_png(_largest(decoded, detector) if detector else pictures.squeezed(decoded))


def _largest(photograph: np.ndarray, detector: Detector) -> np.ndarray:
    """Return the largest face of a photograph, uint8 (48, 48)."""
    faces = detector.find(photograph)
    if not faces:
        raise RefusedError("no face found")
    return pictures.crop(photograph, max(faces, key=lambda face: face.box[2] * face.box[3]), detector.margin)


def _require_size(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise RefusedError(TOO_LARGE)
    if min(image.size) < MIN_SIDE:
        raise RefusedError(f"a side of less than {MIN_SIDE} pixels")


def _upright(image: Image.Image) -> Image.Image:
    """Decode a picture and turn it as its EXIF data say."""
    # For JPEG only: a large one is decoded at half its size or less, and its gray values without its colours.
    image.draft("L", (4 * pictures.SIDE, 4 * pictures.SIDE))
    ImageOps.exif_transpose(image, in_place=True)
    return image


def _gray(image: Image.Image) -> Image.Image:
    """Return a picture of any mode in mode L, transparent parts on white."""
    if image.mode.startswith("I;16"):
        # Pillow would cut off at 255; of 16 bits in colour it keeps the higher byte, too.
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if not image.has_transparency_data:
        return image.convert("L")
    image = image.convert("RGBA")
    page = Image.new("L", image.size, 255)
    page.paste(image.convert("L"), mask=image.getchannel("A"))
    return page
