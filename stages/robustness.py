"""Score one model on test faces as worse cameras would show them: python -m stages.robustness cnn."""

import csv
import sys

import keras
import numpy as np

from emotion import errors
from emotion.data import dataset
from emotion.explanation import robustness
from emotion.files import atomic
from emotion.params import load
from emotion.training import forward, machine


def main(name: str) -> None:
    """Write plots/robustness/<name>.csv: the accuracy under each corruption at strengths 0, which is none, to 5."""
    settings = load("robustness", robustness.RobustnessSettings)
    machine.prepare(load("training", machine.MachineSettings), seed=0)
    answers = forward.of_faces(keras.saving.load_model(f"models/{name}.keras", compile=False))
    faces = dataset.load("data/test.parquet", "test")

    def accuracy(pixels: np.ndarray) -> float:
        return round(float((answers(pixels).argmax(axis=1) == faces.labels).mean()), 6)

    clean = accuracy(faces.pixels)
    with atomic(f"plots/robustness/{name}.csv") as path, path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["corruption", "step", "strength", "accuracy"])
        for kind in robustness.CORRUPTIONS:
            rows.writerow([kind, 0, "", clean])
            for step, strength in enumerate(getattr(settings, kind), start=1):
                shown = robustness.corrupted(faces.pixels, kind, strength, settings.seed)
                rows.writerow([kind, step, strength, accuracy(shown)])
            print(f"{name}, {kind}: accuracy {clean:.2%}", flush=True)


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
