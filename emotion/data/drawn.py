"""Sample faces drawn by the project, for trying the pipeline without anybody's pictures.

Simple faces whose brows, eyes, nose and mouth are moved by the action units that Ekman and Friesen
(FACS, 1978; EMFACS, 1983) tie to each emotion. They look alike in nothing else: skin, hair, proportions,
pose, lighting, blur and noise vary, so that pixels alone tell little and shapes tell nearly all.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from pydantic import Field

from emotion.data.action_units import contract
from emotion.data.camera import Canvas, T, photograph, random_pose
from emotion.data.expression import paint_brow, paint_eye, paint_forehead, paint_mouth, paint_nose
from emotion.data.person import Person, paint_glasses, paint_hair, paint_head, random_person
from emotion.labels import EMOTIONS
from emotion.params import Section

# As in FER-2013, but disgust, 1.5 % there, is frequent enough to be learnt from few faces.
SHARES = {"angry": 0.135, "disgust": 0.05, "fear": 0.14, "happy": 0.24, "neutral": 0.165, "sad": 0.16, "surprise": 0.11}
# FER-2013 has exact copies of training faces among its test faces; so do these, to show what is done about it.
COPIES = 0.02


class SampleSettings(Section):
    """How many faces are drawn, and from which seed."""

    faces: int = Field(ge=70)
    seed: int = Field(ge=0)


def draw_face(emotion: str, rng: np.random.Generator) -> np.ndarray:
    """Return somebody who shows an emotion: uint8 (48, 48), 0 is black."""
    pose, person, units = random_pose(rng), random_person(rng), contract(emotion, rng)
    canvas = Canvas(pose, rng.uniform(20, 235))
    for _ in range(rng.integers(4)):  # things behind the head
        x, y, wide, high, tone = rng.uniform((-1.2, -1.2, 0.2, 0.2, 20), (1.2, 1.2, 0.9, 0.9, 235))
        canvas.ellipse(x, y, wide, high, tone)
    _paint(canvas, person, units)
    if rng.random() < 0.12:  # something before the head: a hand, a strap, a strand of hair
        angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.75, 1)
        x, y = (far * np.cos(angle) - 1.5 * T * np.sin(angle), far * np.sin(angle) + 1.5 * T * np.cos(angle))
        canvas.stroke(x, y, rng.uniform(20, 220), rng.uniform(0.08, 0.25))
    return photograph(canvas.small(), pose, rng)


def draw_faces(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield (`<official>/<emotion>/<official>_<index>.png`, PNG file) for that many faces.

    Each face has a random generator of its own, made of the seed and its index. Every emotion stands in
    Training (80 %), PublicTest and PrivateTest (10 % each) if there are 70 faces or more; some PrivateTest
    faces have the very pixels of a Training face.
    """
    plan = _plan(count)
    copied = _copies(plan, seed)
    for index, (official, emotion) in enumerate(plan):
        face = draw_face(emotion, np.random.default_rng([seed, copied.get(index, index)]))
        yield f"{official}/{emotion}/{official}_{index:06}.png", _png(face)


def _paint(canvas: Canvas, person: Person, units: np.ndarray) -> None:
    """Paint a person's face, from what lies behind to what lies before."""
    paint_head(canvas, person, chin=0.95 + 0.1 * units[26])
    paint_forehead(canvas, person, units)
    paint_hair(canvas, person)
    for side in (-1, 1):
        paint_eye(canvas, person, units, side)
        paint_brow(canvas, person, units, side)
    paint_nose(canvas, person, units)
    paint_mouth(canvas, person, units)
    paint_glasses(canvas, person)


def _plan(faces: int) -> list[tuple[str, str]]:
    """Return the official part and the emotion of each face."""
    tenth = faces // 10
    parts = {"Training": faces - 2 * tenth, "PublicTest": tenth, "PrivateTest": tenth}
    return [(part, emotion) for part, size in parts.items() for emotion in _emotions(size)]


def _emotions(size: int) -> list[str]:
    """Return `size` emotions by their shares, each at least once (largest remainders)."""
    shares = np.array([SHARES[emotion] for emotion in EMOTIONS])
    exact = shares * (size - len(EMOTIONS))
    counts = 1 + np.floor(exact).astype(int)
    counts[np.argsort(np.floor(exact) - exact, kind="stable")[: size - counts.sum()]] += 1
    return [emotion for emotion, count in zip(EMOTIONS, counts, strict=True) for _ in range(count)]


def _copies(plan: list[tuple[str, str]], seed: int) -> dict[int, int]:
    """Return which PrivateTest faces repeat which Training face of the same emotion, by index."""
    rng = np.random.default_rng([seed, len(plan)])
    private = [index for index, (official, _) in enumerate(plan) if official == "PrivateTest"]
    # The first of each emotion is never a copy, so that no emotion is lost without the copies.
    spare = [index for index in private if plan[index] == plan[index - 1]]
    count = min(len(spare), max(1, round(COPIES * len(private))))
    chosen = sorted(rng.choice(spare, count, replace=False).tolist()) if spare else []
    return {index: int(rng.choice(_training(plan, plan[index][1]))) for index in chosen}


def _training(plan: list[tuple[str, str]], emotion: str) -> list[int]:
    return [index for index, face in enumerate(plan) if face == ("Training", emotion)]


def _png(face: np.ndarray) -> bytes:
    """Return a face as a PNG file, stored: compressors differ between machines, and noise hardly shrinks."""
    return cv2.imencode(".png", face, [cv2.IMWRITE_PNG_COMPRESSION, 0])[1].tobytes()
