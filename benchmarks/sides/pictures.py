"""What classifiers are shown, how long they take for it, and how well they do."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from emotion.faces import Box, intersection

BATCH = 32
CHUNK = 256  # faces at a time, where it is not the time that counts
OVERLAP = 0.5  # a face is found where a box shares so much with it of what either covers

Answer = Callable[[np.ndarray], list[str]]  # from faces uint8 (n, 48, 48) to what they show
Detect = Callable[[np.ndarray], list[tuple[Box, str]]]  # from a picture, RGB, to its faces


@dataclass(frozen=True)
class Pictures:
    """Cut-out faces, frames with a face pasted into each, and a photograph of one person.

    Attributes:
        faces: uint8 (n, 48, 48).
        labels: What they show, names (n,).
        frames: RGB uint8 (m, 480, 640, 3).
        boxes: Left, top, width and height of the face in each (m, 4).
        shown: What it shows (m,).
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


def quality(pictures: Pictures, answer: Answer, detect: Detect) -> dict[str, float | int]:
    """Return how well faces are labelled, and how many of those in frames are found and labelled rightly."""
    starts = range(0, len(pictures.faces), CHUNK)
    answers = [label for start in starts for label in answer(pictures.faces[start : start + CHUNK])]
    found, right, others = 0, 0, 0
    for frame, box, shown in zip(pictures.frames, pictures.boxes.tolist(), pictures.shown, strict=True):
        faces = detect(frame)
        labels = [label for place, label in faces if _overlap(place, box) >= OVERLAP]
        found += bool(labels)
        right += shown in labels[:1]
        others += len(faces) - len(labels)
    return {
        "accuracy": float(np.mean(np.array(answers) == pictures.labels)),
        "found": found,
        "found_and_right": right,
        "false_boxes": others,
        "faces_in_photograph": len(detect(pictures.photograph)),
    }


def _overlap(one: Box, other: Box) -> float:
    """Return which share of what two boxes cover they have in common."""
    both = intersection(one, other)
    return both / (one[2] * one[3] + other[2] * other[3] - both)


def timed(
    pictures: Pictures, one: Callable[[np.ndarray], object], many: Callable[[np.ndarray], object], detect: Detect
) -> Callable[[int], dict[str, float]]:
    """Return the function that measures so many steps: milliseconds a face, alone and in a batch, and of a photograph.

    Args:
        pictures: Of which some are shown.
        one: Classifies faces (1, 48, 48), on one core.
        many: The same for a batch.
        detect: Finds and classifies the faces of a picture; on two cores.
    """
    face, batch = pictures.faces[:1], np.resize(pictures.faces, (BATCH, 48, 48))

    def measure(steps: int) -> dict[str, float]:
        return {
            "face_ms": _milliseconds(lambda: one(face), BATCH * steps),
            "batch_face_ms": _milliseconds(lambda: many(batch), steps) / BATCH,
            "frame_ms": _milliseconds(lambda: detect(pictures.photograph), 4 * steps),
        }

    return measure


def _milliseconds(work: Callable[[], object], times: int) -> float:
    work()  # what a change of the batch costs is no part of it
    start = time.perf_counter()
    for _ in range(times):
        work()
    return 1000 * (time.perf_counter() - start) / times
