"""What is known of a picture and its faces."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from emotion.faces import Box
from emotion.inference import drawing


@dataclass(frozen=True)
class Face:
    """A face and what it shows.

    Attributes:
        box: Left, top, width and height in pixels; may reach beyond the picture.
        label: The most probable emotion.
        probabilities: Of each emotion; they sum to 1 and are calibrated if the model's are.
        score: How sure the detector is that it is a face (see `emotion.faces.Found`).
        seen: What the network saw, gray values uint8 (48, 48).
        track: The same number for the same face in the frames of a video.
    """

    box: Box
    label: str
    probabilities: dict[str, float]
    score: float
    seen: np.ndarray = field(repr=False, compare=False)
    track: int | None = None

    @property
    def probability(self) -> float:
        """How probable the label is."""
        return self.probabilities[self.label]

    def to_dict(self) -> dict[str, Any]:
        """Return what is known, ready for JSON."""
        track = {} if self.track is None else {"track": self.track}
        probabilities = {label: round(value, 6) for label, value in self.probabilities.items()}
        return track | {
            "box": list(self.box),
            "score": round(self.score, 4),
            "label": self.label,
            "probabilities": probabilities,
        }


@dataclass(frozen=True)
class Result:
    """A picture, RGB uint8 (height, width, 3), and its faces, from left to right."""

    picture: np.ndarray = field(repr=False, compare=False)
    faces: tuple[Face, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return what is known, ready for JSON."""
        height, width = self.picture.shape[:2]
        return {"width": width, "height": height, "faces": [face.to_dict() for face in self.faces]}

    def drawn(self, bars: bool = False) -> np.ndarray:
        """Return a copy of the picture with boxes and labels, and if asked for with bars of all probabilities."""
        return drawing.draw(self.picture, self.faces, bars)
