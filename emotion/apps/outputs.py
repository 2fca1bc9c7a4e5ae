"""What `emotion predict` writes: a table, CSV, JSON, annotated pictures and videos."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

import cv2
import numpy as np
from PIL import Image

from emotion.apps.options import make_folder
from emotion.apps.sources import Frame, Source
from emotion.core.errors import InputError
from emotion.core.files import atomic
from emotion.inference.face import Face
from emotion.inference.video import local

BOX = ("left", "top", "width", "height")
FREE = "free some space and run the same command again"

Row = dict[str, Any]
Sink = Callable[[Row], None]


def rows(frame: Frame, faces: Iterable[Face]) -> Iterator[Row]:
    """Yield a row for each face; a picture without faces still gets one row, a frame of a video none."""
    place: Row = {"picture": str(frame.source), "frame": frame.number if frame.source.video else None}
    found = [place | {"face": face.track or number} | face.to_dict() for number, face in enumerate(faces, start=1)]
    yield from found or ([] if frame.source.video else [place | {"face": None}])


def table(write: Callable[[str], object], width: int) -> Sink:
    """Return a sink that writes lines for people; `width` is that of the longest name."""
    write(f"{'picture':{width}}  {'frame':>6}  {'face':>4}  {'box':>20}  {'emotion':10}  {'':>6}  next")

    def line(row: Row) -> None:
        start = f"{row['picture']:{width}}  {'' if row['frame'] is None else row['frame']:>6}"
        if row["face"] is None:
            write(f"{start}        no face found")
            return
        left, top, wide, high = row["box"]
        first, second, *_ = sorted(row["probabilities"].items(), key=lambda item: -item[1])
        box = f"{wide}x{high} at {left},{top}"
        write(f"{start}  {row['face']:>4}  {box:>20}  {first[0]:10}  {first[1]:6.1%}  {second[0]} {second[1]:.1%}")

    return line


def as_csv(file: TextIO, labels: Iterable[str]) -> Sink:
    """Return a sink that writes rows as CSV."""
    header = ["picture", "frame", "face", *BOX, "score", "label", *labels]
    writer = csv.DictWriter(file, header, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()

    def line(row: Row) -> None:
        box = dict(zip(BOX, row.get("box", ()), strict=False))
        writer.writerow(row | box | row.get("probabilities", {}))

    return line


@contextmanager
def as_json(file: TextIO) -> Iterator[Sink]:
    """Give a sink that writes rows as a JSON list, one per line."""
    separator = "[\n"

    def line(row: Row) -> None:
        nonlocal separator
        file.write(separator + json.dumps(row, ensure_ascii=False))
        separator = ",\n"

    yield line
    file.write("[]\n" if separator == "[\n" else "\n]\n")


class AnnotatedFolder:
    """A folder of annotated pictures and videos; `close` it in the end.

    Raises:
        InputError: An output would overwrite its input, or the folder cannot be created.
    """

    def __init__(self, folder: Path, sources: list[Source]) -> None:
        self._folder = folder
        inputs = {_identity(source.path) for source in sources if source.path}
        for target in (folder / source.annotated for source in sources):
            if target.exists() and _identity(target) in inputs:
                raise InputError(f"{target}: would be overwritten by an annotated copy: choose another folder with -o")
        make_folder(folder)
        self.written = Counter[str]()
        self._video: tuple[Source, cv2.VideoWriter, Path] | None = None  # the path until it is finished
        self._open = ExitStack()

    def write(self, frame: Frame, annotated: np.ndarray) -> None:
        """Write an annotated picture, or the next frame of a video."""
        if not frame.source.video:
            with atomic(self._folder / frame.source.annotated) as path:
                Image.fromarray(annotated).save(path, quality=95)
            self.written["annotated picture"] += 1
            return
        if self._video is None or self._video[0] != frame.source:
            self.close()
            self._start_video(frame)
        assert self._video
        self._video[1].write(_even(cv2.cvtColor(annotated, cv2.COLOR_RGB2BGR)))

    def _start_video(self, frame: Frame) -> None:
        path = self._open.enter_context(atomic(self._folder / frame.source.annotated))
        height, width = _even(frame.pixels).shape[:2]
        writer = cv2.VideoWriter(local(path), cv2.VideoWriter.fourcc(*"mp4v"), frame.rate, (width, height))
        if not writer.isOpened():
            target = self._folder / frame.source.annotated
            raise InputError(f"{target}: this OpenCV cannot write videos, or the disk is full: {FREE}")
        self._video = (frame.source, writer, path)

    def close(self) -> None:
        """Finish the video that is being written, if there is one.

        Raises:
            InputError: It cannot be read back.
        """
        if not self._video:
            return
        source, writer, path = self._video
        self._video = None
        with self._open:
            writer.release()
            if not _readable(path):
                target = self._folder / source.annotated
                raise InputError(f"{target}: cannot be written: is the disk full? {FREE}")
        self.written["annotated video"] += 1


def _readable(path: Path) -> bool:
    """Return whether a video's last frame can be read: OpenCV's writer tells nobody of a full disk."""
    made = cv2.VideoCapture(local(path))
    made.set(cv2.CAP_PROP_POS_FRAMES, made.get(cv2.CAP_PROP_FRAME_COUNT) - 1)
    return made.read()[0]


def _identity(path: Path) -> tuple[int, int]:
    """Return what tells a file from all others, whatever it is called."""
    found = path.stat()
    return found.st_dev, found.st_ino


def _even(picture: np.ndarray) -> np.ndarray:
    """Return a picture with even sides, as the video needs them: OpenCV would cut off an odd last row or column."""
    height, width = picture.shape[:2]
    return cv2.copyMakeBorder(picture, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
