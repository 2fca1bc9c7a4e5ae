"""Turns shapes in the coordinates of a face into a gray picture: pose, lighting, blur and noise."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from emotion.core.pictures import SIDE

# Shapes are drawn four times as large and averaged down. Their corners are rounded to sixteenths of a large
# pixel and painted with integer arithmetic, so that every machine draws the same picture.
OVERSAMPLING = 4
FRACTION_BITS = 4

# The parameter along an open line, and the points of a circle.
T = np.linspace(-1, 1, 15)
COS, SIN = (f(np.linspace(0, 2 * np.pi, 29)[:-1]) for f in (np.cos, np.sin))


@dataclass(frozen=True)
class Pose:
    """The yaw and pitch of the head, then its map to the picture by a 2x2 matrix and a centre."""

    yaw: float
    pitch: float
    matrix: np.ndarray
    centre: np.ndarray

    def place(self, points: np.ndarray) -> np.ndarray:
        """Return the places in the picture of points (n, 2) of the face, x right and y down in about -1..1."""
        # When a head turns, its middle moves, while its edges nearly stay.
        turned = points + (self.yaw, self.pitch) * (1 - np.minimum(points * points, 1))
        return turned @ self.matrix.T + self.centre


class Canvas:
    """A large gray picture onto which shapes given in face coordinates are painted."""

    def __init__(self, pose: Pose, tone: float) -> None:
        self.pose = pose
        self.pixels = np.full((SIDE * OVERSAMPLING, SIDE * OVERSAMPLING), tone, np.uint8)

    def fill(self, x: np.ndarray, y: np.ndarray, tone: float) -> None:
        """Fill the polygon with the corners (x, y); tone 0 is black, 255 is white."""
        cv2.fillPoly(self.pixels, [self._corners(x, y)], _tone(tone), cv2.LINE_8, FRACTION_BITS)

    def ellipse(self, x: float, y: float, wide: float, high: float, *, tone: float) -> None:
        """Fill the ellipse around (x, y) with these half axes."""
        self.fill(x + wide * COS, y + high * SIN, tone)

    def between(self, x: np.ndarray, top: np.ndarray, bottom: np.ndarray, tone: float) -> None:
        """Fill the area between two lines over the same x."""
        self.fill(np.concatenate([x, x[::-1]]), np.concatenate([top, bottom[::-1]]), tone)

    def stroke(self, x: np.ndarray, y: np.ndarray, tone: float, width: float) -> None:
        """Draw an open line through the points (x, y); its width is in face coordinates."""
        thickness = max(1, round(width * abs(self.pose.matrix[1, 1]) * OVERSAMPLING))
        corners = [self._corners(x, y)]
        cv2.polylines(self.pixels, corners, False, _tone(tone), thickness, cv2.LINE_8, FRACTION_BITS)

    def small(self) -> np.ndarray:
        """Return the picture at its final size: uint8 (48, 48)."""
        return cv2.resize(self.pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA)

    def _corners(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        points = self.pose.place(np.stack([x, y], axis=1)) * (OVERSAMPLING << FRACTION_BITS)
        return np.rint(points).astype(np.int32)


def random_pose(rng: np.random.Generator) -> Pose:
    """Return a nearly upright head near the middle, mirrored or not."""
    angle = math.radians(rng.normal(0, 7))
    scale = SIDE / 2 * rng.uniform(0.92, 1.14)
    shear = rng.normal(0, 0.06)
    rotation = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    shape = np.array([[rng.uniform(0.9, 1.08) * rng.choice([-1, 1]), shear], [0, 1]])
    centre = SIDE / 2 + rng.uniform(-2.5, 2.5, 2)
    return Pose(rng.normal(0, 0.09), rng.normal(0, 0.05), scale * rotation @ shape, centre)


def photograph(picture: np.ndarray, pose: Pose, rng: np.random.Generator) -> np.ndarray:
    """Return a painted picture (uint8) as if from a camera: lit from one side, blurred, noisy."""
    row, column = np.mgrid[:SIDE, :SIDE]
    across = (column - pose.centre[0]) / (SIDE / 2)
    down = (row - pose.centre[1]) / (SIDE / 2)
    light = 1 + rng.normal(0, 0.22) * across + rng.normal(0, 0.16) * down
    # The edge of a round head is darker than its middle.
    light -= rng.uniform(0.05, 0.3) * np.minimum(1.4 * across**2 + 0.8 * down**2, 1)
    if rng.random() < 0.2:  # a shadow with a soft edge over one side
        edge = (across + rng.uniform(-0.4, 0.4) * down) * rng.choice([-1, 1]) - rng.uniform(0, 0.6)
        light *= 1 - rng.uniform(0.2, 0.5) * np.clip(4 * edge + 0.5, 0, 1)
    value = np.clip(picture / 255 * np.maximum(light, 0.15) * rng.uniform(0.85, 1.25), 0, 1)
    # A gamma curve without pow(), whose last bits differ between processors.
    value += rng.uniform(-0.35, 0.6) * value * (1 - value)
    value = np.clip(value * 255, 0, 255)
    softness = rng.uniform(0, 0.45)  # share of a binomial blur, 0 is sharp
    blurred = (_neighbours(value, 0) + _neighbours(value.T, 0).T) / 2
    value = (1 - softness) * value + softness * blurred
    noise = rng.normal(0, rng.uniform(1, 7), picture.shape)
    return np.clip(np.rint(value + noise), 0, 255).astype(np.uint8)


def _neighbours(value: np.ndarray, axis: int) -> np.ndarray:
    """Return the mean of the two neighbours along the first axis, edges repeated."""
    padded = np.pad(value, ((1, 1), (0, 0)), mode="edge")
    return (padded[:-2] + padded[2:]) / 2


def _tone(tone: float) -> int:
    return int(min(255, max(0, tone)))
