"""Boxes, labels and bars on pictures. All pictures are RGB uint8 (height, width, 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:  # results draws itself
    from emotion.inference.results import Face

FONT = cv2.FONT_HERSHEY_SIMPLEX
PANEL = (24, 24, 24)
WHITE = (255, 255, 255)
OTHER = (200, 200, 200)
COLOURS = {
    "angry": (228, 76, 60),
    "disgust": (122, 170, 62),
    "fear": (170, 110, 220),
    "happy": (250, 200, 50),
    "neutral": (190, 190, 190),
    "sad": (80, 150, 235),
    "surprise": (245, 145, 50),
}


def draw(picture: np.ndarray, faces: Sequence[Face], bars: bool = False) -> np.ndarray:
    """Return a copy of a picture with a box and a label for each face, and if asked for with bars beside it."""
    drawn = picture.copy()
    scale = _scale(picture)
    for face in faces:
        left, top, width, height = face.box
        colour = COLOURS.get(face.label, OTHER)
        cv2.rectangle(drawn, (left, top), (left + width, top + height), colour, max(1, round(2 * scale)), cv2.LINE_AA)
    for face in faces:  # over all boxes
        _tag(drawn, face, scale)
        if bars:
            _bars(drawn, face, scale)
    return drawn


def caption(picture: np.ndarray, text: str) -> None:
    """Write a line into the lower left corner of a picture."""
    scale = _scale(picture)
    height = _height(scale)
    _text(picture, text, (0, len(picture) - height), scale, WHITE, PANEL)


def _scale(picture: np.ndarray) -> float:
    """Return how large lines and letters are; 1 for a picture of 640x480."""
    return float(np.clip(min(picture.shape[:2]) / 480, 0.7, 6))


def _height(scale: float) -> int:
    return round(20 * scale)


def _tag(drawn: np.ndarray, face: Face, scale: float) -> None:
    """Write label and probability above the box, or inside where there is no room."""
    left, top = face.box[:2]
    text = f"{face.label} {face.probability:.0%}"
    wide = cv2.getTextSize(text, FONT, 0.5 * scale, 1)[0][0] + round(8 * scale)
    place = (max(0, min(left, drawn.shape[1] - wide)), max(0, top - _height(scale)))
    _text(drawn, text, place, scale, (0, 0, 0), COLOURS.get(face.label, OTHER))


def _bars(drawn: np.ndarray, face: Face, scale: float) -> None:
    """Draw a panel with the probabilities on the side of the box that has more room."""
    left, top, width, _ = face.box
    wide, row = round(150 * scale), round(17 * scale)
    room = drawn.shape[1] - left - width
    x = left + width + 4 if room >= min(wide, left) else left - wide - 4
    x = max(0, min(x, drawn.shape[1] - wide))
    y = max(0, min(top, len(drawn) - row * len(face.probabilities)))
    panel = drawn[y : y + row * len(face.probabilities), x : x + wide]
    panel[:] = panel // 4 + np.array(PANEL, np.uint8) * 3 // 4
    start = round(70 * scale)
    for place, (label, value) in enumerate(face.probabilities.items()):
        line = y + place * row
        cv2.putText(drawn, label, (x + 4, line + round(12 * scale)), FONT, 0.4 * scale, WHITE, 1, cv2.LINE_AA)
        end = x + start + round((wide - start - 4) * value)
        cv2.rectangle(drawn, (x + start, line + 3), (end, line + row - 4), COLOURS.get(label, OTHER), cv2.FILLED)


def _text(
    drawn: np.ndarray,
    text: str,
    place: tuple[int, int],
    scale: float,
    colour: tuple[int, int, int],
    ground: tuple[int, int, int],
) -> None:
    """Write a line on a filled ground; `place` is its left upper corner."""
    (wide, _), _ = cv2.getTextSize(text, FONT, 0.5 * scale, 1)
    (x, y), pad = place, round(4 * scale)
    cv2.rectangle(drawn, (x, y), (x + wide + 2 * pad, y + _height(scale)), ground, cv2.FILLED)
    thick = max(1, round(scale))
    cv2.putText(drawn, text, (x + pad, y + round(14 * scale)), FONT, 0.5 * scale, colour, thick, cv2.LINE_AA)
