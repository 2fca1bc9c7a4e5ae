"""Faces moved about, lit, covered and mixed at random, so that no epoch shows the same picture twice."""

from typing import Annotated, Any

import cv2
import numpy as np
from pydantic import Field, field_validator

from emotion.params import Section

SIDE = 48  # of the faces, in pixels


class AugmentSettings(Section):
    """`augment` of a model: drawn anew for every face and epoch; 0 or false everywhere leaves faces as they are."""

    rotation: float = Field(ge=0, le=180)  # degrees
    shift: float = Field(ge=0, lt=1)  # share of the side
    zoom: float = Field(ge=0, lt=1)  # 0.1: 0.9 to 1.1
    shear: float = Field(ge=0, le=45)  # degrees
    flip: bool  # mirrors half of the faces
    brightness: float = Field(ge=0, le=1)  # share of 255 that is added or taken away
    erase: float = Field(ge=0, le=1)  # share of the faces
    erase_area: float = Field(gt=0, lt=1)  # largest share of the picture
    mixup: float = Field(ge=0)  # alpha of the Beta distribution
    plain_epochs: int = Field(ge=0)  # at the end, without erasing and mixing
    sizes: list[Annotated[int, Field(ge=16, le=SIDE)]] = Field(min_length=1)  # pixels, each for as many epochs

    @field_validator("sizes")
    @classmethod
    def _end_at_full_size(cls, sizes: list[int]) -> list[int]:
        if sizes[-1] != SIDE:
            raise ValueError(f"the last size must be {SIDE}, that of the faces")
        return sizes

    def of_epoch(self, epoch: int, epochs: int) -> "AugmentSettings":
        """Return what holds in an epoch, counted from 0: its size alone; the last epochs neither erase nor mix."""
        changed: dict[str, Any] = {"sizes": [self.sizes[epoch * len(self.sizes) // epochs]]}
        if epoch >= epochs - self.plain_epochs:
            changed |= {"erase": 0.0, "mixup": 0.0}
        return self.model_copy(update=changed)


def augment(
    faces: np.ndarray, targets: np.ndarray, settings: AugmentSettings, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return faces uint8 (n, 48, 48) as float32 (n, size, size, 1), 0..255, and targets (n, classes), augmented.

    The size is the first of the settings' sizes.
    """
    scale = settings.sizes[0] / SIDE
    if settings.rotation or settings.shift or settings.zoom or settings.shear or settings.flip or scale != 1:
        faces = _moved(faces, matrices(len(faces), faces.shape[1], settings, rng), scale)
    pixels = faces.astype(np.float32)
    if settings.brightness:
        pixels += 255 * settings.brightness * rng.uniform(-1, 1, (len(faces), 1, 1)).astype(np.float32)
        np.clip(pixels, 0, 255, out=pixels)
    if settings.erase:
        _erase(pixels, settings, rng)
    if settings.mixup:
        pixels, targets = _mixed(pixels, targets, settings.mixup, rng)
    return pixels[..., None], targets


def matrices(count: int, side: int, settings: AugmentSettings, rng: np.random.Generator) -> np.ndarray:
    """Return `count` random affine maps about the centre of a picture, float32 of shape (count, 2, 3)."""
    draw = rng.uniform(-1, 1, (count, 5))
    angle, shear = np.deg2rad(settings.rotation) * draw[:, 0], np.deg2rad(settings.shear) * draw[:, 1]
    scale = 1 + settings.zoom * draw[:, 2]
    mirror = np.where(settings.flip & (rng.random(count) < 0.5), -1.0, 1.0)
    linear = np.empty((count, 2, 2))
    linear[:, 0, 0], linear[:, 0, 1] = np.cos(angle) * mirror, -np.sin(angle + shear)
    linear[:, 1, 0], linear[:, 1, 1] = np.sin(angle) * mirror, np.cos(angle + shear)
    linear *= scale[:, None, None]
    centre = np.full(2, (side - 1) / 2)
    offset = centre - linear @ centre + settings.shift * side * draw[:, 3:]
    return np.concatenate([linear, offset[:, :, None]], axis=2).astype(np.float32)


def _moved(faces: np.ndarray, maps: np.ndarray, scale: float) -> np.ndarray:
    """Return each face under its affine map and then scaled, uint8; the edge is repeated outwards."""
    if scale != 1:
        maps = maps * np.float32(scale)
        maps[:, :, 2] += (scale - 1) / 2  # a pixel's coordinates are those of its centre
    size = round(scale * faces.shape[1])
    moved = np.empty((len(faces), size, size), np.uint8)
    for face, matrix, target in zip(faces, maps, moved, strict=True):
        cv2.warpAffine(face, matrix, (size, size), dst=target, borderMode=cv2.BORDER_REPLICATE)
    return moved


def _erase(pixels: np.ndarray, settings: AugmentSettings, rng: np.random.Generator) -> None:
    """Cover a rectangle of some faces with noise (Zhong et al., "Random Erasing Data Augmentation", 2020)."""
    side = pixels.shape[1]
    for number in np.flatnonzero(rng.random(len(pixels)) < settings.erase):
        area = rng.uniform(min(0.02, settings.erase_area), settings.erase_area) * side**2
        stretch = np.exp(rng.uniform(np.log(0.3), np.log(1 / 0.3)) / 2)  # the paper's shapes: 0.3 to 3.3
        height, width = (int(np.clip(area**0.5 * f, 1, side)) for f in (stretch, 1 / stretch))
        top, left = rng.integers(0, side - height + 1), rng.integers(0, side - width + 1)
        pixels[number, top : top + height, left : left + width] = rng.integers(0, 256, (height, width))


def _mixed(
    pixels: np.ndarray, targets: np.ndarray, alpha: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return each face blended with another, and its target likewise (Zhang et al., "mixup", 2018)."""
    share = rng.beta(alpha, alpha, (len(pixels), 1)).astype(np.float32)
    other = rng.permutation(len(pixels))
    blend = share[..., None]
    return blend * pixels + (1 - blend) * pixels[other], share * targets + (1 - share) * targets[other]
