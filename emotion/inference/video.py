"""The frames of videos, cameras and streams, as players show them."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np

DEFAULT_RATE = 25.0  # frames/s of videos that do not state theirs
MAX_INDEX = 2**31 - 1  # of a camera: OpenCV takes a C int
CONTAINERS = (b"moov", b"trak", b"mdia")  # boxes of an MP4 file that lead to what is read here

Matrix = tuple[int, int, int, int]


class Video:
    """A video that is open for reading; `name` is a path, the index of a camera, or an address such as rtsp://...

    Attributes:
        rate: Frames per second.
        length: Number of frames that it announces; 0 if it announces none, as streams do.
    """

    def __init__(self, name: str | int | Path) -> None:
        self._mirror: Matrix | None = None
        if isinstance(name, int) or "://" in str(name):
            self._capture = cv2.VideoCapture(name)
        else:
            self._capture = cv2.VideoCapture(local(name))
            self._mirror = _mirror(name)
        if self._mirror:  # OpenCV knows its angle alone, and turns it upside down
            self._capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate = rate if 0 < rate < 1000 else DEFAULT_RATE
        self.length = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))

    @property
    def opened(self) -> bool:
        """Whether it can be read."""
        return self._capture.isOpened()

    def read(self) -> np.ndarray | None:
        """Return the next frame, BGR uint8 (height, width, 3); None at the end."""
        more, frame = self._capture.read()
        if not more:
            return None
        return _shown(frame, self._mirror) if self._mirror else frame

    def close(self) -> None:
        """Release the file or the camera."""
        self._capture.release()


def camera_index(name: str) -> int | None:
    """Return the index of a camera that a text may be, None for anything else."""
    return int(name) if name.isdecimal() and int(name) <= MAX_INDEX else None


def local(path: str | Path) -> str:
    """Return a path as OpenCV's videos take it: bytes, as names need not be UTF-8.

    It is absolute, because FFmpeg takes `12:30.mp4` for an address.
    """
    return os.fsencode(os.path.abspath(path))  # type: ignore[return-value]  # OpenCV's types know no bytes


def _mirror(path: str | Path) -> Matrix | None:
    """Return the display matrix (a, b, c, d) of the first video in an MP4 or MOV file, if it mirrors.

    A pixel at (x, y) is shown at (ax + cy, bx + dy).
    """
    try:
        with open(path, "rb") as file:
            a, b, c, d = _display_matrix(file, os.fstat(file.fileno()).st_size)
    except (OSError, struct.error):
        return None
    right_angled = (a or b) and (a == d == 0 or b == c == 0)
    return (a, b, c, d) if right_angled and a * d < b * c else None


def _display_matrix(file: BinaryIO, size: int) -> Matrix:
    matrix: Matrix = (1, 0, 0, 1)
    for kind in _boxes(file, size):
        if kind == b"tkhd":
            header = file.read(72)
            wide = header[:1] == b"\1"  # times of 64 bits stand before it
            a, b, _, c, d = struct.unpack_from(">5i", header, 52 if wide else 40)
            matrix = a, b, c, d
        if kind == b"hdlr" and file.read(12).endswith(b"vide"):
            return matrix
    return 1, 0, 0, 1


def _boxes(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the kind of each box, when the file is at its content; of containers, what they hold instead."""
    start = 0
    while start + 8 <= size:
        file.seek(start)
        length, kind = struct.unpack(">I4s", file.read(8))
        if length == 1:
            (length,) = struct.unpack(">Q", file.read(8))
        content = file.tell()
        if kind not in CONTAINERS:
            yield kind
        if 0 < length < content - start:
            return
        start = content if kind in CONTAINERS else start + (length or size)


def _shown(frame: np.ndarray, matrix: Matrix) -> np.ndarray:
    """Return a frame as a right-angled display matrix shows it."""
    a, b, c, d = np.sign(matrix)
    if b:
        return np.ascontiguousarray(frame.transpose(1, 0, 2)[::b, ::c])
    return np.ascontiguousarray(frame[::d, ::a])
