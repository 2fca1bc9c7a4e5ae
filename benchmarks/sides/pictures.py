"""What all sides classify: face crops with their labels, and a photograph of one person; and how they are timed.

Faces are the validation faces of FER-2013 where data/learn.parquet exists, else synthetic ones; never test faces.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import matplotlib.cbook
import numpy as np
from PIL import Image

from emotion.core import dataset, votes
from emotion.core.labels import EMOTIONS
from emotion.synthetic.drawn import draw_face

DATA = Path("data/learn.parquet")
VOTES = Path("data/annotations.parquet")
WIDTH, HEIGHT = 640, 480
DRAWN = 70  # faces, if there are no others
SEED = 5
BATCH = 32
CHUNK = 256  # faces at a time where nothing is timed


@dataclass(frozen=True)
class Pictures:
    """Face crops and a photograph of one person.

    Attributes:
        faces: uint8 (n, 48, 48).
        labels: FER-2013's labels (n,).
        majority: The emotion that at least six of ten annotators chose (n,); empty where there is none.
        photograph: RGB uint8 (480, 640, 3).
    """

    faces: np.ndarray
    labels: np.ndarray
    majority: np.ndarray
    photograph: np.ndarray

    def save(self, path: str | Path) -> None:
        """Write an .npz file."""
        np.savez(path, **asdict(self))


def load(path: str | Path) -> Pictures:
    """Read what `save` wrote."""
    with np.load(path) as arrays:
        return Pictures(**arrays)


def make() -> Pictures:
    """Return the validation faces, or synthetic ones, and Matplotlib's photograph of Grace Hopper."""
    if DATA.exists():
        found = dataset.load(DATA, "validation")
        counts = votes.read(VOTES, found.names) if VOTES.exists() else np.zeros((len(found.names), len(votes.COLUMNS)))
        majority = np.array([*EMOTIONS, ""])[votes.majority(counts)]  # -1: the last one
        return Pictures(found.pixels, np.array(EMOTIONS)[found.labels], majority, _photograph())
    labels = [EMOTIONS[number % len(EMOTIONS)] for number in range(DRAWN)]
    faces = [draw_face(label, np.random.default_rng([SEED, number])) for number, label in enumerate(labels)]
    return Pictures(np.stack(faces), np.array(labels), np.full(DRAWN, ""), _photograph())


def _photograph() -> np.ndarray:
    """Return the photograph, scaled to the frame's width and cut off at the bottom."""
    with Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)) as image:
        picture = np.asarray(image.convert("RGB"))
    size = (WIDTH, round(picture.shape[0] * WIDTH / picture.shape[1]))
    return np.ascontiguousarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA)[:HEIGHT])


def accuracies(pictures: Pictures, predict: Callable[[np.ndarray], list[str]]) -> dict[str, float]:
    """Return the accuracy, for labels and majority, of what returns the predicted labels of faces uint8 (n, 48, 48)."""
    starts = range(0, len(pictures.faces), CHUNK)
    predicted = [label for start in starts for label in predict(pictures.faces[start : start + CHUNK])]
    right = {"accuracy": np.array(predicted) == pictures.labels}
    if pictures.majority.any():
        right["majority_accuracy"] = (np.array(predicted) == pictures.majority)[pictures.majority != ""]
    return {name: round(float(np.mean(values)), 4) for name, values in right.items()}


def timed(
    pictures: Pictures, network: Callable[[np.ndarray], object], detect: Callable[[np.ndarray], object]
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
