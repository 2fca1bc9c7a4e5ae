"""Random augmentation of faces: affine transforms, cameras, brightness, random erasing and mixup."""

from typing import Annotated, Any

import cv2
import numpy as np
from pydantic import Field, field_validator

from emotion.core.params import Section
from emotion.core.pictures import SIDE
from emotion.training.camera import degraded

MIN_ERASED_AREA = 0.02  # share of the picture; with the aspect ratios below, the values of the paper
MAX_ASPECT_RATIO = 1 / 0.3


class AugmentationSettings(Section):
    """`augmentation` of a model, drawn for every face in every epoch; 0 and false switch a kind off."""

    rotation: float = Field(ge=0, le=180)  # degrees
    shift: float = Field(ge=0, lt=1)  # share of the side
    zoom: float = Field(ge=0, lt=1)  # 0.1: 0.9 to 1.1
    shear: float = Field(ge=0, le=45)  # degrees
    horizontal_flip: bool  # of half of the faces
    brightness: float = Field(ge=0, le=1)  # largest change, share of 255
    camera: float = Field(ge=0, le=1)  # probability of each kind of emotion/training/camera.py
    random_erasing: float = Field(ge=0, le=1)  # probability
    random_erasing_max_area: float = Field(gt=0, lt=1)  # share of the picture
    mixup_alpha: float = Field(ge=0)  # of the Beta distribution
    mixup_off_epochs: int = Field(ge=0)  # number of last epochs without mixup and random erasing
    # Sides in pixels, each for an equal share of the epochs.
    progressive_sizes: list[Annotated[int, Field(ge=16, le=SIDE)]] = Field(min_length=1)

    @field_validator("progressive_sizes")
    @classmethod
    def _end_at_full_size(cls, sizes: list[int]) -> list[int]:
        if sizes[-1] != SIDE:
            raise ValueError(f"the last size must be {SIDE}, the side of the faces")
        return sizes

    def of_epoch(self, epoch: int, epochs: int) -> "AugmentationSettings":
        """Return the settings of one epoch, counted from 0: a single size, and no mixup or erasing in the last ones."""
        sizes = self.progressive_sizes
        changed: dict[str, Any] = {"progressive_sizes": [sizes[epoch * len(sizes) // epochs]]}
        if epoch >= epochs - self.mixup_off_epochs:
            changed |= {"random_erasing": 0.0, "mixup_alpha": 0.0}
        return self.model_copy(update=changed)


def augment(
    faces: np.ndarray, targets: np.ndarray, settings: AugmentationSettings, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return faces uint8 (n, 48, 48) as float32 (n, size, size, 1), 0..255, and targets (n, classes), augmented.

    The size is the first of `progressive_sizes`.
    """
    scale = settings.progressive_sizes[0] / SIDE
    affine = settings.rotation or settings.shift or settings.zoom or settings.shear or settings.horizontal_flip
    if affine or scale != 1:
        faces = _warped(faces, affine_matrices(len(faces), faces.shape[1], settings, rng), scale)
    if settings.camera:
        faces = degraded(faces, settings.camera, rng)
    pixels = faces.astype(np.float32)
    if settings.brightness:
        pixels += 255 * settings.brightness * rng.uniform(-1, 1, (len(faces), 1, 1)).astype(np.float32)
        np.clip(pixels, 0, 255, out=pixels)
    if settings.random_erasing:
        _random_erasing(pixels, settings, rng)
    if settings.mixup_alpha:
        pixels, targets = _mixup(pixels, targets, settings.mixup_alpha, rng)
    return pixels[..., None], targets


def affine_matrices(count: int, side: int, settings: AugmentationSettings, rng: np.random.Generator) -> np.ndarray:
    """Return `count` random affine transforms about the centre of a picture, float32 (count, 2, 3)."""
    draw = rng.uniform(-1, 1, (count, 5))
    angle = np.deg2rad(settings.rotation) * draw[:, 0]
    shear = np.deg2rad(settings.shear) * draw[:, 1]
    scale = 1 + settings.zoom * draw[:, 2]
    flip = np.where(settings.horizontal_flip & (rng.random(count) < 0.5), -1.0, 1.0)
    linear = np.empty((count, 2, 2))
    linear[:, 0, 0] = np.cos(angle) * flip
    linear[:, 0, 1] = -np.sin(angle + shear)
    linear[:, 1, 0] = np.sin(angle) * flip
    linear[:, 1, 1] = np.cos(angle + shear)
    linear *= scale[:, None, None]
    centre = np.full(2, (side - 1) / 2)
    offset = centre - linear @ centre + settings.shift * side * draw[:, 3:]
    return np.concatenate([linear, offset[:, :, None]], axis=2).astype(np.float32)


def _warped(faces: np.ndarray, matrices: np.ndarray, scale: float) -> np.ndarray:
    """Return each face transformed and then scaled, uint8; pixels from beyond the border repeat the border."""
    if scale != 1:
        matrices = matrices * np.float32(scale)
        matrices[:, :, 2] += (scale - 1) / 2  # the coordinates of a pixel are those of its centre
    size = round(scale * faces.shape[1])
    warped = np.empty((len(faces), size, size), np.uint8)
    for face, matrix, target in zip(faces, matrices, warped, strict=True):
        cv2.warpAffine(face, matrix, (size, size), dst=target, borderMode=cv2.BORDER_REPLICATE)
    return warped


def _random_erasing(pixels: np.ndarray, settings: AugmentationSettings, rng: np.random.Generator) -> None:
    """Cover a rectangle of some faces with noise, in place (Zhong et al., "Random Erasing Data Augmentation", 2020)."""
    side = pixels.shape[1]
    largest = settings.random_erasing_max_area
    smallest = min(MIN_ERASED_AREA, largest)
    for number in np.flatnonzero(rng.random(len(pixels)) < settings.random_erasing):
        area = rng.uniform(smallest, largest) * side**2
        stretch = np.exp(rng.uniform(-np.log(MAX_ASPECT_RATIO), np.log(MAX_ASPECT_RATIO)) / 2)
        height = int(np.clip(area**0.5 * stretch, 1, side))
        width = int(np.clip(area**0.5 / stretch, 1, side))
        top = rng.integers(0, side - height + 1)
        left = rng.integers(0, side - width + 1)
        pixels[number, top : top + height, left : left + width] = rng.integers(0, 256, (height, width))


def _mixup(
    pixels: np.ndarray, targets: np.ndarray, alpha: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return each face blended with another, and its target likewise (Zhang et al., "mixup", 2018)."""
    lam = rng.beta(alpha, alpha, (len(pixels), 1)).astype(np.float32)
    other = rng.permutation(len(pixels))
    mixed = lam[..., None] * pixels + (1 - lam[..., None]) * pixels[other]
    return mixed, lam * targets + (1 - lam) * targets[other]
