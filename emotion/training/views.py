"""Several looks at each face, whose answers are averaged: they err in part differently, their mean errs less.

After Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks", 2012, who average over a
picture's crops and their mirror images.
"""

from collections.abc import Callable, Iterator

import numpy as np
from pydantic import Field

from emotion.params import Section


class PredictSettings(Section):
    """Section `predict` of params.yaml."""

    mirror: bool
    shift: int = Field(ge=0, lt=24)  # pixels


def others(faces: np.ndarray, settings: PredictSettings) -> Iterator[np.ndarray]:
    """Yield the faces, uint8 (n, 48, 48), as each further look shows them; nothing where params ask for none."""
    far, side = settings.shift, faces.shape[1]
    wider = np.pad(faces, ((0, 0), (far, far), (far, far)), mode="edge")
    corners = [(0, 0), (0, 2 * far), (2 * far, 0), (2 * far, 2 * far)] if far else []
    for number, (top, left) in enumerate([(far, far), *corners]):
        look = wider[:, top : top + side, left : left + side]
        if number:
            yield look
        if settings.mirror:
            yield look[:, :, ::-1]


def averaged(
    single: np.ndarray, answers: Callable[[np.ndarray], np.ndarray], faces: np.ndarray, settings: PredictSettings
) -> np.ndarray:
    """Return the mean answer over all looks at each face, float32 (n, 7).

    Args:
        single: What the network answers for the faces as they are, float32 (n, 7).
        answers: The function from faces to the network's answers.
        faces: uint8 (n, 48, 48).
        settings: Which looks there are.
    """
    return np.mean([single, *map(answers, others(faces, settings))], axis=0)
