"""Measure the recall of face detection by settings of the cascade: python -m benchmarks.face_detection (5 minutes).

Training faces, or drawn ones without data/learn.parquet, are pasted into generated pictures (see planted_faces). The
recall of each setting is that at 0.1 false boxes a picture, to which its least score is set. Other pictures with other
faces then check the default.
"""

import argparse
import statistics
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks import results
from benchmarks.planted_faces import Match, Planted, drawn, fits, match, scenes
from emotion.core import dataset, errors
from emotion.core.pictures import Detection, gray
from emotion.detection.haar import Haar
from emotion.detection.yunet import YuNet

LEARN = Path("data/learn.parquet")
SEED, CHECK = 1, 2
DRAWN = 2_000
ALLOWED = 0.1  # false boxes a picture
OTHERS = (0.02, 0.05, 0.2)
EDGES = {"size": (40, 64, 120, 301), "turn": (0, 7, 14, 21)}  # pixels, degrees
MAIN = ((1.05, 2), (1.05, 3), (1.1, 2), (1.1, 3), (1.1, 5), (1.2, 2))  # step and neighbours
LIGHTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as it is": lambda picture: picture,
    "equalised": lambda picture: cv2.equalizeHist(gray(picture)),
    "CLAHE": lambda picture: cv2.createCLAHE(2.0, (8, 8)).apply(gray(picture)),
}
COLUMNS = ("cascade", "step", "neighbours", "detail", "light", "least_score", "recall", "false", "ms")
Find = Callable[[np.ndarray], list[Detection]]
Faces = dict[tuple[int, int], Planted]  # by the numbers of the picture and of the face in it


@dataclass(frozen=True)
class Setting:
    """Settings of `Haar`, and the change of the light of a picture before."""

    cascade: str
    step: float
    neighbours: int
    detail: int
    light: str = "as it is"

    def detector(self) -> Haar:
        """Return the detector, which returns boxes of any score."""
        return Haar(
            40,
            neighbours=self.neighbours,
            step=self.step,
            least_score=float("-inf"),
            cascade=self.cascade,
            detail=self.detail,
        )

    def finder(self) -> Find:
        """Return the function that detects faces with this setting."""
        detector, light = self.detector(), LIGHTS[self.light]
        return lambda picture: detector.find(light(picture))


def main(*arguments: str) -> None:
    """Measure, print a table and write the numbers to benchmarks/results.json."""
    parser = argparse.ArgumentParser(description="Measure the recall of face detection by settings of the cascade.")
    parser.add_argument("--pictures", type=int, default=120)
    parser.add_argument("--settings", type=int, help="only the first ones")
    parser.add_argument("--yunet", metavar="FILE", help="measure this detector, too")
    options = parser.parse_args(arguments)
    source, crops = faces()
    finders: dict[Any, Find] = {setting: setting.finder() for setting in grid()[: options.settings]}
    if options.yunet:
        finders["yunet"] = YuNet(options.yunet, least_score=0.0).find
    summary = {"cpu": results.cpu_name(), "cores": results.cores()[1], "opencv": cv2.__version__, "faces_from": source}
    summary |= {"pictures": options.pictures, "allowed": ALLOWED, **measure(finders, crops[::2], options.pictures)}
    summary["check"] = check(crops[1::2], options.pictures)
    results.keep("face_detection", summary)
    print(table(summary))


def faces() -> tuple[str, np.ndarray]:
    """Return the source of the faces, and the faces in random order, uint8 (n, 48, 48)."""
    if not LEARN.is_file():
        return "drawn faces", drawn(DRAWN, SEED)
    return f"training faces of {LEARN}", np.random.default_rng(SEED).permutation(dataset.load(LEARN, "train").pixels)


def grid() -> list[Setting]:
    """Return the settings: the default first, then variations of it and of the best cascades."""
    found = [standard()]
    found += [Setting(name, *setting, 24) for name, setting in product(("alt2", "alt"), MAIN)]
    found += [Setting("default", step, count, 24) for step, count in ((1.1, 3), (1.1, 5), (1.2, 5))]
    found += [Setting("alt_tree", 1.05, 2, 24), Setting("alt", 1.07, 2, 24)]
    found += [Setting("alt", step, 2, pixels) for step, pixels in ((1.05, 20), (1.1, 20), (1.1, 30))]
    found += [Setting(name, 1.1, 2, 24, light) for name, light in product(("alt2", "alt"), list(LIGHTS)[1:])]
    return list(dict.fromkeys(found))


def standard() -> Setting:
    """Return the setting of the apps."""
    haar = Haar()
    return Setting(haar.cascade, haar.step, haar.neighbours, haar.detail)


def measure(finders: dict[Any, Find], crops: np.ndarray, count: int) -> dict[str, Any]:
    """Return the number of faces and a row for each finder."""
    truth: Faces = {}
    matches: dict[Any, list[Match]] = {name: [] for name in finders}
    widths: dict[Any, list[float]] = {name: [] for name in finders}
    for number, scene in enumerate(scenes(crops, count, SEED)):
        truth |= {(number, place): face for place, face in enumerate(scene.faces)}
        for name, find in finders.items():
            found = find(scene.picture)
            matches[name] += match(number, scene, found)
            widths[name] += [box.box[2] / f.box[2] for box in found for f in scene.faces if fits(box.box, f.box)]
    frames = [scene.picture for scene in scenes(crops, 24, CHECK, (640, 480))]
    rows = []
    for name, find in finders.items():
        about = asdict(name) if isinstance(name, Setting) else {"cascade": name, "light": "as it is"}
        row = about | at_most(matches[name], truth, ALLOWED * count, count)
        others = {str(share): at_most(matches[name], truth, share * count, count) for share in OTHERS}
        row["others"] = {share: [one["least_score"], one["recall"]] for share, one in others.items()}
        row["width"] = round(statistics.median(widths[name]), 3) if widths[name] else None
        rows.append(row | {"ms": milliseconds(find, frames)})
    return {"faces": len(truth), "rows": rows}


def at_most(matches: list[Match], truth: Faces, false: float, count: int) -> dict[str, Any]:
    """Return the scores with the lowest least score that leaves at most so many false boxes."""
    wrong = sorted(-match.score for match in matches if match.face is None)
    limit = -wrong[int(false)] if len(wrong) > int(false) else float("-inf")
    return scored([match for match in matches if match.score > limit], truth, count)


def scored(matches: list[Match], truth: Faces, count: int) -> dict[str, Any]:
    """Return recall, also by size and turn of the face, false boxes a picture and the lowest score."""
    hits = {match.face for match in matches}
    row: dict[str, Any] = {"least_score": round(min((match.score for match in matches), default=0.0), 2)}
    row |= {"recall": _share(truth, hits), "false": round(sum(m.face is None for m in matches) / count, 3)}
    values = {"size": lambda face: face.box[2], "turn": lambda face: abs(face.turn)}
    for name, edges in EDGES.items():
        bins = [bisect_right(edges, values[name](face)) for face in truth.values()]
        faces = [[key for key, place in zip(truth, bins, strict=True) if place == n] for n in range(1, len(edges))]
        row[name] = [_share(keys, hits) for keys in faces]
    return row


def _share(faces: Iterable[tuple[int, int]], hits: set[Any]) -> float | None:
    found = [face in hits for face in faces]
    return round(statistics.fmean(found), 4) if found else None


def milliseconds(find: Find, frames: list[np.ndarray]) -> float:
    """Return the median latency for pictures of 640x480."""
    clock = [time.perf_counter()]
    for frame in [frames[0], *frames]:
        find(frame)
        clock.append(time.perf_counter())
    return round(1000 * statistics.median(np.diff(clock)[1:].tolist()), 1)


def check(crops: np.ndarray, count: int) -> dict[str, Any]:
    """Return the scores of the default, with its own least score, on other pictures with other faces."""
    truth: Faces = {}
    matches: list[Match] = []
    haar = Haar()
    for number, scene in enumerate(scenes(crops, count, CHECK)):
        truth |= {(number, place): face for place, face in enumerate(scene.faces)}
        matches += match(number, scene, haar.find(scene.picture))
    return {"faces": len(truth)} | scored(matches, truth, count)


def table(summary: dict[str, Any]) -> str:
    """Return the numbers as text, the best recall first."""
    rows = sorted(summary["rows"], key=lambda row: -row["recall"])
    title = f"{summary['faces']:,} {summary['faces_from']} in {summary['pictures']:,} pictures; {summary['cpu']}"
    check = f"the default on other pictures: recall {summary['check']['recall']}, false {summary['check']['false']}"
    return results.table(title, COLUMNS, rows) + f"\n{check}"


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
