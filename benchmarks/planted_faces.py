"""Pictures as large as photographs with faces at known places: small and large, turned and unevenly lit."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from sklearn.datasets import load_sample_images

from emotion.data.drawn import SHARES, draw_face
from emotion.faces import Box, intersection

SIZES = ((640, 480), (800, 600), (1024, 768), (1280, 960), (1600, 1200))
MOST = 5  # faces in a picture
SIDES = (40, 300)  # pixels of a face, its logarithm evenly spread
TURN = 20.0  # degrees to either side
APART = 1.5  # times its side, a face has to itself


@dataclass(frozen=True)
class Planted:
    """A face: the upright square around its middle that is as wide as what was pasted, and by how much it is turned."""

    box: Box
    turn: float


@dataclass(frozen=True)
class Scene:
    """A picture, RGB uint8 (height, width, 3), and its faces."""

    picture: np.ndarray
    faces: tuple[Planted, ...]


def drawn(count: int, seed: int) -> np.ndarray:
    """Return drawn faces, uint8 (count, 48, 48)."""
    rngs = [np.random.default_rng([seed, number]) for number in range(count)]
    return np.stack([draw_face(str(rng.choice(list(SHARES))), rng) for rng in rngs])


def scenes(crops: np.ndarray, count: int, seed: int, size: tuple[int, int] | None = None) -> Iterator[Scene]:
    """Yield that many pictures; each has a random generator of its own, made of the seed and its number.

    Args:
        crops: The faces, gray, uint8 (n, 48, 48), of which each picture gets up to five.
        count: Of pictures.
        seed: Of the choice.
        size: Width and height; None takes those of SIZES.
    """
    photographs = load_sample_images().images
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        wide, high = size or SIZES[rng.integers(len(SIZES))]
        ground = GROUNDS[number % len(GROUNDS)]
        picture = _part(photographs, wide, high, rng) if ground is None else ground(wide, high, rng)
        faces = [_paste(picture, crops[rng.integers(len(crops))], box, rng) for box in _places(wide, high, rng)]
        yield Scene(_taken(picture, rng), tuple(faces))


def _places(wide: int, high: int, rng: np.random.Generator) -> list[Box]:
    """Return squares that stay away from one another and from the edge."""
    free: list[Box] = []
    wanted = rng.integers(MOST + 1)
    for _ in range(20 * wanted):
        side = round(np.exp(rng.uniform(*np.log(SIDES))))
        room = round(side * APART)
        if room < min(wide, high) and len(free) < wanted:
            box = (int(rng.integers(wide - room)), int(rng.integers(high - room)), room, room)
            free += [] if any(intersection(box, other) for other in free) else [box]
    return free


def _paste(picture: np.ndarray, crop: np.ndarray, room: Box, rng: np.random.Generator) -> Planted:
    """Blend a face into the middle of its room: its corners, which hold hair and ground, fade away."""
    left, top, wide, _ = room
    side, turn = round(wide / APART), rng.uniform(-TURN, TURN)
    matrix = cv2.getRotationMatrix2D((23.5, 23.5), turn, side / 48)
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
    part = picture[top : top + wide, left : left + wide]
    part += np.clip(mask, 0, 1)[..., None] * (shown - part)
    edge = (wide - side) // 2
    return Planted((left + edge, top + edge, side, side), turn)


def _taken(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a picture as a camera stores it: with noise, and as a JPEG of quality 60 to 95."""
    cv2.setRNGSeed(int(rng.integers(2**31)))  # OpenCV's noise takes a tenth of the time of NumPy's
    noisy = picture + cv2.randn(np.empty(picture.shape, np.int16), 0, rng.uniform(0, 6))
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 96))]
    stored = cv2.imencode(".jpg", np.clip(noisy, 0, 255).astype(np.uint8), quality)[1]
    return cv2.imdecode(stored, cv2.IMREAD_COLOR)


# -- what is behind the faces: float32 (height, width, 3)


def _gradient(wide: int, high: int, rng: np.random.Generator) -> np.ndarray:
    return cv2.resize(rng.uniform(0, 255, (2, 3, 3)).astype(np.float32), (wide, high), interpolation=cv2.INTER_LINEAR)


def _texture(wide: int, high: int, rng: np.random.Generator) -> np.ndarray:
    """Return noise of several sizes."""
    ground = _gradient(wide, high, rng)
    for pixels in (4, 16, 64, 200):
        noise = rng.normal(0, rng.uniform(3, 25), (high // pixels + 2, wide // pixels + 2, 1)).astype(np.float32)
        ground += cv2.resize(noise, (wide, high), interpolation=cv2.INTER_CUBIC)[..., None]
    return ground


def _clutter(wide: int, high: int, rng: np.random.Generator) -> np.ndarray:
    """Return shapes and words."""
    ground = _gradient(wide, high, rng)
    for _ in range(rng.integers(20, 90)):
        colour, thick = rng.uniform(0, 255, 3).tolist(), int(rng.choice([-1, 2, 5]))
        x, y, other_x, other_y = (rng.integers(0, (wide, high, wide // 3, high // 3))).tolist()
        kind = rng.integers(4)
        if kind == 0:
            cv2.rectangle(ground, (x, y), (x + other_x, y + other_y), colour, thick)
        elif kind == 1:
            cv2.ellipse(ground, (x, y), (other_x // 2, other_y // 2), rng.uniform(0, 180), 0, 360, colour, thick)
        elif kind == 2:
            cv2.line(ground, (x, y), (x + other_x, y - other_y), colour, abs(thick))
        else:
            word = "".join(rng.choice(list("AEIOUMNRSTaeioumnrst8 "), 9))
            cv2.putText(ground, word, (x, y), int(rng.integers(4)), rng.uniform(0.5, 5), colour, abs(thick))
    return ground


def _part(photographs: list[np.ndarray], wide: int, high: int, rng: np.random.Generator) -> np.ndarray:
    """Return a part of a photograph without people, perhaps mirrored, darker or brighter."""
    photograph = photographs[rng.integers(len(photographs))]
    height = round(rng.uniform(0.4, 1) * len(photograph))
    width = min(photograph.shape[1], round(height * wide / high))
    top, left = rng.integers(len(photograph) - height + 1), rng.integers(photograph.shape[1] - width + 1)
    part = photograph[top : top + height, left : left + width][:, :: int(rng.choice([-1, 1]))].astype(np.float32)
    return cv2.resize(part, (wide, high), interpolation=cv2.INTER_CUBIC) * np.float32(rng.uniform(0.6, 1.3))


GROUNDS: tuple[Callable[[int, int, np.random.Generator], np.ndarray] | None, ...] = (_texture, _clutter, None)
