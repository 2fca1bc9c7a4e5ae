"""Sample faces drawn by the project, for trying the pipeline without a data set.

The brows, eyes, nose and mouth of these simple faces are moved by the action units that Ekman and Friesen
(FACS, 1978; EMFACS, 1983) list for each emotion. Everything else varies: skin, hair, proportions, pose,
lighting, blur and noise, so that a classifier must learn shapes rather than pixels.
"""

from collections.abc import Iterator

import numpy as np

from emotion.core.labels import EMOTIONS
from emotion.core.pictures import stored_png
from emotion.synthetic.action_units import contract
from emotion.synthetic.camera import Canvas, T, photograph, random_pose
from emotion.synthetic.expression import paint_brow, paint_eye, paint_forehead, paint_mouth, paint_nose
from emotion.synthetic.person import Person, paint_glasses, paint_hair, paint_head, random_person
from emotion.synthetic.planting import Defect, change, plan_defects

# As in FER-2013, but disgust, 1.5 % there, is frequent enough to be learned from few faces.
SHARES = {"angry": 0.135, "disgust": 0.05, "fear": 0.14, "happy": 0.24, "neutral": 0.165, "sad": 0.16, "surprise": 0.11}


def draw_face(emotion: str, rng: np.random.Generator) -> np.ndarray:
    """Return a face with this expression: uint8 (48, 48), 0 is black."""
    pose = random_pose(rng)
    person = random_person(rng)
    units = contract(emotion, rng)
    canvas = Canvas(pose, rng.uniform(20, 235))
    for _ in range(rng.integers(4)):  # objects behind the head
        x, y, wide, high, tone = rng.uniform((-1.2, -1.2, 0.2, 0.2, 20), (1.2, 1.2, 0.9, 0.9, 235))
        canvas.ellipse(x, y, wide, high, tone=tone)
    _paint(canvas, person, units)
    if rng.random() < 0.12:  # an object in front of it: a hand, a strap, a strand of hair
        angle = rng.uniform(0, 2 * np.pi)
        far = rng.uniform(0.75, 1)
        x = far * np.cos(angle) - 1.5 * T * np.sin(angle)
        y = far * np.sin(angle) + 1.5 * T * np.cos(angle)
        canvas.stroke(x, y, rng.uniform(20, 220), rng.uniform(0.08, 0.25))
    return photograph(canvas.small(), pose, rng)


def draw_faces(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield (`<official>/<emotion>/<official>_<index>.png`, PNG file) for that many faces.

    Each face has its own random generator, made from the seed and its index. Every emotion is in Training (80 %),
    PublicTest and PrivateTest (10 % each) if there are 70 faces or more. Some faces have a defect, see `planted`.
    """
    plan = _plan(count)
    defects = plan_defects(plan, seed)
    for index in range(count):
        defect = defects.get(index, Defect("none", index))
        face = draw_face(plan[defect.original][1], np.random.default_rng([seed, defect.original]))
        yield _name(plan, index), stored_png(change(face, defect.kind, np.random.default_rng([seed, index, 1])))


def planted(count: int, seed: int) -> list[tuple[str, str, str]]:
    """Return kind, name and name of the original of each defect that `draw_faces` plants."""
    plan = _plan(count)
    defects = plan_defects(plan, seed).items()
    return [(defect.kind, _name(plan, index), _name(plan, defect.original)) for index, defect in defects]


def _paint(canvas: Canvas, person: Person, units: np.ndarray) -> None:
    """Paint a person's face, from back to front."""
    paint_head(canvas, person, chin=0.95 + 0.1 * units[26])
    paint_forehead(canvas, person, units)
    paint_hair(canvas, person)
    for side in (-1, 1):
        paint_eye(canvas, person, units, side)
        paint_brow(canvas, person, units, side)
    paint_nose(canvas, person, units)
    paint_mouth(canvas, person, units)
    paint_glasses(canvas, person)


def _name(plan: list[tuple[str, str]], index: int) -> str:
    official, emotion = plan[index]
    return f"{official}/{emotion}/{official}_{index:06}.png"


def _plan(faces: int) -> list[tuple[str, str]]:
    """Return the official subset and the emotion of each face."""
    tenth = faces // 10
    sizes = {"Training": faces - 2 * tenth, "PublicTest": tenth, "PrivateTest": tenth}
    return [(subset, emotion) for subset, size in sizes.items() for emotion in _emotions(size)]


def _emotions(size: int) -> list[str]:
    """Return `size` emotions by their shares, each at least once (largest remainders)."""
    shares = np.array([SHARES[emotion] for emotion in EMOTIONS])
    exact = shares * (size - len(EMOTIONS))
    counts = 1 + np.floor(exact).astype(int)
    counts[np.argsort(np.floor(exact) - exact, kind="stable")[: size - counts.sum()]] += 1
    return [emotion for emotion, count in zip(EMOTIONS, counts, strict=True) for _ in range(count)]
