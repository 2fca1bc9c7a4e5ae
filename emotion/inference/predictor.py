"""The classifier: from pictures to detected faces and their predictions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import numpy as np

from emotion.core.pictures import Detection, Detector, crop
from emotion.detection.detectors import open_detector
from emotion.detection.following import Following
from emotion.detection.names import DEFAULT, MIN_FACE_SIZE
from emotion.inference import drawing, reading
from emotion.inference.face import Face
from emotion.inference.model import Model, open_model
from emotion.inference.priors import WithPriors
from emotion.inference.reading import Picture

BATCH_SIZE = 256  # faces; larger batches are no faster and need more memory


@dataclass(frozen=True)
class Result:
    """A picture, RGB uint8 (height, width, 3), and its faces, from left to right."""

    picture: np.ndarray = field(repr=False, compare=False)
    faces: tuple[Face, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return size and faces as a dictionary that JSON can hold."""
        height, width = self.picture.shape[:2]
        return {"width": width, "height": height, "faces": [face.to_dict() for face in self.faces]}

    def drawn(self, bars: bool = False) -> np.ndarray:
        """Return a copy of the picture with bounding boxes and labels, optionally with bars of all probabilities."""
        return drawing.draw(self.picture, self.faces, bars)


class EmotionClassifier:
    """Detects the faces of pictures and predicts their emotions.

    Args:
        model: Path of an ONNX or LiteRT file; None takes the one that this project ships. Or an open model, to share
            it between classifiers.
        detector: `mtcnn`, `mtcnn-thorough`, `yunet` (after `emotion fetch-yunet`), `haar`, `whole` (each picture is
            one face crop), the path of YuNet's file, or a detector of your own.
        margin: How far beyond its bounding box a face is cropped, see `emotion.core.pictures.crop`; None takes the
            detector's.
        min_face_size: Side in pixels of the smallest face to detect; larger is faster.
        min_detection_score: Minimum score of a face, on the detector's own scale; None takes the detector's default.
        upright: Turn a face whose eyes slope by 15 degrees or more until they are level (not with `haar`).
        priors: How frequent each label is where the pictures come from, such as `{"happy": 0.5, ...}`, or `equal`;
            None leaves the model's probabilities as they are. See `emotion.inference.priors`.
        threads: Of the networks; 0 leaves it to the runtime.

    Raises:
        InputError: A file is missing or not what it should be; the message names the remedy.

    Example:
        >>> classifier = EmotionClassifier()
        >>> classifier.predict("photo.jpg").faces[0].label
        'happy'
    """

    def __init__(
        self,
        model: str | Path | Model | None = None,
        *,
        detector: str | Path | Detector = DEFAULT,
        margin: float | None = None,
        min_face_size: int = MIN_FACE_SIZE,
        min_detection_score: float | None = None,
        upright: bool = True,
        priors: Mapping[str, float] | str | None = None,
        threads: int = 0,
    ) -> None:
        opened = open_model(model, threads) if model is None or isinstance(model, str | Path) else model
        self._model = opened if priors is None else WithPriors(opened, priors)
        if isinstance(detector, str | Path):
            detector = open_detector(detector, min_face_size, min_detection_score, threads)
        self._detector = detector
        self._margin = self._detector.margin if margin is None else margin
        self._upright = upright

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that the model can predict."""
        return self._model.labels

    @property
    def metadata(self) -> dict[str, Any]:
        """The metadata of the model's file: `temperature`, `validation_accuracy`, `weights_md5` and so on."""
        return self._model.metadata

    def following(self) -> "EmotionClassifier":
        """Return a classifier for the frames of one video, in their order, which searches for faces in some of them.

        In the frames between it follows the faces that it found, which is faster.
        """
        return EmotionClassifier(
            self._model, detector=Following(self._detector), margin=self._margin, upright=self._upright
        )

    @overload
    def predict(self, pictures: Picture, *, bgr: bool = False) -> Result: ...

    @overload
    def predict(self, pictures: list[Picture] | tuple[Picture, ...], *, bgr: bool = False) -> list[Result]: ...

    def predict(
        self, pictures: Picture | list[Picture] | tuple[Picture, ...], *, bgr: bool = False
    ) -> Result | list[Result]:
        """Return the faces of a picture, or of each picture of a list, whose faces are classified together.

        Args:
            pictures: Paths, bytes of files, Pillow images, or arrays, gray or colour, see `emotion.inference.reading`.
            bgr: Arrays hold blue first, as OpenCV's do.

        Raises:
            InputError: A picture cannot be read.
        """
        if not isinstance(pictures, list | tuple):
            return self.predict([pictures], bgr=bgr)[0]
        read = [reading.read(picture, bgr) for picture in pictures]
        detections = [sorted(self._detector.find(picture), key=lambda face: face.box) for picture in read]
        crops = [
            crop(picture, detection, self._margin, self._upright)
            for picture, found in zip(read, detections, strict=True)
            for detection in found
        ]
        rows = iter(zip(crops, self._probabilities(crops), strict=True))
        return [
            Result(picture, tuple(self._face(detection, *next(rows)) for detection in found))
            for picture, found in zip(read, detections, strict=True)
        ]

    def _probabilities(self, crops: list[np.ndarray]) -> list[np.ndarray]:
        batches = [np.stack(crops[start : start + BATCH_SIZE]) for start in range(0, len(crops), BATCH_SIZE)]
        return [row for batch in batches for row in self._model.probabilities(batch)]

    def _face(self, detection: Detection, face_crop: np.ndarray, row: np.ndarray) -> Face:
        probabilities = dict(zip(self.labels, map(float, row), strict=True))
        label = self.labels[int(row.argmax())]
        return Face(detection.box, label, probabilities, detection.score, face_crop, detection.landmarks)
