"""Face detection by YuNet (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023): better than Haar."""

import hashlib
import os
import threading
from pathlib import Path

import cv2
import numpy as np

from emotion.core.errors import InputError
from emotion.core.files import atomic
from emotion.core.pictures import Detection
from emotion.detection.boxes import merged, shrunk
from emotion.detection.names import MIN_FACE_SIZE

# OpenCV's model zoo, MIT licence.
URL = "https://github.com/opencv/opencv_zoo/raw/main/models/face_detection_yunet/face_detection_yunet_2023mar.onnx"
SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
MAX_BYTES = 1 << 22
TIMEOUT_SECONDS = 30
MIN_SCORE = 0.6


class YuNet:
    """OpenCV's FaceDetectorYN.

    Args:
        path: The network's file.
        min_face_size: Side in pixels of the smallest face to detect.
        min_score: Minimum score of a face, 0 to 1; None: 0.6.

    Raises:
        InputError: There is no such file, or it is no YuNet.
    """

    margin: float | None = 0.0  # the longer side of its boxes is 0.97 of that of FER-2013's crops

    def __init__(self, path: str | Path, min_face_size: int = MIN_FACE_SIZE, min_score: float | None = None) -> None:
        if not Path(path).is_file():
            raise InputError(f"{path}: no such file: `emotion fetch-yunet` downloads it, or choose the detector mtcnn")
        min_score = MIN_SCORE if min_score is None else min_score
        try:
            self._network = cv2.FaceDetectorYN.create(str(path), "", (320, 320), min_score)
            self._network.detect(np.zeros((320, 320, 3), np.uint8))
        except cv2.error:
            raise InputError(f"{path}: not a YuNet that this OpenCV can read: `emotion fetch-yunet` gets one") from None
        self.min_face_size = min_face_size
        self._lock = threading.Lock()  # its input size is that of one picture at a time

    def find(self, picture: np.ndarray) -> list[Detection]:
        """Return the faces in a picture, RGB uint8 (height, width, 3), best first, with their landmarks."""
        small, scale = shrunk(picture, 1.0)
        with self._lock:
            self._network.setInputSize(small.shape[1::-1])
            _, rows = self._network.detect(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
        rows = np.empty((0, 15)) if rows is None else rows
        return merged(_detection(row, scale) for row in rows if max(row[2:4]) / scale >= self.min_face_size)


def _detection(row: np.ndarray, scale: float) -> Detection:
    """Return a row of YuNet's output: box, five landmarks (the person's right eye first), score."""
    left, top, width, height = (round(float(end) / scale) for end in row[:4])
    landmarks = [(float(x) / scale, float(y) / scale) for x, y in row[4:14].reshape(5, 2)]
    return Detection((left, top, width, height), float(row[14]), tuple(landmarks))


def default_path() -> Path:
    """Return where `emotion fetch-yunet` saves the file: in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache, "emotion", URL.rpartition("/")[2])


def fetch(target: Path, url: str = URL, sha256: str = SHA256) -> bool:
    """Download YuNet's file, unless it exists; return whether it was downloaded.

    Raises:
        InputError: The address cannot be reached, another file is there, or it cannot be saved.
    """
    import urllib.request  # not at the top: `emotion predict` starts sooner without
    from http.client import HTTPException, IncompleteRead

    if target.is_file() and hashlib.sha256(target.read_bytes()).hexdigest() == sha256:
        return False
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:
            content = response.read(MAX_BYTES)
            if response.length:  # read(n) does not mind a lost connection
                raise IncompleteRead(content, response.length)
    except (OSError, HTTPException) as error:  # of urllib and sockets, and for what is no HTTP
        reason = str(getattr(error, "reason", error)).strip()
        raise InputError(f"{url}: cannot be downloaded ({reason}): try again, or save it as {target}") from None
    if (got := hashlib.sha256(content).hexdigest()) != sha256:
        raise InputError(f"{url}: not the expected file (SHA-256 {got} instead of {sha256}): nothing was saved")
    try:
        with atomic(target) as path:
            path.write_bytes(content)
    except OSError as error:
        raise InputError(
            f"{target}: cannot be written ({error.strerror}): set XDG_CACHE_HOME to another folder"
        ) from None
    return True
