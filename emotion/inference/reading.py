"""Read any picture into an array: RGB, uint8 (height, width, 3)."""

import io
import os
import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from emotion.core import pictures
from emotion.core.errors import InputError

FORMATS = ("JPEG", "PNG", "WebP", "BMP", "GIF", "TIFF")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
MAX_PIXELS = 80_000_000  # 240 MB in memory; Pillow's own warning begins a little above
MAX_SIDE = 32_000  # OpenCV can neither rotate nor crop anything longer
DAMAGED = "damaged: it is truncated or corrupt"

Picture = str | os.PathLike[str] | bytes | np.ndarray | Image.Image


def read(picture: Picture, bgr: bool = False, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Return a picture's first frame, rotated by its EXIF data, with white behind transparent areas.

    Args:
        picture: A path, the bytes of a file, a Pillow image, or an array (height, width) or (height, width, 1, 3 or 4).
            Arrays hold 0 to 255; floats that never exceed 1 hold 0 to 1; uint16 holds 0 to 65535.
        bgr: Arrays hold blue first, as OpenCV's do.
        max_pixels: Of the picture; at most MAX_PIXELS.

    Raises:
        InputError: It is missing, empty, too large (reported before it is decoded), damaged, or not a picture.
    """
    if isinstance(picture, np.ndarray):
        return _of_array(picture, bgr, max_pixels)
    if isinstance(picture, Image.Image):
        return _of_image(picture, "the picture", max_pixels)
    if isinstance(picture, bytes | bytearray | memoryview):
        return _of_file(io.BytesIO(picture), "the picture", len(picture), max_pixels)
    if isinstance(picture, str | os.PathLike):
        return _of_path(Path(picture), max_pixels)
    raise InputError(f"a picture is a path, bytes, an array or a Pillow image, not {type(picture).__name__}")


def _of_path(path: Path, max_pixels: int) -> np.ndarray:
    if not path.exists():
        raise InputError(f"{path}: there is no such file")
    if not path.is_file():
        raise InputError(f"{path}: {'a folder' if path.is_dir() else 'a pipe or a device'}, not a picture")
    try:
        with path.open("rb") as file:
            return _of_file(file, str(path), path.stat().st_size, max_pixels)
    except PermissionError:
        raise InputError(f"{path}: permission denied: make it readable") from None


def _of_file(file: Any, name: str, size: int, max_pixels: int) -> np.ndarray:
    if not size:
        raise InputError(f"{name}: empty")
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(file, formats=FORMATS) as image:
            return _of_image(image, name, max_pixels)
    except UnidentifiedImageError:
        raise InputError(f"{name}: not a picture in a supported format ({', '.join(FORMATS)})") from None
    except Image.DecompressionBombError:  # Pillow's own limit, which is higher
        raise InputError(f"{name}: more than {max_pixels:,} pixels: make it smaller") from None
    except (InputError, PermissionError, MemoryError):
        raise
    except Exception:  # what precedes a picture's size can be damaged or a decompression bomb, too
        raise InputError(f"{name}: {DAMAGED}") from None


def _of_image(image: Image.Image, name: str, max_pixels: int) -> np.ndarray:
    _require_size(image.height, image.width, name, max_pixels)
    try:
        return pictures.rgb(image)
    except (MemoryError, KeyboardInterrupt):  # not the picture's fault
        raise
    except Exception:  # on damaged files the decoders raise all kinds of exceptions
        raise InputError(f"{name}: {DAMAGED}") from None


def _of_array(array: np.ndarray, bgr: bool, max_pixels: int) -> np.ndarray:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise InputError(
            f"an array of shape {array.shape} is not a picture: (height, width) or (height, width, 1, 3 or 4) is"
        )
    _require_size(array.shape[0], array.shape[1], "the array", max_pixels)
    array = _bytes(array)
    if array.ndim == 2 or array.shape[2] == 1:
        return cv2.cvtColor(array, cv2.COLOR_GRAY2RGB)
    if array.shape[2] == 4:
        opacity = array[..., 3:].astype(np.uint16)
        array = ((array[..., :3] * opacity + 255 * (255 - opacity) + 127) // 255).astype(np.uint8)
    return np.ascontiguousarray(array[..., ::-1] if bgr else array)


def _bytes(array: np.ndarray) -> np.ndarray:
    """Return an array's values as uint8, contiguous in memory."""
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    if array.dtype == np.uint16:
        return (array >> 8).astype(np.uint8)
    if not (np.issubdtype(array.dtype, np.integer) or np.issubdtype(array.dtype, np.floating)):
        raise InputError(f"an array of {array.dtype} is not a picture: uint8 or float is")
    if array.dtype != np.uint8:
        low = array.min()
        high = array.max()
        if not (low >= 0 and high <= 255):  # NaN fails, too
            raise InputError(f"the array holds {low:g} to {high:g}: a picture holds 0 to 255, or floats from 0 to 1")
        scale = 255 if np.issubdtype(array.dtype, np.floating) and high <= 1 else 1
        array = np.round(array * scale)
    return np.ascontiguousarray(array, np.uint8)


def _require_size(height: int, width: int, name: str, max_pixels: int) -> None:
    if not height or not width:
        raise InputError(f"{name}: empty")
    if height * width > max_pixels or max(height, width) > MAX_SIDE:
        limits = f"at most {max_pixels:,} pixels and {MAX_SIDE:,} per side are allowed"
        raise InputError(f"{name}: {width:,} x {height:,} pixels: {limits}: make it smaller")
