"""Test-time augmentation (TTA): the mean prediction over a face, its mirror image and shifted copies.

After Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks", 2012, who average over
crops of a picture and their mirror images.
"""

from collections.abc import Callable, Iterator

import numpy as np
from pydantic import Field

from emotion.core.params import Section
from emotion.core.pictures import SIDE


class PredictSettings(Section):
    """Section `predict` of params.yaml."""

    tta_flip: bool
    tta_shift: int = Field(ge=0, lt=SIDE // 2)  # pixels, towards each corner; 0: none


def variants(faces: np.ndarray, settings: PredictSettings) -> Iterator[np.ndarray]:
    """Yield the augmented copies of faces uint8 (n, 48, 48), but not the faces themselves."""
    shift = settings.tta_shift
    side = faces.shape[1]
    padded = np.pad(faces, ((0, 0), (shift, shift), (shift, shift)), mode="edge")
    corners = [(0, 0), (0, 2 * shift), (2 * shift, 0), (2 * shift, 2 * shift)] if shift else []
    for number, (top, left) in enumerate([(shift, shift), *corners]):
        copy = padded[:, top : top + side, left : left + side]
        if number:
            yield copy
        if settings.tta_flip:
            yield copy[:, :, ::-1]


def predict(
    without_tta: np.ndarray,
    predictor: Callable[[np.ndarray], np.ndarray],
    faces: np.ndarray,
    settings: PredictSettings,
) -> np.ndarray:
    """Return the mean probabilities over each face and its augmented copies, float32 (n, 7).

    Args:
        without_tta: Probabilities of the faces themselves, float32 (n, 7).
        predictor: The function from faces to probabilities.
        faces: uint8 (n, 48, 48).
        settings: The augmented copies.
    """
    return np.mean([without_tta, *map(predictor, variants(faces, settings))], axis=0)
