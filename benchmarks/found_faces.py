"""Which boxes fit planted faces, and how many faces are found at how many false boxes."""

import statistics
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from benchmarks.planted_faces import Planted, Scene
from emotion.faces import Box, Found

EDGES = {"size": (40, 64, 120, 301), "turn": (0, 7, 14, 21)}


@dataclass(frozen=True)
class Answer:
    """A box that was found: its score, and the number of picture and face that it fits, or none."""

    score: float
    face: tuple[int, int] | None


def judge(number: int, scene: Scene, found: Iterable[Found]) -> list[Answer]:
    """Return whether each box, best first, fits a face that no better one fits."""
    free, answers = dict(enumerate(scene.faces)), []
    for face in found:
        place = next((place for place, planted in free.items() if fits(face.box, planted.box)), None)
        answers.append(Answer(face.score, None if place is None else (number, place)))
        free.pop(place, None)  # type: ignore[arg-type]
    return answers


def fits(found: Box, planted: Box) -> bool:
    """Return whether a box is that of a face: its middle within a quarter of the side, 0.5 to 1.5 times as wide."""
    side = planted[2]
    off = [abs(found[axis] + found[axis + 2] / 2 - planted[axis] - side / 2) for axis in (0, 1)]
    return max(off) <= side / 4 and 0.5 <= found[2] / side <= 1.5


def at_most(answers: list[Answer], truth: dict[tuple[int, int], Planted], most: float, count: int) -> dict[str, Any]:
    """Return what is found with the lowest least score that leaves so many false boxes."""
    false = sorted(-answer.score for answer in answers if answer.face is None)
    limit = -false[int(most)] if len(false) > int(most) else float("-inf")
    return scored([answer for answer in answers if answer.score > limit], truth, count)


def scored(answers: list[Answer], truth: dict[tuple[int, int], Planted], count: int) -> dict[str, Any]:
    """Return recall, that of each range of sizes and turns, false boxes a picture and the lowest score."""
    hits = {answer.face for answer in answers}
    row: dict[str, Any] = {"least_score": round(min((answer.score for answer in answers), default=0.0), 2)}
    row |= {"recall": _share(truth, hits), "false": round(sum(a.face is None for a in answers) / count, 3)}
    values = {"size": lambda face: face.box[2], "turn": lambda face: abs(face.turn)}
    for what, edges in EDGES.items():
        ranges = [bisect_right(edges, values[what](face)) for face in truth.values()]
        parts = [[key for key, place in zip(truth, ranges, strict=True) if place == n] for n in range(1, len(edges))]
        row[what] = [_share(part, hits) for part in parts]
    return row


def _share(faces: Iterable[tuple[int, int]], hits: set[Any]) -> float | None:
    found = [face in hits for face in faces]
    return round(statistics.fmean(found), 4) if found else None
