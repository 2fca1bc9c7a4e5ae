"""The pictures on which classifiers are compared: cut-out faces, and frames with one face in each.

Faces are the validation faces of FER-2013 where data/learn.parquet is there, else drawn ones; never test faces.
"""

from pathlib import Path

import cv2
import matplotlib.cbook
import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

from benchmarks.sides.pictures import Pictures
from emotion.data import dataset
from emotion.data.drawn import draw_face
from emotion.labels import EMOTIONS

DATA = Path("data/learn.parquet")
WIDTH, HEIGHT = 640, 480
SIDES = 70, 220  # of pasted faces, in pixels
DRAWN = 70  # faces, where there are no others
SEED = 5


def make(count: int) -> Pictures:
    """Return all faces, so many frames, and a photograph with one face.

    Args:
        count: Frames.
    """
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
    """Return the validation faces and the names of what they show."""
    found = dataset.load(DATA, "validation")
    return found.pixels, np.array(EMOTIONS)[found.labels]


def drawn() -> tuple[np.ndarray, np.ndarray]:
    """Return drawn faces and the names of what they show."""
    labels = [EMOTIONS[number % len(EMOTIONS)] for number in range(DRAWN)]
    faces = [draw_face(label, np.random.default_rng([SEED, number])) for number, label in enumerate(labels)]
    return np.stack(faces), np.array(labels)


def photograph() -> np.ndarray:
    """Return a photograph of one person, RGB uint8 (480, 640, 3): Grace Hopper, which Matplotlib brings."""
    with Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)) as image:
        return fitted(np.asarray(image.convert("RGB")))


def fitted(picture: np.ndarray) -> np.ndarray:
    """Return a picture so large that it fills a frame, from its top."""
    scale = max(WIDTH / picture.shape[1], HEIGHT / picture.shape[0])
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    return np.ascontiguousarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA)[:HEIGHT, :WIDTH])


def paste(ground: np.ndarray, face: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, tuple[int, ...]]:
    """Return a frame with a face somewhere, with a soft edge and the ground's colour cast, and the face's box."""
    side = int(rng.integers(*SIDES))
    left, top = (int(rng.integers(0, end - side)) for end in (WIDTH, HEIGHT))
    frame = ground.copy()
    part = frame[top : top + side, left : left + side]
    edge = cv2.GaussianBlur(np.pad(np.ones((side - 8, side - 8)), 4), (0, 0), 2)[..., None]
    tint = np.array([1.0, 0.92, 0.85])
    large = cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC)[..., None] * tint
    part[:] = np.round(edge * large + (1 - edge) * part)
    return frame, (left, top, side, side)
