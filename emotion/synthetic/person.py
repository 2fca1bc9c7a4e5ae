"""The person that is drawn: everything about a face but its expression."""

from dataclasses import dataclass

import numpy as np

from emotion.synthetic.camera import COS, SIN, Canvas, T

BALD, SHORT, FRINGE, PARTED, LONG, CURLY = range(6)


@dataclass(frozen=True)
class Person:
    """Tones are 0..255, lengths are in face coordinates (x right, y down, the head about -1..1)."""

    skin: float
    hair: float
    style: int
    hairline: float
    width: float  # of the face, from its middle
    jaw: float  # how square the lower half is, 0..1
    eye_x: float
    eye_y: float
    eye_size: float
    brow_y: float  # above the eye
    brow_width: float
    nose: float
    mouth_y: float
    mouth_width: float
    lips: float
    beard: float  # 0 is shaved, 1 is full
    moustache: bool
    glasses: bool


def random_person(rng: np.random.Generator) -> Person:
    """Return a person, whose tones, proportions, hair, beard and glasses vary independently."""
    skin = rng.uniform(100, 235)
    dark = rng.uniform(8, 60)
    middle = rng.uniform(0.35, 0.7) * skin
    white = rng.uniform(170, 240)
    return Person(
        skin=skin,
        hair=rng.choice([dark, middle, white], p=[0.6, 0.3, 0.1]),
        style=int(rng.integers(6)),
        hairline=rng.uniform(-0.76, -0.62),
        width=rng.uniform(0.68, 0.82),
        jaw=rng.uniform(0, 1),
        eye_x=rng.uniform(0.31, 0.37),
        eye_y=rng.uniform(-0.18, -0.1),
        eye_size=rng.uniform(0.15, 0.19),
        brow_y=rng.uniform(0.2, 0.26),
        brow_width=rng.uniform(0.05, 0.1),
        nose=rng.uniform(0.8, 1.15),
        mouth_y=rng.uniform(0.47, 0.54),
        mouth_width=rng.uniform(0.26, 0.33),
        lips=rng.uniform(0.04, 0.075),
        beard=rng.uniform(0.3, 1) if rng.random() < 0.12 else 0.0,
        moustache=bool(rng.random() < 0.1),
        glasses=bool(rng.random() < 0.14),
    )


def paint_head(canvas: Canvas, person: Person, chin: float) -> None:
    """Paint neck, ears and a face without features that ends at `chin`."""
    w, skin, hair = person.width, person.skin, person.hair
    if person.style == LONG:
        canvas.fill(COS * (w + 0.2), np.where(SIN > 0, SIN * 1.3, SIN * 1.02), hair)
    canvas.fill(0.6 * w * np.array([-1, 1, 1, -1]), np.array([0.5, 0.5, 1.6, 1.6]), skin * 0.72)
    for side in (-1, 1):
        canvas.ellipse(side * w, 0.05, 0.09, 0.16, tone=skin * 0.85)
    if person.style != BALD:
        canvas.fill(COS * (w + 0.06), np.minimum(SIN * 1.06, 0.1) - 0.02, hair)
    # A superellipse: the squarer the jaw, the fuller the lower half.
    fullness = np.where(SIN > 0, 1 + 0.32 * person.jaw * np.abs(SIN * COS), 1)
    x = COS * w * fullness
    y = np.where(SIN > 0, SIN * chin * fullness, SIN * 0.98)
    canvas.fill(x, y, skin)
    if person.beard:
        canvas.fill(x, np.maximum(y, 0.1), skin + 0.8 * person.beard * (min(hair, 0.8 * skin) - skin))
        canvas.ellipse(0, 0.1, 0.84 * w, 0.28, tone=skin)


def paint_hair(canvas: Canvas, person: Person) -> None:
    """Paint the hair over the forehead."""
    w, line, hair = person.width, person.hairline, person.hair
    edges = {
        SHORT: line + 0.35 * T**4,
        FRINGE: line + 0.2 + 0.06 * np.abs(np.sin(9 * T)) * (1 - T * T),
        PARTED: line + 0.3 * (T - 0.35) ** 2 * np.where(T < 0.35, 0.7, 1.6),
        LONG: line + 0.55 * T**2,
        CURLY: line + 0.08 * np.sin(14 * T) + 0.2 * T**2,
    }
    if person.style in edges:
        crown = -1.08 * np.sqrt(1 - T * T) - 0.02
        canvas.between((w + 0.05) * T, crown, np.maximum(edges[person.style], crown), hair)
    if person.style == CURLY:
        for angle in np.linspace(np.pi, 2 * np.pi, 9):
            canvas.ellipse(w * np.cos(angle), 0.9 * np.sin(angle), 0.2, 0.2, tone=hair)


def paint_glasses(canvas: Canvas, person: Person) -> None:
    """Paint round glasses if the person wears them."""
    if not person.glasses:
        return
    x, y = person.eye_x, person.eye_y
    for side in (-1, 1):
        canvas.stroke(side * x + 0.24 * np.append(COS, 1), y + 0.03 + 0.21 * np.append(SIN, 0), 30, 0.03)
        canvas.stroke(side * np.array([x + 0.24, person.width]), np.array([y, y]), 30, 0.03)
    canvas.stroke((x - 0.24) * T, y - 0.03 * (1 - T * T), 30, 0.03)
