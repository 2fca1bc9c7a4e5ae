"""Measure recall and time of face detectors: python -m benchmarks.face_detection (20 minutes).

Training faces, or synthetic ones without data/learn.parquet, are pasted into generated pictures (see planted_faces),
and so are heads of photographs (see photographs). On one half of the pictures, each detector's minimum score is set
such that it leaves an allowed number of false boxes; recall is that in the other half.
"""

import argparse
import itertools
import statistics
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks import photographs, results
from benchmarks.planted_faces import Match, Planted, Scene, drawn, match, scenes
from emotion.core import dataset, errors
from emotion.core.pictures import Detection, Detector, gray
from emotion.detection.detectors import open_detector

LEARN = Path("data/learn.parquet")
DRAWN = 2_000
SEED = 1
ALLOWED = (0.05, 0.1)  # false boxes a picture
EDGES = {"size": (40, 64, 120, 301), "turn": (0, 7, 14, 21)}  # pixels, degrees
FRAMES = 24  # that are timed, of 640x480 pixels
ROUNDS = 5
LOWEST = 0.01  # minimum score at which detectors return every box that may count; at 0, YuNet takes twice as long

Make = Callable[..., Detector]  # from the keyword `min_score`; without it, the detector's default counts
Scenes = Callable[[int], Iterable[Scene]]  # from 1, where minimum scores are chosen, and 2, where recall is measured
Faces = dict[tuple[int, int], Planted]  # by the numbers of the picture and of the face in it


class PackageCascade:
    """OpenCV's cascade with the settings of a package for emotion recognition, which ignores scores.

    Args:
        neighbours: Raw detections that a face needs.
        min_side: Pixels of the smallest face.
        min_score: Is ignored: the packages keep every box.
    """

    margin: float | None = None

    def __init__(self, neighbours: int, min_side: int, min_score: float | None = None) -> None:
        self._find = partial(
            cv2.CascadeClassifier(f"{cv2.data.haarcascades}haarcascade_frontalface_default.xml").detectMultiScale3,
            scaleFactor=1.1,
            minNeighbors=neighbours,
            minSize=(min_side, min_side),
            outputRejectLevels=True,
        )

    def find(self, picture: np.ndarray) -> list[Detection]:
        """Return the faces in a picture, RGB uint8 (height, width, 3), best first."""
        boxes, _, scores = self._find(gray(picture))
        pairs = zip(np.reshape(boxes, (-1, 4)).tolist(), np.ravel(scores).tolist(), strict=True)
        return sorted((Detection(tuple(box), score) for box, score in pairs), key=lambda face: -face.score)


def main(*arguments: str) -> None:
    """Measure, print a table and write the numbers to benchmarks/results.json."""
    parser = argparse.ArgumentParser(description="Measure recall and time of face detectors.")
    parser.add_argument("--yunet", metavar="FILE", help="measure this detector, too")
    parser.add_argument("--no-photographs", action="store_true", help="download none: leave heads of photographs out")
    parser.add_argument("--pictures", type=int, nargs=2, default=(120, 90), metavar=("FACES", "HEADS"))
    options = parser.parse_args(arguments)
    source, crops = faces()
    faces_in, heads_in = options.pictures
    kinds: dict[str, Scenes] = {"faces": lambda seed: scenes(crops[seed - 1 :: 2], faces_in, seed)}
    if not options.no_photographs:
        heads = photographs.load()
        kinds["heads"] = lambda seed: photographs.scenes(heads, heads_in, seed)
    cv2.setNumThreads(1)
    found = makers(options.yunet)
    summary: dict[str, Any] = {"cpu": results.cpu_name(), "opencv": cv2.__version__, "faces_from": source}
    summary |= {"allowed": ALLOWED, "rounds": ROUNDS, "pictures": {"faces": faces_in, "heads": heads_in}}
    recalls = {kind: recall(found, pictures) for kind, pictures in kinds.items()}
    summary["planted"] = {"heads": 0} | {kind: count for kind, (count, _) in recalls.items()}
    times = timed(found, [scene.picture for scene in scenes(crops, FRAMES, SEED, (640, 480))])
    summary["rows"] = {name: {kind: rows[name] for kind, (_, rows) in recalls.items()} | times[name] for name in found}
    results.keep("face_detection", summary)
    print(table(summary))


def faces() -> tuple[str, np.ndarray]:
    """Return the source of the faces, and the faces in random order, uint8 (n, 48, 48)."""
    if not LEARN.is_file():
        return "synthetic faces", drawn(DRAWN, SEED)
    return f"training faces of {LEARN}", np.random.default_rng(SEED).permutation(dataset.load(LEARN, "train").pixels)


def makers(yunet: str | None) -> dict[str, Make]:
    """Return what opens each detector, by name: ours, on one thread, and what others use by default."""
    found: dict[str, Make] = {name: partial(open_detector, name, threads=1) for name in ("mtcnn", "mtcnn-thorough")}
    if yunet:
        found["yunet"] = partial(open_detector, yunet)
    if hasattr(cv2, "CascadeClassifier"):  # OpenCV 5 has none
        found["haar"] = partial(open_detector, "haar")
        found["fer"] = partial(PackageCascade, 5, 50)  # fer 25.10.3: FER(mtcnn=False)
        found["deepface"] = partial(PackageCascade, 10, 0)  # deepface 0.0.103: detector_backend="opencv"
    return found


def recall(makers: Mapping[str, Make], pictures: Scenes) -> tuple[int, dict[str, Any]]:
    """Return the number of faces, and each detector's scores: at the allowed false boxes, and with its own settings."""
    every = {name: make(min_score=LOWEST) for name, make in makers.items()}
    count, _, chosen_on = detected(every, pictures(1))
    _, truth, found = detected(every, pictures(2))
    _, _, shipped = detected({name: make() for name, make in makers.items()}, pictures(2))
    rows: dict[str, Any] = {name: {"shipped": scored(boxes, truth, count)} for name, boxes in shipped.items()}
    for name, share in itertools.product(makers, ALLOWED):
        limit = threshold(chosen_on[name], int(share * count))
        rows[name][str(share)] = scored([one for one in found[name] if one.score > limit], truth, count)
    return len(truth), rows


def detected(detectors: Mapping[str, Detector], pictures: Iterable[Scene]) -> tuple[int, Faces, dict[str, list[Match]]]:
    """Return the number of pictures, the faces in them, and the boxes that each detector returns."""
    count = 0
    truth: Faces = {}
    matches: dict[str, list[Match]] = {name: [] for name in detectors}
    for number, scene in enumerate(pictures):
        count += 1
        truth |= {(number, place): face for place, face in enumerate(scene.faces)}
        for name, detector in detectors.items():
            matches[name] += match(number, scene, detector.find(scene.picture))
    return count, truth, matches


def threshold(matches: Iterable[Match], false: int) -> float:
    """Return the lowest score above which so many false boxes are left."""
    wrong = sorted((one.score for one in matches if one.face is None), reverse=True)
    return wrong[false] if len(wrong) > false else float("-inf")


def scored(matches: list[Match], truth: Faces, count: int) -> dict[str, Any]:
    """Return recall, also by size and turn of the face, false boxes a picture and the lowest score."""
    hits = {one.face for one in matches}
    row: dict[str, Any] = {"min_score": round(min((one.score for one in matches), default=0.0), 3)}
    row |= {"recall": _share(truth, hits), "false": round(sum(one.face is None for one in matches) / count, 3)}
    values = {"size": lambda face: face.box[2], "turn": lambda face: abs(face.turn)}
    for name, edges in EDGES.items():
        bins = [bisect_right(edges, values[name](face)) for face in truth.values()]
        keys = [[key for key, place in zip(truth, bins, strict=True) if place == n] for n in range(1, len(edges))]
        row[name] = [_share(some, hits) for some in keys]
    return row


def _share(faces: Iterable[tuple[int, int]], hits: set[Any]) -> float | None:
    found = [face in hits for face in faces]
    return round(statistics.fmean(found), 4) if found else None


def timed(makers: Mapping[str, Make], frames: list[np.ndarray]) -> dict[str, Any]:
    """Return the milliseconds of each detector for a frame, CPU and wall, and how many times those of `haar` they are.

    Each number is the median of rounds in which every detector, with its own minimum score, looks at all frames.
    """
    detectors = {name: make() for name, make in makers.items()}
    rounds: dict[str, list[np.ndarray]] = {name: [] for name in makers}
    for _ in range(ROUNDS + 1):  # the first one warms up
        for name, detector in detectors.items():
            start = np.array([time.process_time(), time.perf_counter()])
            for frame in frames:
                detector.find(frame)
            rounds[name].append(([time.process_time(), time.perf_counter()] - start) * 1000 / len(frames))
    taken = {name: np.array(values[1:]) for name, values in rounds.items()}
    rows: dict[str, Any] = {}
    for name, values in taken.items():
        rows[name] = dict(zip(("cpu_ms", "wall_ms"), np.median(values, 0).round(2).tolist(), strict=True))
        if "haar" in taken:
            ratios = np.median(values / taken["haar"], 0).round(3).tolist()
            rows[name] |= dict(zip(("cpu_ratio", "wall_ratio"), ratios, strict=True))
    return rows


def table(summary: dict[str, Any]) -> str:
    """Return recall, false boxes and time as text."""
    rows = []
    for name, row in summary["rows"].items():
        flat = {"detector": name} | {key: row[key] for key in ("cpu_ms", "wall_ms", "cpu_ratio") if key in row}
        for kind in ("faces", "heads"):
            flat |= {f"{kind} {key}": [one["recall"], one["false"]] for key, one in row.get(kind, {}).items()}
        rows.append(flat)
    return results.table(f"recall and false boxes a picture; {summary['cpu']}", list(rows[0]), rows)


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
