"""The pictures on which classifiers are compared, and the timing and scoring on them.

Faces are the validation faces of FER-2013 where data/learn.parquet exists, else drawn ones; never test faces.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import matplotlib.cbook
import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

from emotion.core import dataset
from emotion.core.labels import EMOTIONS
from emotion.core.pictures import Box
from emotion.detection.boxes import intersection
from emotion.synthetic.drawn import draw_face

DATA = Path("data/learn.parquet")
WIDTH, HEIGHT = 640, 480
SIDES = 70, 220  # of pasted faces, in pixels
DRAWN = 70  # faces, if there are no others
SEED = 5
BATCH = 32
CHUNK = 256  # faces at a time where nothing is timed
MIN_IOU = 0.5  # intersection over union with the true box at which a face counts as found

Predict = Callable[[np.ndarray], list[str]]  # from faces uint8 (n, 48, 48) to predicted labels
Detect = Callable[[np.ndarray], list[tuple[Box, str]]]  # from an RGB picture to bounding boxes with predicted labels


@dataclass(frozen=True)
class Pictures:
    """Face crops, frames with a face pasted into each, and a photograph of one person.

    Attributes:
        faces: uint8 (n, 48, 48).
        labels: True labels (n,).
        frames: RGB uint8 (m, 480, 640, 3).
        boxes: Left, top, width and height of the face in each frame (m, 4).
        shown: True label of the face in each frame (m,).
        photograph: RGB uint8 (480, 640, 3).
    """

    faces: np.ndarray
    labels: np.ndarray
    frames: np.ndarray
    boxes: np.ndarray
    shown: np.ndarray
    photograph: np.ndarray

    def save(self, path: str | Path) -> None:
        """Write an .npz file."""
        np.savez(path, **asdict(self))


def load(path: str | Path) -> Pictures:
    """Read what `save` wrote."""
    with np.load(path) as arrays:
        return Pictures(**arrays)


def make(count: int) -> Pictures:
    """Return all faces, `count` frames, and a photograph with one face."""
    faces, labels = validation() if DATA.exists() else drawn()
    rng = np.random.default_rng(SEED)
    chosen = rng.permutation(len(faces))[:count]
    grounds = [fitted(picture) for picture in load_sample_images().images]
    pasted = [paste(grounds[place % len(grounds)], faces[face], rng) for place, face in enumerate(chosen)]
    return Pictures(
        faces=faces,
        labels=labels,
        frames=np.stack([frame for frame, _ in pasted]),
        boxes=np.array([box for _, box in pasted]),
        shown=labels[chosen],
        photograph=photograph(),
    )


def validation() -> tuple[np.ndarray, np.ndarray]:
    """Return the validation faces and their labels."""
    found = dataset.load(DATA, "validation")
    return found.pixels, np.array(EMOTIONS)[found.labels]


def drawn() -> tuple[np.ndarray, np.ndarray]:
    """Return drawn faces and their labels."""
    labels = [EMOTIONS[number % len(EMOTIONS)] for number in range(DRAWN)]
    faces = [draw_face(label, np.random.default_rng([SEED, number])) for number, label in enumerate(labels)]
    return np.stack(faces), np.array(labels)


def photograph() -> np.ndarray:
    """Return Matplotlib's photograph of Grace Hopper, RGB uint8 (480, 640, 3)."""
    with Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)) as image:
        return fitted(np.asarray(image.convert("RGB")))


def fitted(picture: np.ndarray) -> np.ndarray:
    """Return a picture scaled to fill a frame, cut off at the bottom or the right."""
    scale = max(WIDTH / picture.shape[1], HEIGHT / picture.shape[0])
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    return np.ascontiguousarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA)[:HEIGHT, :WIDTH])


def paste(ground: np.ndarray, face: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, tuple[int, ...]]:
    """Return a frame with a face at a random place, with a soft edge and a colour cast, and the face's box."""
    side = int(rng.integers(*SIDES))
    left, top = (int(rng.integers(0, end - side)) for end in (WIDTH, HEIGHT))
    frame = ground.copy()
    place = frame[top : top + side, left : left + side]
    edge = cv2.GaussianBlur(np.pad(np.ones((side - 8, side - 8)), 4), (0, 0), 2)[..., None]
    tint = np.array([1.0, 0.92, 0.85])
    large = cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC)[..., None] * tint
    place[:] = np.round(edge * large + (1 - edge) * place)
    return frame, (left, top, side, side)


def quality(pictures: Pictures, predict: Predict, detect: Detect) -> dict[str, float | int]:
    """Return the accuracy on faces, and how many faces in frames are found and labelled correctly."""
    starts = range(0, len(pictures.faces), CHUNK)
    predicted = [label for start in starts for label in predict(pictures.faces[start : start + CHUNK])]
    found, right, others = 0, 0, 0
    for frame, box, shown in zip(pictures.frames, pictures.boxes.tolist(), pictures.shown, strict=True):
        faces = detect(frame)
        labels = [label for place, label in faces if _iou(place, box) >= MIN_IOU]
        found += bool(labels)
        right += shown in labels[:1]
        others += len(faces) - len(labels)
    return {
        "accuracy": float(np.mean(np.array(predicted) == pictures.labels)),
        "found": found,
        "found_and_right": right,
        "false_boxes": others,
        "faces_in_photograph": len(detect(pictures.photograph)),
    }


def _iou(one: Box, other: Box) -> float:
    both = intersection(one, other)
    return both / (one[2] * one[3] + other[2] * other[3] - both)


def timed(
    pictures: Pictures, network: Callable[[np.ndarray], object], detect: Detect
) -> Callable[[int], dict[str, float]]:
    """Return the function that measures latency in ms over so many steps.

    Args:
        pictures: The faces and the photograph that are timed.
        network: Classifies faces (n, 48, 48) on one core; one face alone and a batch are timed.
        detect: Finds and classifies the faces of a picture on two cores.
    """
    face, batch = pictures.faces[:1], np.resize(pictures.faces, (BATCH, 48, 48))

    def measure(steps: int) -> dict[str, float]:
        return {
            "face_ms": _milliseconds(lambda: network(face), BATCH * steps),
            "batch_face_ms": _milliseconds(lambda: network(batch), steps) / BATCH,
            "frame_ms": _milliseconds(lambda: detect(pictures.photograph), 4 * steps),
        }

    return measure


def _milliseconds(work: Callable[[], object], times: int) -> float:
    work()  # a warm-up: the first call after a change of the batch size is slower
    start = time.perf_counter()
    for _ in range(times):
        work()
    return 1000 * (time.perf_counter() - start) / times
