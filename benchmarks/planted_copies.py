"""Drawn faces with known copies among them, the score of a finder of copies, and large tables of faces."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import cv2
import numpy as np
import pyarrow as pa

from emotion.core import dataset
from emotion.synthetic.drawn import SHARES, draw_face

Pairs = dict[tuple[int, int], str]  # the kind of copy of each pair of positions, the smaller position first
FILLINGS = (cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT, cv2.BORDER_REFLECT_101, cv2.BORDER_WRAP)
SHIFTS = [(right, down) for right in (-2, 0, 2) for down in (-2, 0, 2) if right or down]
EXACT, NEAR = 0.05, 0.13  # shares of copies in FER-2013, for large tables
SEED = 3


def plant(faces: int, copies: int, seed: int) -> tuple[np.ndarray, Pairs]:
    """Return drawn faces with copies of some of them, in random order: uint8 (faces + copies, 48, 48), and the pairs.

    Each copy has another original; the kinds take turns, and every second copy is mirrored, too.
    """
    rng = np.random.default_rng([seed, faces, copies])
    emotions, shares = list(SHARES), np.array(list(SHARES.values()))
    labels = rng.choice(emotions, faces, p=shares / shares.sum())
    drawn = [draw_face(label, np.random.default_rng([seed, number])) for number, label in enumerate(labels)]
    kinds = [name + plus for plus in ("", ", mirrored") for name in CHANGES]
    made = {}
    for number, original in enumerate(rng.choice(faces, copies, replace=False).tolist()):
        kind = kinds[number % len(kinds)]
        copy = CHANGES[kind.removesuffix(", mirrored")](drawn[original], rng)
        made[original, len(drawn)] = kind
        drawn.append(copy[:, ::-1] if kind.endswith("mirrored") else copy)
    order = rng.permutation(len(drawn))
    place = np.argsort(order)
    pairs: Pairs = {(min(pair), max(pair)): kind for (a, b), kind in made.items() for pair in [(place[a], place[b])]}
    return np.array(drawn)[order], pairs


def pairs_of(groups: Sequence[Any]) -> set[tuple[int, int]]:
    """Return the pairs of positions with the same group; -1 is no group."""
    members = defaultdict(list)
    for position, group in enumerate(groups):
        if group != -1:
            members[group].append(position)
    return {pair for places in members.values() for pair in combinations(places, 2)}


def score(found: set[tuple[int, int]], planted: Pairs) -> dict[str, Any]:
    """Return precision and recall, the latter also of each kind."""
    total, hit = Counter(planted.values()), Counter(planted[pair] for pair in found & planted.keys())
    return {
        "found": len(found),
        "wrong": len(found - planted.keys()),
        "precision": round(hit.total() / max(len(found), 1), 4),
        "recall": round(hit.total() / len(planted), 4),
        "recall_of": {kind: round(hit[kind] / count, 4) for kind, count in total.items()},
    }


def resized(faces: pa.Table, count: int) -> pa.Table:
    """Return the first faces of a table, and further ones (see `further`) until there are `count`."""
    first = faces.slice(0, count)
    return pa.concat_tables([first, further(first, count - len(first))]) if count > len(first) else first


def further(faces: pa.Table, count: int) -> pa.Table:
    """Return that many more faces, with as many copies as FER-2013 has.

    Each has the upper half of one face and the lower half of another, so it is as varied as real faces are.
    """
    rng = np.random.default_rng([SEED, count])
    pixels = dataset.pixels(faces)
    upper, lower = rng.integers(len(pixels), size=(2, count))
    made = np.concatenate([pixels[upper, :24], pixels[lower, 24:]], axis=1)
    draws = rng.random(count)
    changes = [change for name, change in CHANGES.items() if name != "exact"]
    for place in np.flatnonzero(draws[1:] < EXACT + NEAR) + 1:
        original = made[rng.integers(place)]
        made[place] = original if draws[place] < EXACT else changes[rng.integers(len(changes))](original, rng)
    rows = faces.take(pa.array(np.arange(count) % faces.num_rows))
    names = pa.array([f"{official}/more/{n:07}.png" for n, official in enumerate(rows["official"].to_pylist())])
    column = pa.array([face.tobytes() for face in made], pa.binary(48 * 48))
    rows = rows.set_column(rows.column_names.index("name"), "name", names)
    return rows.set_column(rows.column_names.index("pixels"), "pixels", column).cast(faces.schema)


def _same(face: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return face


def _compress(face: np.ndarray, _: np.random.Generator) -> np.ndarray:
    content = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, 70])[1]
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_GRAYSCALE))


def _shift(face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    right, down = SHIFTS[rng.integers(len(SHIFTS))]
    filling = FILLINGS[rng.integers(len(FILLINGS))]
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float32)
    return cv2.warpAffine(face, matrix, face.shape[::-1], flags=cv2.INTER_NEAREST, borderMode=filling)


def _multiply(face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.clip(np.rint(face * rng.choice([0.85, 1.15])), 0, 255).astype(np.uint8)


def _add(face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.clip(face + rng.choice([-38.0, 38.0]), 0, 255).astype(np.uint8)  # 15 % of 255


CHANGES: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "exact": _same,
    "JPEG 70": _compress,
    "shift 2": _shift,
    "brightness x 15 %": _multiply,
    "brightness + 15 %": _add,
}
