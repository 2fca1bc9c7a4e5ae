"""Picture files as arrays of 8 bits: which formats are read, and by which rules, for training data and apps alike."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np
from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from emotion.core import metadata
from emotion.core.errors import InputError

FORMATS: Final = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "WebP": (".webp",),
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
    "AVIF": (".avif",),
}
NOT_READ = (".heic", ".heif")  # Pillow decodes them with a package of its own alone; each is reported with the remedy
SUFFIXES: Final = (*(suffix for suffixes in FORMATS.values() for suffix in suffixes), *NOT_READ)
HEIC = re.compile(rb".{4}ftyp(?=.{0,64}?he(?:ic|ix|im|is|vc|vx))(?!.{0,64}?avi[fs])", re.DOTALL)  # brands of a file
UNKNOWN = f"not a picture in a supported format ({', '.join(FORMATS)})"
DAMAGED = "damaged: it is truncated or corrupt"
MIN_RANGE = 1 << 12  # of 16 bits: what reaches less, such as a camera's 12 bits, would become almost black

TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class UnusableError(Exception):
    """A picture that cannot be used; the message is the reason alone, the same for all of its kind."""


@contextmanager
def opened(content: bytes, max_pixels: int) -> Iterator[Image.Image]:
    """Open a picture file, of whose metadata the orientation alone is read.

    Args:
        content: Of the file.
        max_pixels: What the reason names if Pillow's own limit, which is higher, is exceeded.

    Raises:
        UnusableError: It is no picture in a supported format, or damaged, which may show when it is decoded.
    """
    if HEIC.match(content):
        raise UnusableError("HEIC, which is not supported: convert it to JPEG")
    bare, exif = metadata.split(content)
    try:
        with Image.open(io.BytesIO(bare), formats=tuple(FORMATS)) as image:
            if exif:
                image.info["exif"] = exif
            yield image
    except UnidentifiedImageError:
        raise UnusableError(_unidentified(content)) from None
    except Image.DecompressionBombError:
        raise UnusableError(f"more than {max_pixels:,} pixels: make it smaller") from None
    except (UnusableError, InputError, MemoryError, ImportError):  # the last two are not the picture's fault
        raise
    except Exception:  # on damaged files the decoders raise all kinds of exceptions
        raise UnusableError(DAMAGED) from None


def _unidentified(content: bytes) -> str:
    """Return why Pillow cannot open a file."""
    avif = content[4:12] in (b"ftypavif", b"ftypavis")
    if avif or content.startswith((metadata.JPEG, metadata.PNG, *metadata.ORDERS, b"RIFF", b"GIF8")):
        return "damaged, or of a rare kind: save it again with 8 bits per channel"
    return UNKNOWN if content else "empty"


def rgb(image: Image.Image) -> np.ndarray:
    """Return a picture as RGB uint8 (height, width, 3): turned as its EXIF data say, transparent parts on white.

    Raises:
        UnusableError: Its values are out of range, see `scaled`.
    """
    image = _upright_bytes(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("RGB"))


def gray(image: Image.Image) -> np.ndarray:
    """Return the gray values of a picture, uint8 (height, width), by the rules of `rgb`."""
    image = _upright_bytes(image)
    if not image.has_transparency_data:
        return np.asarray(image.convert("L"))
    image = image.convert("RGBA")
    page = Image.new("L", image.size, 255)
    page.paste(image.convert("L"), mask=image.getchannel("A"))
    return np.asarray(page)


def scaled(values: np.ndarray) -> np.ndarray:
    """Return gray values or colours of any type as uint8, contiguous in memory.

    Args:
        values: 0 to 255; floats that never exceed 1 are 0 to 1; uint16 is 0 to 65535.

    Raises:
        UnusableError: The values are out of this range, or so low that the picture would be almost black.
    """
    if values.dtype == bool:
        return values.astype(np.uint8) * 255
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    low, high = values.min(), values.max()
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:
        if 0 < high < MIN_RANGE:
            raise UnusableError("almost black, because it uses 12 of its 16 bits at most: convert it to 8 bits")
        return (values >> 8).astype(np.uint8)
    if not (low >= 0 and high <= 255):  # NaN fails, too
        raise UnusableError("its values are not all from 0 to 255, or floats from 0 to 1: convert it to 8 bits")
    return np.round(values * (255 if values.dtype.kind == "f" and high <= 1 else 1)).astype(np.uint8)


def _upright_bytes(image: Image.Image) -> Image.Image:
    """Decode a picture, turn it as its EXIF data say, and scale its values to 8 bits."""
    image.load()  # which turns a TIFF
    turn = TURNS.get(metadata.orientation(image.info.get("exif", b"")))
    image = _of_eight_bits(image)
    return image if turn is None else image.transpose(turn)


def _of_eight_bits(image: Image.Image) -> Image.Image:
    if not image.mode.startswith(("I", "F")):
        return image.convert("RGB") if image.mode in ("LAB", "HSV") else image
    tags = getattr(image, "tag_v2", {})
    values = np.asarray(image)
    if tags.get(TiffImagePlugin.BITSPERSAMPLE) == (12,):
        values = values << 4
    key = image.info.get("transparency")
    clear = values == key if isinstance(key, int) else False
    values = scaled(values)
    if tags.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0:  # 0 is white, which Pillow heeds for 8 bits alone
        values = 255 - values
    return Image.fromarray(np.where(clear, np.uint8(255), values))
