"""Measure what turning faces and the crop's margin do to accuracy: python -m benchmarks.alignment (10 minutes).

Validation faces, or drawn ones without data/learn.parquet, are pasted into generated pictures, turned by up to 45
degrees (see planted_faces), found by the default detector and classified by the shipped network: as they are, and
turned until their eyes are level.
"""

import argparse
import itertools
import math
import sys
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np
from tqdm import tqdm

from benchmarks import pasted_frames, results
from benchmarks.planted_faces import fits, scenes
from emotion.core import errors, pictures
from emotion.core.pictures import Detection
from emotion.detection.mtcnn import MTCNN
from emotion.inference.model import open_model

SEED = 9
MAX_TURN = 45  # degrees
SIZE = (640, 480)
SLOPES = (0, 5, 10, 15, 20, 30, 45)  # degrees, edges of the rows
MARGINS = (-0.1, -0.05, -0.02, 0.0, 0.05, 0.1)
LEVEL = 10  # degrees of slope below which margins are compared


@dataclass(frozen=True)
class Found:
    """A detected face: its detection, its true label, and crops (48, 48) by what was done to them."""

    detection: Detection
    label: str
    crops: dict[str, np.ndarray]

    @property
    def slope(self) -> float:
        """Degrees by which the line through its eyes is not level."""
        (left, top), (right, bottom) = self.detection.landmarks[:2]
        return abs(math.degrees(math.atan2(bottom - top, right - left)))


def main(*arguments: str) -> None:
    """Measure, print tables and write the numbers to benchmarks/results.json."""
    parser = argparse.ArgumentParser(description="Measure what turning faces and the margin do to accuracy.")
    parser.add_argument("--pictures", type=int, default=2_200)
    count = parser.parse_args(arguments).pictures
    faces, labels = pasted_frames.validation() if pasted_frames.DATA.exists() else pasted_frames.drawn()
    found = find(faces, labels, count)
    level = [face for face in found if face.slope < LEVEL]
    slopes = [
        {"from": low, "below": high, "faces": len(some), **accuracies(some, ["as it is", "eyes level"])}
        for low, high in itertools.pairwise(SLOPES)
        for some in [[face for face in found if low <= face.slope < high]]
    ]
    margins = [{"margin": key, "accuracy": value} for key, value in accuracies(level, [*MARGINS, "true box"]).items()]
    summary = {"pictures": count, "faces": len(found), "level": len(level), "slopes": slopes, "margins": margins}
    results.keep("alignment", summary)
    print(results.table(f"{len(found):,} faces", list(slopes[0]), slopes))
    print(results.table(f"{len(level):,} faces with level eyes", ("margin", "accuracy"), margins))


def find(faces: np.ndarray, labels: np.ndarray, count: int) -> list[Found]:
    """Return the faces that the detector finds in so many pictures."""
    detector = MTCNN()
    found = []
    for scene in tqdm(scenes(faces, count, SEED, SIZE, max_turn=MAX_TURN), total=count, leave=False):
        for detection in detector.find(scene.picture):
            face = next((one for one in scene.faces if fits(detection.box, one.box)), None)
            if face is None:
                continue
            crops = {str(m): pictures.crop(scene.picture, detection, m, upright=False) for m in MARGINS}
            crops["true box"] = pictures.crop(scene.picture, Detection(face.box, 1.0), 0.0)
            crops["as it is"] = crops[str(detector.margin)]
            with mock.patch.object(pictures, "MIN_SLOPE", 0.0):  # so that slopes that are left alone are turned, too
                crops["eyes level"] = pictures.crop(scene.picture, detection, detector.margin)
            found.append(Found(detection, str(labels[face.number]), crops))
    return found


def accuracies(found: list[Found], kinds: list[Any]) -> dict[str, float | None]:
    """Return the accuracy of the shipped network on each kind of crop."""
    if not found:
        return dict.fromkeys(map(str, kinds))
    model = open_model()
    rows: dict[str, float | None] = {}
    for kind in map(str, kinds):
        best = model.probabilities(np.stack([face.crops[kind] for face in found])).argmax(1)
        right = [model.labels[place] == face.label for place, face in zip(best, found, strict=True)]
        rows[kind] = round(float(np.mean(right)), 4)
    return rows


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
