"""Generated photographs with faces at known places, of many sizes, turned and unevenly lit, and matching boxes."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from sklearn.datasets import load_sample_images

from benchmarks import backgrounds
from emotion.core.pictures import Box, Detection
from emotion.detection.boxes import intersection
from emotion.synthetic.drawn import SHARES, draw_face

SIZES = ((640, 480), (800, 600), (1024, 768), (1280, 960), (1600, 1200))
MAX_FACES = 5  # in a picture
SIDES = (40, 300)  # pixels of a face
TURN = 20.0  # degrees to either side
APART = 1.5  # sides of a face: the free square around it


@dataclass(frozen=True)
class Planted:
    """A face: its upright bounding box, and its turn in degrees."""

    box: Box
    turn: float


@dataclass(frozen=True)
class Scene:
    """A picture, RGB uint8 (height, width, 3), and its faces."""

    picture: np.ndarray
    faces: tuple[Planted, ...]


@dataclass(frozen=True)
class Match:
    """A detected box: its score, and the numbers of the picture and the face that it fits, if any."""

    score: float
    face: tuple[int, int] | None


Paste = Callable[[np.ndarray, Box, np.random.Generator], Planted]  # into a picture, in the middle of that free square


def drawn(count: int, seed: int) -> np.ndarray:
    """Return synthetic faces, uint8 (count, 48, 48)."""
    rngs = [np.random.default_rng([seed, number]) for number in range(count)]
    return np.stack([draw_face(str(rng.choice(list(SHARES))), rng) for rng in rngs])


def scenes(crops: np.ndarray, count: int, seed: int, size: tuple[int, int] | None = None) -> Iterator[Scene]:
    """Yield that many pictures with some of the faces, gray, uint8 (n, 48, 48); see `planted` for the rest."""

    def paste(picture: np.ndarray, room: Box, rng: np.random.Generator) -> Planted:
        return _paste(picture, crops[rng.integers(len(crops))], room, rng)

    return planted(paste, sides=SIDES, apart=APART, count=count, seed=seed, size=size)


def planted(
    paste: Paste, *, sides: tuple[int, int], apart: float, count: int, seed: int, size: tuple[int, int] | None = None
) -> Iterator[Scene]:
    """Yield that many pictures; each has a random generator of its own, seeded with the seed and its number.

    Args:
        paste: Draws one of the up to five faces of a picture.
        sides: Pixels of a face, evenly distributed on a logarithmic scale.
        apart: Sides of a face: the free square around it.
        count: Number of pictures.
        seed: Of everything random.
        size: Width and height; None draws them from SIZES.
    """
    photographs = load_sample_images().images
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        wide, high = size or SIZES[rng.integers(len(SIZES))]
        ground = backgrounds.GROUNDS[number % len(backgrounds.GROUNDS)]
        picture = backgrounds.photograph(photographs, wide, high, rng) if ground is None else ground(wide, high, rng)
        faces = [paste(picture, room, rng) for room in _places(wide, high, rng, sides=sides, apart=apart)]
        yield Scene(_stored(picture, rng), tuple(faces))


def match(number: int, scene: Scene, found: Iterable[Detection]) -> list[Match]:
    """Return for each box, best first, the face of the picture that it fits and no better box does."""
    free, matches = dict(enumerate(scene.faces)), []
    for box in found:
        place = next((place for place, planted in free.items() if fits(box.box, planted.box)), None)
        matches.append(Match(box.score, None if place is None else (number, place)))
        free.pop(place, None)  # type: ignore[arg-type]
    return matches


def fits(found: Box, planted: Box) -> bool:
    """Return whether a box is that of a face: its middle within a quarter of the side, 0.5 to 1.5 times as wide."""
    side = planted[2]
    off = [abs(found[axis] + found[axis + 2] / 2 - planted[axis] - side / 2) for axis in (0, 1)]
    return max(off) <= side / 4 and 0.5 <= found[2] / side <= 1.5


def _places(wide: int, high: int, rng: np.random.Generator, *, sides: tuple[int, int], apart: float) -> list[Box]:
    """Return squares that touch neither one another nor the edge."""
    free: list[Box] = []
    wanted = rng.integers(MAX_FACES + 1)
    for _ in range(20 * wanted):
        side = round(np.exp(rng.uniform(*np.log(sides))))
        room = round(side * apart)
        if room < min(wide, high) and len(free) < wanted:
            box = (int(rng.integers(wide - room)), int(rng.integers(high - room)), room, room)
            free += [] if any(intersection(box, other) for other in free) else [box]
    return free


def _paste(picture: np.ndarray, crop: np.ndarray, room: Box, rng: np.random.Generator) -> Planted:
    """Blend a face into the middle of its room, turned; its corners, mostly hair, fade out."""
    left, top, wide, _ = room
    side, turn = round(wide / APART), rng.uniform(-TURN, TURN)
    matrix: np.ndarray = cv2.getRotationMatrix2D((23.5, 23.5), turn, side / 48)
    matrix[:, 2] += (wide - 1) / 2 - 23.5
    across, down = np.meshgrid(*[np.linspace(-1, 1, 48)] * 2)
    mask = cv2.GaussianBlur((across**4 + down**4 < 0.9**4).astype(np.float32), (0, 0), 1.5)
    face, mask = (
        cv2.warpAffine(array, matrix, (wide, wide), flags=cv2.INTER_CUBIC, borderMode=border)
        for array, border in ((crop, cv2.BORDER_REPLICATE), (mask, cv2.BORDER_CONSTANT))
    )
    angle, slope = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.6)
    across, down = np.meshgrid(*[np.linspace(-APART, APART, wide)] * 2)
    light = rng.uniform(0.6, 1.1) * (1 + slope * (across * np.cos(angle) + down * np.sin(angle)))
    tint = np.array([1.0, rng.uniform(0.8, 1), rng.uniform(0.7, 1)])
    shown = np.clip((face * np.maximum(light, 0.1))[..., None] * tint, 0, 255)
    place = picture[top : top + wide, left : left + wide]
    place[:] = place + np.clip(mask, 0, 1)[..., None] * (shown - place)
    edge = (wide - side) // 2
    return Planted((left + edge, top + edge, side, side), turn)


def _stored(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a picture with the noise of a camera, as a JPEG of quality 60 to 95."""
    cv2.setRNGSeed(int(rng.integers(2**31)))  # OpenCV's noise takes a tenth of the time of NumPy's
    noise = np.zeros(picture.shape, np.int16)
    cv2.randn(noise, 0, rng.uniform(0, 6))  # type: ignore[call-overload]
    noisy = picture + noise
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 96))]
    stored = cv2.imencode(".jpg", np.clip(noisy, 0, 255).astype(np.uint8), quality)[1]
    return np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR))
