"""Read any picture into an array: RGB, uint8 (height, width, 3)."""

import os
import warnings
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, TiffImagePlugin

from emotion.core import decoding
from emotion.core.decoding import UnusableError
from emotion.core.errors import InputError

MAX_PIXELS = 80_000_000  # 240 MB in memory; Pillow's own warning begins a little above
MAX_SIDE = 32_000  # OpenCV can neither rotate nor crop anything longer
MAX_BYTES = 8 * MAX_PIXELS  # of a file: the most that so many pixels need, in colour with 16 bits

Picture = str | os.PathLike[str] | bytes | np.ndarray | Image.Image


def read(picture: Picture, bgr: bool = False, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Return a picture's first frame, rotated by its EXIF data, with white behind transparent areas.

    Args:
        picture: A path, the bytes of a file, a Pillow image, or an array (height, width) or (height, width, 1, 3 or 4).
            Values of arrays, and gray ones of files, are scaled as `emotion.core.decoding.scaled` says.
        bgr: Arrays hold blue first, as OpenCV's do.
        max_pixels: Of the picture; at most MAX_PIXELS.

    Raises:
        InputError: It is missing, empty, too large (reported before it is decoded), damaged, or not a picture.
    """
    if isinstance(picture, np.ndarray):
        return _of_array(picture, bgr, max_pixels)
    if isinstance(picture, Image.Image):
        return _of_image(picture, max_pixels)
    if isinstance(picture, bytes | bytearray | memoryview):
        return _of_bytes(bytes(picture), "the picture", max_pixels)
    if isinstance(picture, str | os.PathLike):
        return _of_path(Path(picture), max_pixels)
    raise InputError(f"a picture is a path, bytes, an array or a Pillow image, not {type(picture).__name__}")


def _of_path(path: Path, max_pixels: int) -> np.ndarray:
    if not path.exists():
        raise InputError(f"{path}: there is no such file")
    if not path.is_file():
        raise InputError(f"{path}: {'a folder' if path.is_dir() else 'a pipe or a device'}, not a picture")
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{path}: {path.stat().st_size:,} bytes: at most {MAX_BYTES:,} are allowed: make it smaller")
    try:
        content = path.read_bytes()
    except PermissionError:
        raise InputError(f"{path}: permission denied: make it readable") from None
    return _of_bytes(content, str(path), max_pixels)


def _of_bytes(content: bytes, name: str, max_pixels: int) -> np.ndarray:
    try:
        with warnings.catch_warnings(action="ignore"), decoding.opened(content, max_pixels) as image:
            _require_size(image.height, image.width, name, max_pixels)
            return decoding.rgb(image)
    except UnusableError as reason:
        raise InputError(f"{name}: {reason}") from None


def _of_image(image: Image.Image, max_pixels: int) -> np.ndarray:
    _require_size(image.height, image.width, "the picture", max_pixels)
    try:
        if isinstance(image, TiffImagePlugin.TiffImageFile) and image.tile:
            image = _reopened(image)
        return decoding.rgb(image)
    except UnusableError as reason:
        raise InputError(f"the picture: {reason}") from None
    except MemoryError:  # not the picture's fault
        raise
    except Exception:  # on damaged files the decoders raise all kinds of exceptions
        raise InputError(f"the picture: {decoding.DAMAGED}") from None


def _reopened(image: TiffImagePlugin.TiffImageFile) -> Image.Image:
    """Return a TIFF that is not decoded yet without its name: Pillow 13 shears turned ones that it maps into memory."""
    assert image.fp is not None  # as long as it is not decoded
    again = Image.open(image.fp, formats=("TIFF",))
    again.seek(image.tell())
    return again


def _of_array(array: np.ndarray, bgr: bool, max_pixels: int) -> np.ndarray:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise InputError(
            f"an array of shape {array.shape} is not a picture: (height, width) or (height, width, 1, 3 or 4) is"
        )
    _require_size(array.shape[0], array.shape[1], "the array", max_pixels)
    if array.dtype.kind not in "buif":
        raise InputError(f"an array of {array.dtype} is not a picture: uint8 or float is")
    try:
        array = decoding.scaled(array)
    except UnusableError as reason:
        raise InputError(f"the array of {array.dtype} holds {array.min():g} to {array.max():g}: {reason}") from None
    if array.ndim == 2 or array.shape[2] == 1:
        return cv2.cvtColor(array, cv2.COLOR_GRAY2RGB)
    if array.shape[2] == 4:
        opacity = array[..., 3:].astype(np.uint16)
        array = ((array[..., :3] * opacity + 255 * (255 - opacity) + 127) // 255).astype(np.uint8)
    return np.ascontiguousarray(array[..., ::-1] if bgr else array)


def _require_size(height: int, width: int, name: str, max_pixels: int) -> None:
    if not height or not width:
        raise InputError(f"{name}: empty")
    if height * width > max_pixels or max(height, width) > MAX_SIDE:
        limits = f"at most {max_pixels:,} pixels and {MAX_SIDE:,} per side are allowed"
        raise InputError(f"{name}: {width:,} x {height:,} pixels: {limits}: make it smaller")
