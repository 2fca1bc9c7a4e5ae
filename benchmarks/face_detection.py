"""Measure how well settings of the cascade find faces: python -m benchmarks.face_detection (5 minutes).

Training faces, or drawn ones where data/learn.parquet is not there, are planted into made-up pictures (planted_faces).
Each setting is judged by the faces that it finds with one false box in ten pictures: its least score is chosen so. A
second set of other pictures and other faces then judges the default alone.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks import results
from benchmarks.computer import cores, cpu_name
from benchmarks.found_faces import Answer, at_most, fits, judge, scored
from benchmarks.planted_faces import Planted, drawn, scenes
from emotion import errors
from emotion.data import dataset
from emotion.faces import Found, Haar, gray
from emotion.inference.yunet import YuNet
from tools.face_page import table

LEARN = Path("data/learn.parquet")
SEED, CHECK = 1, 2
DRAWN = 2_000
Find = Callable[[np.ndarray], list[Found]]
ALLOWED = 0.1  # false boxes a picture
OTHERS = (0.02, 0.05, 0.2)
MAIN = ((1.05, 2), (1.05, 3), (1.1, 2), (1.1, 3), (1.1, 5), (1.2, 2))  # step and neighbours
LIGHTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as it is": lambda picture: picture,
    "equalised": lambda picture: cv2.equalizeHist(gray(picture)),
    "CLAHE": lambda picture: cv2.createCLAHE(2.0, (8, 8)).apply(gray(picture)),
}


@dataclass(frozen=True)
class Setting:
    """What is asked of the cascade (see emotion.faces.Haar), and what is done to the light of a picture before."""

    cascade: str
    step: float
    neighbours: int
    detail: int
    light: str = "as it is"

    def detector(self) -> Haar:
        """Return it, with boxes of any score."""
        return Haar(40, self.neighbours, self.step, float("-inf"), self.cascade, self.detail)


def main(*arguments: str) -> None:
    """Measure, print a table and keep the numbers in benchmarks/results.json."""
    parser = argparse.ArgumentParser(description="Measure how well settings of the cascade find faces.")
    parser.add_argument("--pictures", type=int, default=120)
    parser.add_argument("--settings", type=int, help="only so many of them")
    parser.add_argument("--yunet", metavar="FILE", help="measure this detector, too")
    asked = parser.parse_args(arguments)
    source, crops = faces()
    finders: dict[Any, Find] = {setting: finder(setting) for setting in grid()[: asked.settings]}
    if asked.yunet:
        finders["yunet"] = YuNet(asked.yunet, least_score=0.0).find
    summary = {"cpu": cpu_name(), "cores": cores()[1], "opencv": cv2.__version__, "faces_from": source}
    summary |= {"pictures": asked.pictures, "allowed": ALLOWED, **measure(finders, crops[::2], asked.pictures)}
    summary["check"] = check(crops[1::2], asked.pictures)
    results.keep("face_detection", summary)
    print(table(summary))


def faces() -> tuple[str, np.ndarray]:
    """Return where faces come from, and training faces, uint8 (n, 48, 48), in random order."""
    if not LEARN.is_file():
        return "drawn faces", drawn(DRAWN, SEED)
    return f"training faces of {LEARN}", np.random.default_rng(SEED).permutation(dataset.load(LEARN, "train").pixels)


def grid() -> list[Setting]:
    """Return the settings: the default first, then what differs from it and from the best cascades."""
    found = [standard()]
    for name, (step, neighbours) in product(("alt2", "alt"), MAIN):
        found.append(Setting(name, step, neighbours, 24))
    found += [Setting("default", step, count, 24) for step, count in ((1.1, 3), (1.1, 5), (1.2, 5))]
    found += [Setting("alt_tree", 1.05, 2, 24), Setting("alt", 1.07, 2, 24)]
    found += [Setting("alt", step, 2, pixels) for step, pixels in ((1.05, 20), (1.1, 20), (1.1, 30))]
    found += [Setting(name, 1.1, 2, 24, light) for name, light in product(("alt2", "alt"), list(LIGHTS)[1:])]
    return list(dict.fromkeys(found))


def standard() -> Setting:
    """Return what the apps do."""
    haar = Haar()
    return Setting(haar.cascade, haar.step, haar.neighbours, haar.detail)


def finder(setting: Setting) -> Find:
    """Return the function that looks for faces with a setting."""
    detector, light = setting.detector(), LIGHTS[setting.light]
    return lambda picture: detector.find(light(picture))


def measure(finders: dict[Any, Find], crops: np.ndarray, count: int) -> dict[str, Any]:
    """Return how many faces there are and a row for each finder."""
    truth: dict[tuple[int, int], Planted] = {}
    answers: dict[Any, list[Answer]] = {name: [] for name in finders}
    widths: dict[Any, list[float]] = {name: [] for name in finders}
    for number, scene in enumerate(scenes(crops, count, SEED)):
        truth |= {(number, place): face for place, face in enumerate(scene.faces)}
        for name, find in finders.items():
            found = find(scene.picture)
            answers[name] += judge(number, scene, found)
            widths[name] += [box.box[2] / f.box[2] for box in found for f in scene.faces if fits(box.box, f.box)]
    frames = [scene.picture for scene in scenes(crops, 24, CHECK, (640, 480))]
    rows = []
    for name, find in finders.items():
        about = asdict(name) if isinstance(name, Setting) else {"cascade": name, "light": "as it is"}
        row = about | at_most(answers[name], truth, ALLOWED * count, count)
        others = {str(share): at_most(answers[name], truth, share * count, count) for share in OTHERS}
        row["others"] = {share: [one["least_score"], one["recall"]] for share, one in others.items()}
        row["width"] = round(statistics.median(widths[name]), 3) if widths[name] else None
        rows.append(row | {"ms": milliseconds(find, frames)})
    return {"faces": len(truth), "rows": rows}


def milliseconds(find: Find, frames: list[np.ndarray]) -> float:
    """Return the median over pictures of 640x480."""
    clock = [time.perf_counter()]
    for frame in [frames[0], *frames]:
        find(frame)
        clock.append(time.perf_counter())
    return round(1000 * statistics.median(np.diff(clock)[1:].tolist()), 1)


def check(crops: np.ndarray, count: int) -> dict[str, Any]:
    """Return what the default, its least score too, does in other pictures with other faces."""
    truth, answers, haar = {}, [], Haar()
    for number, scene in enumerate(scenes(crops, count, CHECK)):
        truth |= {(number, place): face for place, face in enumerate(scene.faces)}
        answers += judge(number, scene, haar.find(scene.picture))
    return {"faces": len(truth)} | scored(answers, truth, count)


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
