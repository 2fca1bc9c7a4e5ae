"""A detected face and its prediction."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from emotion.core.pictures import Box, Point


@dataclass(frozen=True)
class Face:
    """A detected face and its prediction.

    Attributes:
        box: Left, top, width and height in pixels; may reach beyond the picture.
        label: The predicted label, which is the most probable emotion.
        probabilities: Of each emotion; they sum to 1 and are calibrated if the model's are.
        score: The detector's confidence that this is a face (see `emotion.core.pictures.Detection`).
        landmarks: Eyes, tip of the nose and corners of the mouth; empty if the detector does not locate them.
        crop: The face crop that the network received, gray values uint8 (48, 48).
        track: The same number for the same face in all frames of a video.
    """

    box: Box
    label: str
    probabilities: dict[str, float]
    score: float
    crop: np.ndarray = field(repr=False, compare=False)
    landmarks: tuple[Point, ...] = field(default=(), repr=False)
    track: int | None = None

    @property
    def probability(self) -> float:
        """The probability of the predicted label."""
        return self.probabilities[self.label]

    def to_dict(self) -> dict[str, Any]:
        """Return the face as a dictionary that JSON can hold, without its crop."""
        track = {} if self.track is None else {"track": self.track}
        probabilities = {label: round(value, 6) for label, value in self.probabilities.items()}
        return track | {
            "box": list(self.box),
            "score": round(self.score, 4),
            "landmarks": [[round(x, 1), round(y, 1)] for x, y in self.landmarks],
            "label": self.label,
            "probabilities": probabilities,
        }
