"""Face detection by MTCNN: three small networks, each of which sees only what the one before took for a face.

Zhang et al., "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks", IEEE Signal
Processing Letters 23 (2016). stages/detector.py makes the networks' files.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from emotion.core.errors import InputError
from emotion.core.pictures import Detection
from emotion.detection.boxes import merged, suppressed
from emotion.detection.names import MIN_FACE_SIZE
from emotion.detection.networks import open_session, shipped

WINDOW = 12  # pixels of a side of what P-Net takes for a face
STRIDE = 2  # pixels between such windows
WINDOW_TO_FACE = 1.25  # P-Net's window is larger than the face that it proposes: it holds the head
MAX_BOXES = 2000  # that R-Net looks at: a texture may have any number of windows like a face
MAX_IOU_IN_SIZE = 0.5  # intersection over union of two proposals from one size of the picture that both stay
MAX_IOU = 0.7  # of two proposals from any sizes
FOLLOW_MARGIN = 0.1  # share of the side of a face, to each side, within which it may move from frame to frame
REMEDY = "`git checkout models/mtcnn` or `dvc repro detector` brings it back; --detector chooses another one"


@dataclass(frozen=True)
class Search:
    """How thoroughly a picture is searched.

    Attributes:
        factor: From one size of the picture to the next, in which P-Net searches.
        min_proposal_score: Minimum score of what P-Net proposes, 0 to 1.
        min_refined_score: Minimum score of what R-Net keeps of that.
        min_score: Minimum score of a face, by O-Net.
        max_pixels: Of the largest size of the picture; in a larger one, the smallest face that is found is larger.
    """

    factor: float
    min_proposal_score: float
    min_refined_score: float
    min_score: float
    max_pixels: int


FAST = Search(factor=0.5, min_proposal_score=0.9, min_refined_score=0.8, min_score=0.3, max_pixels=350_000)
THOROUGH = Search(factor=0.709, min_proposal_score=0.6, min_refined_score=0.7, min_score=0.6, max_pixels=700_000)


class MTCNN:
    """P-Net, R-Net and O-Net in ONNX Runtime, which any number of threads may use at once.

    Args:
        min_face_size: Longer side in pixels of the smallest face to detect; larger is faster.
        search: How thoroughly to search.
        min_score: Minimum score of a face, 0 to 1; None takes the search's.
        threads: Of the computation; 0 leaves it to the runtime.

    Raises:
        InputError: A file is missing or damaged.
    """

    # Faces of FER-2013 are recognised best when 0.02 to 0.05 of its box goes at each edge (docs/faces.md).
    margin: float | None = -0.02

    def __init__(
        self,
        min_face_size: int = MIN_FACE_SIZE,
        search: Search = FAST,
        *,
        min_score: float | None = None,
        threads: int = 0,
    ) -> None:
        self.min_face_size = min_face_size
        self.search = search
        self.min_score = search.min_score if min_score is None else min_score
        self._pnet, self._rnet, self._onet = (
            _session(shipped("mtcnn") / f"{name}.onnx", threads) for name in ("pnet", "rnet", "onet")
        )

    def find(self, picture: np.ndarray) -> list[Detection]:
        """Return the faces in a picture, RGB uint8 (height, width, 3), best first, with their landmarks."""
        return self._confirmed(picture, self._proposed(picture))

    def follow(self, picture: np.ndarray, faces: Iterable[Detection]) -> list[Detection]:
        """Return those of the last frame's faces that are still where they were, or near it, in the next one."""
        boxes = np.array([face.box for face in faces], np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        larger = FOLLOW_MARGIN * (boxes[:, 2:] - boxes[:, :2])
        return self._confirmed(picture, _squares(boxes + np.hstack([-larger, larger])))

    def _confirmed(self, picture: np.ndarray, boxes: np.ndarray) -> list[Detection]:
        """Return the faces in the boxes, best first, that R-Net and O-Net take for faces, too."""
        scores, offsets = self._classified(self._rnet, picture, boxes)
        sure = scores >= self.search.min_refined_score
        boxes, offsets, scores = boxes[sure], offsets[sure], scores[sure]
        kept = suppressed(boxes, scores, MAX_IOU)
        return self._located(picture, _squares(_moved(boxes[kept], offsets[kept])))

    def _proposed(self, picture: np.ndarray) -> np.ndarray:
        """Return squares (n, 4) that P-Net takes for faces."""
        found = [np.empty((0, 9), np.float32)]
        for small in self._sizes(picture):
            scores, offsets = self._pnet.run(None, {"pictures": small[None]})
            rows, columns = np.nonzero(scores[0, 0] >= self.search.min_proposal_score)
            corners = STRIDE * np.stack([columns, rows], 1)
            ratio = np.divide(picture.shape[1::-1], small.shape[1::-1], dtype=np.float32)
            boxes = np.hstack([corners * ratio, (corners + WINDOW) * ratio])
            boxes = np.hstack([boxes, offsets[0, :, rows, columns], scores[0, 0, rows, columns][:, None]])
            found.append(boxes[suppressed(boxes[:, :4], boxes[:, 8], MAX_IOU_IN_SIZE)].astype(np.float32))
        boxes = np.concatenate(found)
        boxes = boxes[suppressed(boxes[:, :4], boxes[:, 8], MAX_IOU)[:MAX_BOXES]]
        return _squares(_moved(boxes[:, :4], boxes[:, 4:8]))

    def _sizes(self, picture: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the picture at sizes that make faces, from the smallest to the largest, as large as P-Net's window."""
        height, width = picture.shape[:2]
        scale = min(WINDOW / (WINDOW_TO_FACE * self.min_face_size), (self.search.max_pixels / (height * width)) ** 0.5)
        while min(height, width) * scale >= WINDOW:
            picture = _shrunk(picture, max(WINDOW, round(width * scale)), max(WINDOW, round(height * scale)))
            yield picture
            scale *= self.search.factor

    def _classified(self, network: Any, picture: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the output of R-Net or O-Net for each box: scores (n,), offsets (n, 4), landmarks (n, 10)."""
        side = network.get_inputs()[0].shape[1]
        scores, *others = network.run(None, {"pictures": _crops(picture, boxes, side)})
        return scores[:, 0], *others

    def _located(self, picture: np.ndarray, boxes: np.ndarray) -> list[Detection]:
        """Return the faces in the boxes, best first."""
        scores, offsets, points = self._classified(self._onet, picture, boxes)
        corners, sides = boxes[:, :2], boxes[:, 2:] - boxes[:, :2]
        # All horizontal positions come before the vertical ones.
        landmarks = corners[:, None] + points.reshape(-1, 2, 5).transpose(0, 2, 1) * sides[:, None]
        moved = _moved(boxes, offsets)
        large = np.max(moved[:, 2:] - moved[:, :2], axis=1) >= self.min_face_size
        return merged(
            Detection(_box(moved[i]), float(scores[i]), tuple((float(x), float(y)) for x, y in landmarks[i]))
            for i in np.flatnonzero(large & (scores >= self.min_score))
        )


def _session(path: Path, threads: int) -> Any:
    if not path.is_file():
        raise InputError(f"{path}: the face detector's file is missing: {REMEDY}")
    session = open_session(path, threads, f"the face detector's file is damaged: {REMEDY}")
    if [given.name for given in session.get_inputs()] != ["pictures"]:
        raise InputError(f"{path}: not a network of the face detector: {REMEDY}")
    return session


def _shrunk(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return a picture at another size: OpenCV averages fast only where it halves, so the rest is interpolated."""
    while picture.shape[1] >= 2 * width and picture.shape[0] >= 2 * height:
        even = picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]
        picture = cv2.resize(even, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)


def _crops(picture: np.ndarray, boxes: np.ndarray, side: int) -> np.ndarray:
    """Return the boxes of a picture, squeezed to uint8 (n, side, side, 3); beyond the edge is nothing."""
    crops = np.full((len(boxes), side, side, 3), 128, np.uint8)
    for crop, (left, top, right, bottom) in zip(crops, boxes.astype(int).tolist(), strict=True):
        inside = picture[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
        if inside.size:
            shrinks = inside.shape[1] > side and inside.shape[0] > side
            crop[:] = cv2.resize(inside, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return crops


def _moved(boxes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Return boxes whose edges are moved by shares of their sides."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return boxes + offsets * np.hstack([sides, sides])


def _squares(boxes: np.ndarray) -> np.ndarray:
    """Return the squares around boxes, as large as their longer sides."""
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = np.max(boxes[:, 2:] - boxes[:, :2], axis=1, keepdims=True) / 2
    return np.hstack([middle - half, middle + half])


def _box(ends: np.ndarray) -> tuple[int, int, int, int]:
    left, top, right, bottom = (round(float(end)) for end in ends)
    return left, top, right - left, bottom - top
