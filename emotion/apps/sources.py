"""The frames of what a person names: pictures, videos, folders of these, or a picture from stdin."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from emotion.errors import InputError
from emotion.inference import reading

VIDEOS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv")
USUAL_RATE = 25.0  # of videos that do not tell theirs
ENOUGH = 0.95  # of the frames that a video tells of; it may be a bit wrong


@dataclass(frozen=True)
class Source:
    """A picture or a video.

    Attributes:
        path: Where it is; None reads stdin.
        name: Relative path for what is made of it.
    """

    path: Path | None
    name: Path

    @property
    def video(self) -> bool:
        """Whether it is a video, by its suffix."""
        return self.name.suffix.lower() in VIDEOS

    def __str__(self) -> str:
        """Return what a person called it."""
        return str(self.path or "stdin")


@dataclass(frozen=True)
class Frame:
    """A picture, or one of a video; `pixels` are RGB uint8 (height, width, 3), `rate` is frames in a second."""

    source: Source
    pixels: np.ndarray
    number: int = 0
    rate: float = USUAL_RATE


def collect(inputs: Iterable[str]) -> list[Source]:
    """Return what is named, each with a name of its own; of folders, all pictures and videos in and below them.

    Raises:
        InputError: Something is not there, or a folder holds nothing.
    """
    found: list[Source] = []
    for name in inputs:
        path = Path(name)
        if name == "-":
            found.append(Source(None, Path("stdin.png")))
        elif path.is_dir():
            files = sorted(file for file in path.rglob("*") if _wanted(file.relative_to(path)) and file.is_file())
            if not files:
                raise InputError(f"{path}: no pictures or videos in this folder")
            found += [Source(file, file.relative_to(path)) for file in files]
        elif path.exists():
            found.append(Source(path, Path(path.name)))
        else:
            raise InputError(f"{path}: there is no such file or folder")
    return _named_apart(found)


def _wanted(path: Path) -> bool:
    known = path.suffix.lower() in (*reading.SUFFIXES, *VIDEOS)
    return known and not any(part.startswith(".") for part in path.parts)


def _named_apart(sources: list[Source]) -> list[Source]:
    """Return the sources under names that differ: photo.jpg, photo-2.jpg ..."""
    taken: set[Path] = set()
    for place, source in enumerate(sources):
        name, number = source.name, 1
        while name in taken:
            number += 1
            name = source.name.with_stem(f"{source.name.stem}-{number}")
        taken.add(name)
        sources[place] = Source(source.path, name)
    return sources


def count(sources: Iterable[Source]) -> int:
    """Return how many frames there are, as far as videos tell."""
    return sum(_video_length(str(source.path)) if source.video else 1 for source in sources)


def _video_length(path: str) -> int:
    return max(1, int(cv2.VideoCapture(path).get(cv2.CAP_PROP_FRAME_COUNT)))


def frames(sources: Iterable[Source], refuse: Callable[[str], None]) -> Iterator[Frame]:
    """Yield all frames; what cannot be read goes to `refuse` as one line, and the rest follows."""
    for source in sources:
        try:
            yield from _video(source) if source.video else [Frame(source, _picture(source))]
        except InputError as error:
            refuse(str(error))


def _picture(source: Source) -> np.ndarray:
    if source.path is not None:
        return reading.read(source.path)
    content = sys.stdin.buffer.read()
    try:
        return reading.read(content)
    except InputError as error:
        raise InputError(str(error).replace("the picture", "stdin", 1)) from None


def _video(source: Source) -> Iterator[Frame]:
    capture = cv2.VideoCapture(str(source))
    rate = capture.get(cv2.CAP_PROP_FPS)
    rate = rate if 0 < rate < 1000 else USUAL_RATE
    number, told = 0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    try:
        while True:
            more, pixels = capture.read()
            if not more:
                break
            yield Frame(source, cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), number, rate)
            number += 1
    finally:
        capture.release()
    if not number:
        raise InputError(f"{source}: no video that can be read, or a damaged one")
    if number < ENOUGH * told:
        raise InputError(f"{source}: damaged: it tells of {told} frames, and {number} could be read")
