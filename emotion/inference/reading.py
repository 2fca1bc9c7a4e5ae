"""Whatever holds a picture becomes an array: RGB, uint8 (height, width, 3)."""

import io
import os
import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from emotion import faces
from emotion.errors import InputError

FORMATS = ("JPEG", "PNG", "WebP", "BMP", "GIF", "TIFF")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
PIXELS = 80_000_000  # 240 MB while the picture is there; Pillow itself begins to warn a little above
LONGEST = 32_000  # OpenCV cannot turn or cut anything longer
DAMAGED = "damaged: it ends too early or holds what no picture can hold"

Picture = str | os.PathLike[str] | bytes | np.ndarray | Image.Image


def read(picture: Picture, bgr: bool = False, most: int = PIXELS) -> np.ndarray:
    """Return a picture's first frame, turned as its EXIF data say and on white where it is transparent.

    Args:
        picture: A path, the bytes of a file, a Pillow image, or an array (height, width) or (height, width, 1, 3 or 4).
            Arrays hold 0 to 255; of floats, if none is above 1, 0 to 1; of 16 bits, 0 to 65535.
        bgr: Arrays hold blue first, as OpenCV's do.
        most: Pixels that a picture may have, at most PIXELS.

    Raises:
        InputError: It is missing, empty, too large (told before it is decoded), damaged, or no picture.
    """
    if isinstance(picture, np.ndarray):
        return _of_array(picture, bgr, most)
    if isinstance(picture, Image.Image):
        return _of_image(picture, "the picture", most)
    if isinstance(picture, (bytes, bytearray, memoryview)):
        return _of_file(io.BytesIO(picture), "the picture", len(picture), most)
    if isinstance(picture, (str, os.PathLike)):
        path = Path(picture)
        if not path.is_file():
            other = "a folder, not a picture" if path.is_dir() else "a pipe or a device, not a file"
            what = other if path.exists() else "there is no such file"
            raise InputError(f"{path}: {what}")
        try:
            with path.open("rb") as file:
                return _of_file(file, str(path), path.stat().st_size, most)
        except PermissionError:
            raise InputError(f"{path}: may not be read: change its permissions") from None
    raise InputError(f"a picture is a path, bytes, an array or a Pillow image, not {type(picture).__name__}")


def _of_file(file: Any, name: str, size: int, most: int) -> np.ndarray:
    if not size:
        raise InputError(f"{name}: empty")
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(file, formats=FORMATS) as image:
            return _of_image(image, name, most)
    except UnidentifiedImageError:
        raise InputError(f"{name}: no picture of a kind that can be read ({', '.join(FORMATS)})") from None
    except Image.DecompressionBombError:  # Pillow's own limit, which lies higher
        raise InputError(f"{name}: more than {most:,} pixels: make it smaller") from None
    except (InputError, PermissionError, MemoryError):
        raise
    except Exception:  # what stands before a picture's size can be damaged, too, or a bomb
        raise InputError(f"{name}: {DAMAGED}") from None


def _of_image(image: Image.Image, name: str, most: int) -> np.ndarray:
    _require_size(image.height, image.width, name, most)
    try:
        return faces.rgb(image)
    except (MemoryError, KeyboardInterrupt):  # not the picture's fault
        raise
    except Exception:  # on damaged files the decoders raise whatever they run into
        raise InputError(f"{name}: {DAMAGED}") from None


def _of_array(array: np.ndarray, bgr: bool, most: int) -> np.ndarray:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise InputError(
            f"an array of shape {array.shape} is no picture: (height, width) or (height, width, 1, 3 or 4)"
        )
    _require_size(array.shape[0], array.shape[1], "the array", most)
    array = _bytes(array)
    if array.ndim == 2 or array.shape[2] == 1:
        return cv2.cvtColor(array, cv2.COLOR_GRAY2RGB)
    if array.shape[2] == 4:
        opaque = array[..., 3:].astype(np.uint16)
        array = ((array[..., :3] * opaque + 255 * (255 - opaque) + 127) // 255).astype(np.uint8)
    return np.ascontiguousarray(array[..., ::-1] if bgr else array)


def _bytes(array: np.ndarray) -> np.ndarray:
    """Return an array's values as uint8, in memory without gaps."""
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    if array.dtype == np.uint16:
        return (array >> 8).astype(np.uint8)
    if not (np.issubdtype(array.dtype, np.integer) or np.issubdtype(array.dtype, np.floating)):
        raise InputError(f"an array of {array.dtype} is no picture: uint8 or float is")
    if array.dtype != np.uint8:
        low, high = array.min(), array.max()
        if not (low >= 0 and high <= 255):  # not a number fails, too
            raise InputError(f"the array holds {low:g} to {high:g}: a picture holds 0 to 255, or floats from 0 to 1")
        scale = 255 if np.issubdtype(array.dtype, np.floating) and high <= 1 else 1
        array = np.round(array * scale)
    return np.ascontiguousarray(array, np.uint8)


def _require_size(height: int, width: int, name: str, limit: int) -> None:
    if not height or not width:
        raise InputError(f"{name}: empty")
    if height * width > limit or max(height, width) > LONGEST:
        most = f"{limit:,} pixels and {LONGEST:,} a side are the most"
        raise InputError(f"{name}: {width:,} x {height:,} pixels: {most}: make it smaller")
