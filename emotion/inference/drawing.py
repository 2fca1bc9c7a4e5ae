"""Boxes, labels and bars on pictures. All pictures are RGB uint8 (height, width, 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from emotion.faces import Box, intersection

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
    taken = [face.box for face in faces]
    for face in faces:  # over all boxes
        _tag(drawn, face, scale)
        if bars:
            size = (round(150 * scale), round(17 * scale) * len(face.probabilities))
            taken.append(panel := _beside(face.box, size, drawn, taken))
            _bars(drawn, face, panel, scale)
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


def _beside(box: Box, size: tuple[int, int], drawn: np.ndarray, taken: Sequence[Box]) -> Box:
    """Return a box of that size beside another: the first place that is free, else the first one."""
    (left, top, width, height), (wide, high) = box, size
    corners = [
        (left + width + 4, top),
        (left - wide - 4, top),
        (left, top + height + 4),
        (left, top - _height(_scale(drawn)) - high - 4),
    ]
    # Moved along the edge, if it must be, but not away from it.
    spots = [(max(0, min(x, drawn.shape[1] - wide)), max(0, min(y, len(drawn) - high)), wide, high) for x, y in corners]
    return next((spot for spot in spots if not any(intersection(spot, other) for other in taken)), spots[0])


def _bars(drawn: np.ndarray, face: Face, panel: Box, scale: float) -> None:
    """Draw the probabilities as bars on a dark ground."""
    x, y, wide, high = panel
    ground = drawn[y : y + high, x : x + wide]
    ground[:] = ground // 4 + np.array(PANEL, np.uint8) // 4 * 3
    start, row = round(70 * scale), high // len(face.probabilities)
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
