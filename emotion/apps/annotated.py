"""Annotated pictures and videos, written as they come."""

import os
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from emotion.apps.sources import Frame, Source
from emotion.errors import InputError
from emotion.files import atomic

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")  # others get .png at their end


class Folder:
    """A folder for annotated pictures and videos; close it with `with`.

    Raises:
        InputError: What would be written is what is read, or the folder cannot be made.
    """

    def __init__(self, folder: Path, sources: list[Source]) -> None:
        self._folder = folder
        for source in sources:
            target = self._target(source)
            if source.path and target.exists() and target.samefile(source.path):
                raise InputError(f"{source}: would be overwritten by its annotated copy: choose another folder with -o")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise InputError(f"{folder}: a file is in the way: choose another folder with -o") from None
        except OSError as error:
            raise InputError(f"{folder}: cannot be made ({error.strerror}): choose another folder with -o") from None
        self._video: tuple[Source, cv2.VideoWriter] | None = None
        self._open = ExitStack()

    def __enter__(self) -> "Folder":
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Finish the last video."""
        self._finish_video()

    def write(self, frame: Frame, drawn: np.ndarray) -> None:
        """Write an annotated picture, or the next frame of a video."""
        if not frame.source.video:
            with atomic(self._target(frame.source)) as path:
                Image.fromarray(drawn).save(path, quality=95)
            return
        if self._video is None or self._video[0] != frame.source:
            self._finish_video()
            self._start_video(frame)
        assert self._video
        self._video[1].write(cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR))

    def _target(self, source: Source) -> Path:
        known, other = ((".mp4",), ".mp4") if source.video else (PICTURES, ".png")
        same = source.name.suffix.lower() in known
        return self._folder / (source.name if same else f"{source.name}{other}")

    def _start_video(self, frame: Frame) -> None:
        path = self._open.enter_context(atomic(self._target(frame.source)))
        height, width = frame.pixels.shape[:2]
        writer = cv2.VideoWriter(os.fspath(path), cv2.VideoWriter.fourcc(*"mp4v"), frame.rate, (width, height))
        if not writer.isOpened():
            raise InputError(f"{self._target(frame.source)}: this OpenCV cannot write the video")
        self._video = (frame.source, writer)

    def _finish_video(self) -> None:
        if self._video:
            self._video[1].release()
            self._video = None
            self._open.close()
