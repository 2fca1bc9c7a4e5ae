"""Bounding boxes, labels and bars on pictures. All pictures are RGB uint8 (height, width, 3)."""

from collections.abc import Sequence

import cv2
import numpy as np

from emotion.core.pictures import Box
from emotion.detection.boxes import intersection
from emotion.inference.face import Face

FONT = cv2.FONT_HERSHEY_SIMPLEX
Colour = tuple[int, int, int]  # RGB
BLACK = (0, 0, 0)
PANEL = (24, 24, 24)
WHITE = (255, 255, 255)
OTHER = (200, 200, 200)  # of labels that are not in COLOURS
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
    """Return a copy of a picture with a bounding box and a label for each face, optionally with bars beside it."""
    drawn = picture.copy()
    scale = _scale(picture)
    for face in faces:
        left, top, width, height = face.box
        colour = COLOURS.get(face.label, OTHER)
        cv2.rectangle(drawn, (left, top), (left + width, top + height), colour, max(1, round(2 * scale)), cv2.LINE_AA)
    taken = [face.box for face in faces]
    for face in faces:  # after all boxes, so that labels lie on top of them
        _tag(drawn, face, scale)
        if bars:
            size = (round(150 * scale), round(17 * scale) * len(face.probabilities))
            panel = _beside(face.box, size, drawn, taken)
            taken.append(panel)
            _bars(drawn, face, panel, scale)
    return drawn


def caption(picture: np.ndarray, text: str) -> None:
    """Write a line into the lower left corner of a picture."""
    scale = _scale(picture)
    height = _height(scale)
    _text(picture, text, (0, len(picture) - height), scale=scale, colour=WHITE, background=PANEL)


def _scale(picture: np.ndarray) -> float:
    """Return the scale of lines and letters; 1 for a picture of 640x480."""
    return float(np.clip(min(picture.shape[:2]) / 480, 0.7, 6))


def _height(scale: float) -> int:
    """Return the height of a line of text in pixels."""
    return round(20 * scale)


def _tag(drawn: np.ndarray, face: Face, scale: float) -> None:
    """Write label and probability above the box, or inside where there is no room."""
    left, top = face.box[:2]
    text = f"{face.label} {face.probability:.0%}"
    wide = cv2.getTextSize(text, FONT, 0.5 * scale, 1)[0][0] + round(8 * scale)
    place = (max(0, min(left, drawn.shape[1] - wide)), max(0, top - _height(scale)))
    _text(drawn, text, place, scale=scale, colour=BLACK, background=COLOURS.get(face.label, OTHER))


def _beside(box: Box, size: tuple[int, int], drawn: np.ndarray, taken: Sequence[Box]) -> Box:
    """Return a box of that size beside another, at the first free place, or at the first place if none is free."""
    left, top, width, height = box
    wide, high = size
    corners = [
        (left + width + 4, top),
        (left - wide - 4, top),
        (left, top + height + 4),
        (left, top - _height(_scale(drawn)) - high - 4),
    ]
    # A panel that would leave the picture is moved inside.
    spots = [(max(0, min(x, drawn.shape[1] - wide)), max(0, min(y, len(drawn) - high)), wide, high) for x, y in corners]
    return next((spot for spot in spots if not any(intersection(spot, other) for other in taken)), spots[0])


def _bars(drawn: np.ndarray, face: Face, panel: Box, scale: float) -> None:
    """Draw the probabilities as bars on a dark panel."""
    x, y, wide, high = panel
    background = drawn[y : y + high, x : x + wide]
    background[:] = background // 4 + np.array(PANEL, np.uint8) // 4 * 3
    start = round(70 * scale)
    row = high // len(face.probabilities)
    for place, (label, value) in enumerate(face.probabilities.items()):
        line = y + place * row
        cv2.putText(drawn, label, (x + 4, line + round(12 * scale)), FONT, 0.4 * scale, WHITE, 1, cv2.LINE_AA)
        end = x + start + round((wide - start - 4) * value)
        cv2.rectangle(drawn, (x + start, line + 3), (end, line + row - 4), COLOURS.get(label, OTHER), cv2.FILLED)


def _text(
    drawn: np.ndarray, text: str, place: tuple[int, int], *, scale: float, colour: Colour, background: Colour
) -> None:
    """Write a line on a filled background; `place` is its upper left corner."""
    (wide, _), _ = cv2.getTextSize(text, FONT, 0.5 * scale, 1)
    x, y = place
    padding = round(4 * scale)
    cv2.rectangle(drawn, (x, y), (x + wide + 2 * padding, y + _height(scale)), background, cv2.FILLED)
    thickness = max(1, round(scale))
    cv2.putText(drawn, text, (x + padding, y + round(14 * scale)), FONT, 0.5 * scale, colour, thickness, cv2.LINE_AA)
