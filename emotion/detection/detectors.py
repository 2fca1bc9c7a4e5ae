"""Detectors by their names."""

from numbers import Real
from pathlib import Path

import numpy as np

from emotion.core.errors import InputError, suggest
from emotion.core.pictures import Detection, Detector
from emotion.detection import yunet
from emotion.detection.haar import Haar
from emotion.detection.mtcnn import FAST, MTCNN, THOROUGH
from emotion.detection.names import MIN_FACE_SIZE, NAMES
from emotion.detection.yunet import YuNet


class Whole:
    """Takes each picture for a face crop, as those of FER-2013 are."""

    margin: float | None = None  # see emotion.core.pictures.crop

    def find(self, picture: np.ndarray) -> list[Detection]:
        """Return the whole picture."""
        height, width = picture.shape[:2]
        return [Detection((0, 0, width, height), 1.0)]


def open_detector(
    name: str | Path, min_face_size: int = MIN_FACE_SIZE, min_score: float | None = None, threads: int = 0
) -> Detector:
    """Return a detector by its name or by the path of YuNet's file.

    Args:
        name: One of NAMES, or a path.
        min_face_size: Side in pixels of the smallest face to detect; larger is faster.
        min_score: Minimum score of a face, on the detector's own scale; None takes the detector's default.
        threads: Of the computation, for MTCNN; 0 leaves it to the runtime.

    Raises:
        InputError: There is no such detector, its file is missing or another one, or a number is out of range.
    """
    name = str(name)
    if min_face_size < 1:
        raise InputError(f"min_face_size {min_face_size} is too small: write 1 or more, in pixels")
    _require_score(min_score, haar=name == "haar")
    if name == "whole":
        return Whole()
    if name == "haar":
        return Haar(min_face_size, min_score=min_score)
    if name in ("mtcnn", "mtcnn-thorough"):
        return MTCNN(min_face_size, FAST if name == "mtcnn" else THOROUGH, min_score=min_score, threads=threads)
    if name == "yunet":
        return YuNet(yunet.default_path(), min_face_size, min_score)
    if not (name.endswith(".onnx") or Path(name).exists()):
        raise InputError(f"there is neither a detector nor a file {name!r}{suggest(name, list(NAMES))}")
    return YuNet(name, min_face_size, min_score)


def _require_score(min_score: float | None, haar: bool) -> None:
    """Raise an InputError unless a face may have this score; those of haar have no upper limit."""
    scale = "0 or more" if haar else "0 to 1"
    if min_score is None or (isinstance(min_score, Real) and 0 <= min_score <= (np.inf if haar else 1)):
        return
    raise InputError(f"min_detection_score {min_score} is not a score of this detector: write a number, {scale}")
