"""From pictures to faces and what they show."""

from pathlib import Path
from typing import Any, Protocol, overload

import numpy as np

from emotion.faces import Found, Haar, Whole, crop
from emotion.inference import reading, yunet
from emotion.inference.model import Model, open_model
from emotion.inference.reading import Picture
from emotion.inference.results import Face, Result

CHUNK = 256  # faces at a time: more are no faster, and need memory


class Detector(Protocol):
    """Finds faces; `margin` is what `emotion.faces.crop` needs to cut them out as those of FER-2013 are."""

    margin: float | None

    def find(self, picture: np.ndarray) -> list[Found]:
        """Return the faces of a picture, RGB uint8 (height, width, 3)."""


class EmotionClassifier:
    """Finds the faces of pictures and says what they show.

    Args:
        model: Path of an ONNX or LiteRT file; None takes the one that this project ships. Or a model that is open
            already, so that several classifiers share it.
        faces: `haar`, `yunet` (after `emotion fetch-yunet`), the path of YuNet's file, `whole` (each picture is one
            face, cut out), or a detector of your own.
        margin: How far beyond its box a face is cut out, see `emotion.faces.crop`; None takes the detector's.
        smallest: Side in pixels of the smallest face that is looked for; larger is faster.
        upright: Turn faces until their eyes are level, if the detector tells where they are.
        threads: Of the network; 0 leaves it to the runtime.

    Raises:
        InputError: A file is missing or not what it should be; the message says what to do.

    Example:
        >>> classifier = EmotionClassifier()
        >>> classifier.predict("photo.jpg").faces[0].label
        'happy'
    """

    def __init__(
        self,
        model: str | Path | Model | None = None,
        *,
        faces: str | Path | Detector = "haar",
        margin: float | None = None,
        smallest: int = 40,
        upright: bool = False,
        threads: int = 0,
    ) -> None:
        self._model = open_model(model, threads) if model is None or isinstance(model, str | Path) else model
        self._detector = detector(faces, smallest)
        self._margin = self._detector.margin if margin is None else margin
        self._upright = upright

    @property
    def labels(self) -> tuple[str, ...]:
        """What faces can show."""
        return self._model.labels

    @property
    def metadata(self) -> dict[str, Any]:
        """What the model's file tells of itself: `temperature`, `validation_accuracy`, `weights_md5` and so on."""
        return self._model.metadata

    @overload
    def predict(self, pictures: Picture, *, bgr: bool = False) -> Result: ...

    @overload
    def predict(self, pictures: list[Picture] | tuple[Picture, ...], *, bgr: bool = False) -> list[Result]: ...

    def predict(
        self, pictures: Picture | list[Picture] | tuple[Picture, ...], *, bgr: bool = False
    ) -> Result | list[Result]:
        """Return the faces of a picture, or of each of a list of pictures, whose faces are classified together.

        Args:
            pictures: Paths, bytes of files, Pillow images, or arrays, gray or colour, see `emotion.inference.reading`.
            bgr: Arrays hold blue first, as OpenCV's do.

        Raises:
            InputError: A picture cannot be read.
        """
        if not isinstance(pictures, list | tuple):
            return self.predict([pictures], bgr=bgr)[0]
        read = [reading.read(picture, bgr) for picture in pictures]
        found = [sorted(self._detector.find(picture), key=lambda face: face.box) for picture in read]
        seen = [
            crop(picture, face, self._margin, self._upright)
            for picture, faces in zip(read, found, strict=True)
            for face in faces
        ]
        rows = iter(zip(seen, self._probabilities(seen), strict=True))
        return [
            Result(picture, tuple(self._face(face, *next(rows)) for face in faces))
            for picture, faces in zip(read, found, strict=True)
        ]

    def _probabilities(self, seen: list[np.ndarray]) -> list[np.ndarray]:
        chunks = [np.stack(seen[start : start + CHUNK]) for start in range(0, len(seen), CHUNK)]
        return [row for chunk in chunks for row in self._model.probabilities(chunk)]

    def _face(self, found: Found, seen: np.ndarray, row: np.ndarray) -> Face:
        probabilities = dict(zip(self.labels, map(float, row), strict=True))
        return Face(found.box, self.labels[int(row.argmax())], probabilities, found.score, seen)


def detector(faces: str | Path | Detector, smallest: int) -> Detector:
    """Return a detector by its name or file: haar, whole, yunet, or a path of YuNet's file.

    Raises:
        InputError: There is no such detector, or its file is missing or another one.
    """
    if not isinstance(faces, str | Path):
        return faces
    if faces in ("haar", "whole"):
        return Haar(smallest) if faces == "haar" else Whole()
    return yunet.YuNet(yunet.default_path() if faces == "yunet" else faces, smallest)
