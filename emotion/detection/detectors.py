"""Detectors by their names."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from emotion.core.errors import InputError, suggest
from emotion.core.pictures import Detection, Detector
from emotion.detection.names import MIN_FACE_SIZE, NAMES


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
        InputError: There is no such detector, or its file is missing or another one.
    """
    makers: dict[str, Callable[[], Detector]] = {
        "mtcnn": lambda: _mtcnn(min_face_size, min_score, threads, thorough=False),
        "mtcnn-thorough": lambda: _mtcnn(min_face_size, min_score, threads, thorough=True),
        "yunet": lambda: _yunet(None, min_face_size, min_score),
        "haar": lambda: _haar(min_face_size, min_score),
        "whole": Whole,
    }
    if str(name) in makers:
        return makers[str(name)]()
    if Path(name).suffix != ".onnx" and not Path(name).exists():
        raise InputError(f"there is neither a detector nor a file {str(name)!r}{suggest(str(name), list(NAMES))}")
    return _yunet(Path(name), min_face_size, min_score)


# Each module is imported only when its detector is opened: cv2 and ONNX Runtime take time.


def _mtcnn(min_face_size: int, min_score: float | None, threads: int, *, thorough: bool) -> Detector:
    from emotion.detection.mtcnn import FAST, MTCNN, THOROUGH

    return MTCNN(min_face_size, THOROUGH if thorough else FAST, min_score=min_score, threads=threads)


def _yunet(path: Path | None, min_face_size: int, min_score: float | None) -> Detector:
    from emotion.detection import yunet

    return yunet.YuNet(path or yunet.default_path(), min_face_size, min_score=min_score)


def _haar(min_face_size: int, min_score: float | None) -> Detector:
    from emotion.detection.haar import Haar

    return Haar(min_face_size, min_score=min_score)
