"""Any picture of a face becomes what FER-2013 is made of: 48x48 gray values."""

import io

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from emotion import faces

FORMATS = ("JPEG", "PNG", "WebP", "BMP", "GIF")
# Below the first nothing of an expression is left; the second is what a good camera takes, and 400 MB while it is read.
SMALLEST_SIDE = 8
PIXELS = 25_000_000


class RefusedError(Exception):
    """A file that cannot be used; the message is the reason, the same for all of its kind."""


def normalise(picture: bytes, detector: faces.Haar | None = None) -> bytes:
    """Return a picture file's first frame as a PNG of 48x48 gray pixels, the same bytes on every machine.

    It is turned as its EXIF data say, stands on white where it is transparent, and is squeezed where it is not
    square: a crop would take the brows or the chin of a face that is cut out closely, and with them the emotion.
    A gray picture of 48x48 pixels keeps its values.

    Args:
        picture: Content of the file.
        detector: What looks for faces in a photograph, of which the largest is cut out as the apps do it. None takes
            the whole picture for a face.

    Raises:
        RefusedError: It is no picture, too small, too large (told before it is decoded) or damaged, or has no face.
    """
    try:
        with Image.open(io.BytesIO(picture), formats=FORMATS) as image:
            _require_size(image)
            decoded = faces.rgb(image) if detector else np.asarray(_gray(_upright(image)))
    except (RefusedError, MemoryError, ImportError):  # the last ones are not the picture's fault
        raise
    except UnidentifiedImageError:
        raise RefusedError(f"no {', '.join(FORMATS[:-1])} or {FORMATS[-1]} picture") from None
    except Image.DecompressionBombError:  # Pillow's own limit, which lies higher
        raise RefusedError(_TOO_LARGE) from None
    except Exception:  # on damaged files the decoders raise whatever they run into
        raise RefusedError("damaged picture") from None
    return stored_png(_largest(decoded, detector) if detector else faces.squeezed(decoded))


def stored_png(gray: np.ndarray) -> bytes:
    """Return gray values as a PNG file, stored: compressors differ between machines, and noise hardly shrinks."""
    return cv2.imencode(".png", gray, [cv2.IMWRITE_PNG_COMPRESSION, 0])[1].tobytes()


_TOO_LARGE = f"more than {PIXELS:,} pixels"


def _largest(photograph: np.ndarray, detector: faces.Haar) -> np.ndarray:
    """Return the largest face of a photograph, uint8 (48, 48)."""
    found = detector.find(photograph)
    if not found:
        raise RefusedError("no face found")
    return faces.crop(photograph, max(found, key=lambda face: face.box[2] * face.box[3]), detector.margin)


def _require_size(image: Image.Image) -> None:
    if image.width * image.height > PIXELS:
        raise RefusedError(_TOO_LARGE)
    if min(image.size) < SMALLEST_SIDE:
        raise RefusedError(f"a side of less than {SMALLEST_SIDE} pixels")


def _upright(image: Image.Image) -> Image.Image:
    """Decode a picture and turn it as its EXIF data say."""
    # JPEG alone: a large one is decoded at half its size or less, and its gray values without its colours.
    image.draft("L", (4 * faces.SIDE, 4 * faces.SIDE))
    ImageOps.exif_transpose(image, in_place=True)
    return image


def _gray(image: Image.Image) -> Image.Image:
    """Return a picture of any mode in mode L, transparent parts on white, as a page shows them."""
    if image.mode.startswith("I;16"):
        # Pillow would cut off at 255; the higher byte is also what it keeps of 16 bits in colour.
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if not image.has_transparency_data:
        return image.convert("L")
    image = image.convert("RGBA")
    page = Image.new("L", image.size, 255)
    page.paste(image.convert("L"), mask=image.getchannel("A"))
    return page
