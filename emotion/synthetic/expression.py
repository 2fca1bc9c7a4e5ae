"""Eyes, brows, nose and mouth, each moved by its action units.

`units` always holds the contraction 0..1 of each action unit by its number; action_units.py names them.
"""

import numpy as np

from emotion.synthetic.camera import Canvas, T
from emotion.synthetic.person import Person

BOW = 1 - T * T
FROM_NOSE = (T + 1) / 2  # 0 at the nose, 1 outside


def paint_forehead(canvas: Canvas, person: Person, units: np.ndarray) -> None:
    """Paint the wrinkles over raised brows and the folds between lowered ones."""
    brow = person.eye_y - person.brow_y
    for side in (-1, 1):
        if units[1] > 0.35:
            spread = side * (0.2 + 0.25 * units[2]) * FROM_NOSE
            canvas.stroke(spread, brow - 0.24 + 0.03 * FROM_NOSE, person.skin * (1 - 0.25 * units[1]), 0.02)
        if _frown(units) > 0.3:
            canvas.stroke(side * np.array([0.05, 0.06]), brow + np.array([-0.05, 0.14]), person.skin * 0.6, 0.03)


def paint_eye(canvas: Canvas, person: Person, units: np.ndarray, side: int) -> None:
    """Paint the left (side -1) or right (1) eye of the picture."""
    size = person.eye_size
    skin = person.skin
    middle = side * person.eye_x
    squint = 0.4 * units[6] + 0.3 * units[7] + 0.5 * units[9]
    droop = 0.4 * units[1] * units[15]
    upper = size * max(0.12, 0.58 + 0.5 * units[5] * (1 - 0.35 * units[4]) - 0.45 * squint - droop)
    lower = size * (0.42 - 0.9 * squint)
    x = middle + size * T
    y = person.eye_y + 0.04 * units[9]
    canvas.ellipse(middle, y - 0.02, 1.35 * size, 1.1 * size, tone=skin * 0.93)
    canvas.between(x, y - upper * BOW, y + lower * BOW, min(250, 0.5 * skin + 125))
    across = 0.45 * T
    chord = 0.58 * np.sqrt(BOW) * size
    lid = 1 - across**2
    canvas.between(middle + size * across, y - np.minimum(chord, upper * lid), y + np.minimum(chord, lower * lid), 25)
    canvas.stroke(x, y - upper * BOW, skin * 0.25, 0.035)
    canvas.stroke(x, y + lower * BOW, skin * 0.6, 0.02)
    if squint > 0.2:  # the bag under the eye
        canvas.stroke(x, y + 0.06 + (lower + 0.5 * size) * BOW, skin * (1 - 0.35 * squint), 0.025)


def paint_brow(canvas: Canvas, person: Person, units: np.ndarray, side: int) -> None:
    """Paint the left (side -1) or right (1) brow of the picture."""
    rest = person.eye_y - person.brow_y
    lowered = _frown(units)
    inner = rest - 0.19 * units[1] * (0.6 + 0.4 * units[4]) + 0.19 * lowered
    outer = rest + 0.03 - 0.15 * units[2] + 0.03 * units[1] * units[4] - 0.04 * lowered
    arch = 0.045 + 0.05 * units[2] - 0.05 * units[4]
    x = side * (0.13 - 0.06 * units[4] + FROM_NOSE * (person.eye_x + 0.05))
    tone = min(person.hair, person.skin * 0.5)
    canvas.stroke(x, inner + (outer - inner) * FROM_NOSE - arch * BOW, tone, person.brow_width)


def paint_nose(canvas: Canvas, person: Person, units: np.ndarray) -> None:
    """Paint the nose and the folds from its wings to the corners of the mouth."""
    size = person.nose
    skin = person.skin
    wrinkled = units[9]
    tip = 0.22 * size - 0.05 * wrinkled
    wing = 0.13 * size * (1 + 0.25 * wrinkled)
    bridge = np.array([person.eye_y + 0.02, 0.05, tip - 0.03])
    canvas.stroke(np.array([0.05, 0.07, 0.11]) * size, bridge, skin * 0.82, 0.04)
    fold = max(units[12], wrinkled, 0.7 * units[10])
    reach = person.mouth_width * (1.1 + 0.2 * units[12]) + 0.03 - wing
    for side in (-1, 1):
        canvas.ellipse(side * 0.075 * size, tip, 0.04, 0.025, tone=skin * 0.4)
        canvas.stroke(side * (wing - 0.02 * BOW), tip - 0.03 + 0.05 * T, skin * (0.75 - 0.2 * wrinkled), 0.025)
        if fold > 0.3:
            x = wing + reach * FROM_NOSE + 0.05 * BOW
            y = tip + (person.mouth_y - 0.05 - tip) * FROM_NOSE
            canvas.stroke(side * x, y, skin * (1 - 0.4 * fold), 0.03)
        for row in range(3 if wrinkled > 0.3 else 0):
            y = person.eye_y + 0.02 + 0.075 * row + np.array([0, -0.06])
            canvas.stroke(side * np.array([0.02, 0.13]), y, skin * (1 - 0.5 * wrinkled), 0.025)


def paint_mouth(canvas: Canvas, person: Person, units: np.ndarray) -> None:
    """Paint lips, teeth, the chin's fold and the moustache."""
    skin, smile, stretched, pressed = person.skin, units[12], units[20], units[23]
    dropped = units[26] * (1 - 0.5 * stretched)
    boxed = max(stretched, pressed)
    width = person.mouth_width * (
        1 + 0.32 * smile + 0.3 * stretched - 0.3 * units[26] * (1 - stretched) - 0.1 * pressed
    )
    x = width * T
    middle = person.mouth_y + 0.06 * units[26] - 0.05 * units[9] - 0.03 * units[10] - 0.03 * units[17]
    line = middle + 0.04 * smile - 0.03 * units[15] + (0.15 * units[15] + 0.04 * stretched - 0.17 * smile) * T * T
    # Round when the jaw drops, a long box when the lips are stretched or pressed.
    shape = BOW + (np.sqrt(BOW) - BOW) * units[26] * (1 - stretched) + (1 - T**4 - BOW) * boxed
    upper = shape * (0.02 * units[25] + 0.06 * units[26] + 0.06 * units[9] + 0.04 * units[10])
    lower = shape * (0.09 * units[25] + 0.24 * dropped + 0.08 * units[16] + 0.08 * smile * units[25])
    lips = person.lips * (1 - 0.7 * pressed)
    cupid = lips * BOW * (1 - 0.25 * np.exp(-30 * T**2))
    canvas.between(1.06 * x, line - upper - cupid, line + lower + 1.4 * lips * BOW, skin * 0.66)
    if (upper + lower).max() > 0.05:
        canvas.between(x, line - upper, line + lower, 28)
        teeth = np.minimum(0.09, 0.75 * (upper + lower)) * max(smile, boxed, 0.6 * units[9])
        canvas.between(0.9 * x, line - upper + 0.006, line - upper + teeth, 225)
    else:
        canvas.stroke(x, line, skin * 0.3, 0.035 + 0.02 * pressed)
    if units[17] > 0.3:
        canvas.stroke(0.6 * x, middle + 0.2 - 0.05 * BOW, skin * 0.75, 0.03)
    if person.moustache:
        canvas.stroke(0.95 * x, line - upper - lips - 0.05 + 0.05 * T**2, min(person.hair, skin * 0.5), 0.07)


def _frown(units: np.ndarray) -> float:
    """Return how far the brows are lowered: less if the inner brow is raised, too, as in grief."""
    return units[4] * (1 - 0.9 * units[1]) + 0.55 * units[9]
