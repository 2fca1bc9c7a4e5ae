"""The inputs of `emotion predict`: pictures, videos, folders of these, or a picture from stdin, as frames."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from emotion.core import folders
from emotion.core.decoding import FORMATS
from emotion.core.errors import InputError
from emotion.core.folders import Refused
from emotion.inference import reading
from emotion.inference.video import DEFAULT_RATE, Video

VIDEOS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv")
# Of annotated pictures; .png is appended to other names.
WRITTEN = tuple(suffix for kind in ("JPEG", "PNG", "WebP", "BMP") for suffix in FORMATS[kind])
MAX_NAME_BYTES = 200  # of the 255 that file systems allow, because a file in the making has a longer name
MIN_READ = 0.95  # share of the frames that a video announces; announcements may be slightly wrong


@dataclass(frozen=True)
class Source:
    """A picture or a video.

    Attributes:
        path: Where it is; None reads stdin.
        name: Relative path of its outputs.
    """

    path: Path | None
    name: Path

    @property
    def video(self) -> bool:
        """Whether it is a video, by its suffix."""
        return self.name.suffix.lower() in VIDEOS

    @property
    def short(self) -> Path:
        """Its name, of which the beginning is cut off if it is too long for outputs; the end tells it from others."""
        name = self.name.name
        while len(os.fsencode(name)) > MAX_NAME_BYTES:
            name = name[1:]
        return self.name.with_name(name)

    @property
    def annotated(self) -> Path:
        """Relative path of its annotated copy."""
        known, other = ((".mp4",), ".mp4") if self.video else (WRITTEN, ".png")
        return self.short if self.short.suffix.lower() in known else Path(f"{self.short}{other}")

    def __str__(self) -> str:
        """Return its path as the user gave it."""
        return str(self.path or "stdin")


@dataclass(frozen=True)
class Frame:
    """A picture, or one of a video; `pixels` are RGB uint8 (height, width, 3), `rate` is in frames per second."""

    source: Source
    pixels: np.ndarray
    number: int = 0
    rate: float = DEFAULT_RATE


def collect(inputs: Iterable[str], refused: Refused, output: str | None = None) -> list[Source]:
    """Return the named files, each under a unique name; of folders, all pictures and videos in and below them.

    Args:
        inputs: Paths of files and folders; - is a picture from stdin.
        refused: Receives the path of each other file in a folder, and the reason.
        output: A folder for outputs; where it lies in one of the folders, what it holds is left out.

    Raises:
        InputError: An input does not exist, or a folder holds no pictures or videos.
    """
    found: list[Source] = []
    written = Path(output).resolve() if output else None
    for name in inputs:
        path = Path(name)
        if name == "-":
            found.append(Source(None, Path("stdin.png")))
        elif path.is_dir():
            files = folders.pictures(path, refused, *VIDEOS)
            if written and path.resolve() in written.parents:  # of the last run
                files = [file for file in files if written not in file.resolve().parents]
            if not files:
                raise InputError("; ".join([f"{path}: no pictures or videos in this folder", *folders.told(refused)]))
            found += [Source(file, file.relative_to(path)) for file in files]
        elif path.exists():
            found.append(Source(path, Path(path.name)))
        else:
            raise InputError(f"{path}: there is no such file or folder")
    return _with_unique_names(found)


def _with_unique_names(sources: Iterable[Source]) -> list[Source]:
    """Return the sources under unique names: photo.jpg, photo-2.jpg ..."""
    unique: dict[Path, Source] = {}
    for source in sources:
        one = source
        number = 1
        while one.annotated in unique:
            number += 1
            one = Source(source.path, source.name.with_stem(f"{source.name.stem}-{number}"))
        unique[one.annotated] = one
    return list(unique.values())


def count(sources: Iterable[Source]) -> int:
    """Return the number of frames, as far as videos announce theirs."""
    return sum(max(1, Video(str(source)).length) if source.video else 1 for source in sources)


def frames(sources: Iterable[Source], report: Callable[[str], None]) -> Iterator[Frame]:
    """Yield all frames; `report` receives one line for each unreadable source, and the others follow."""
    for source in sources:
        try:
            yield from _video(source) if source.video else [Frame(source, _picture(source))]
        except InputError as error:
            report(str(error))


def _picture(source: Source) -> np.ndarray:
    if source.path is not None:
        return reading.read(source.path)
    content = sys.stdin.buffer.read()
    try:
        return reading.read(content)
    except InputError as error:
        raise InputError(str(error).replace("the picture", "stdin", 1)) from None


def _video(source: Source) -> Iterator[Frame]:
    video = Video(str(source))
    number = 0
    try:
        while (pixels := video.read()) is not None:
            yield Frame(source, cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), number, video.rate)
            number += 1
    finally:
        video.close()
    if not number:
        raise InputError(f"{source}: not a video that can be read, or a damaged one")
    if number < MIN_READ * video.length:
        raise InputError(f"{source}: damaged: only {number} of its {video.length} frames could be read")
