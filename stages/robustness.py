"""Score one model on test faces as worse cameras would show them: python -m stages.robustness cnn."""

import sys

import keras
import numpy as np

from emotion import errors
from emotion.data import dataset
from emotion.explanation import robustness
from emotion.files import atomic, write_csv
from emotion.params import load
from emotion.report import curves
from emotion.training import forward, machine


def main(name: str) -> None:
    """Write plots/robustness/<name>.csv and .png: accuracy under each corruption at strengths 0 (none) to 5."""
    settings = load("robustness", robustness.RobustnessSettings)
    machine.prepare(load("training", machine.MachineSettings), seed=0)
    answers = forward.of_faces(keras.saving.load_model(f"models/{name}.keras", compile=False))
    faces = dataset.load("data/test.parquet", "test")

    def accuracy(pixels: np.ndarray) -> float:
        return round(float((answers(pixels).argmax(axis=1) == faces.labels).mean()), 6)

    clean, found = accuracy(faces.pixels), {}
    for kind in robustness.CORRUPTIONS:
        shown = (robustness.corrupted(faces.pixels, kind, s, settings.seed) for s in getattr(settings, kind))
        found[kind] = [clean, *map(accuracy, shown)]
        print(f"{name}, {kind}: accuracy {clean:.2%}, at worst {min(found[kind]):.2%}", flush=True)
    rows = [
        {"corruption": kind, "step": step, "strength": strength, "accuracy": found[kind][step]}
        for kind in found
        for step, strength in enumerate(["", *getattr(settings, kind)])
    ]
    write_csv(f"plots/robustness/{name}.csv", rows)
    panels = {kind: {name: (range(len(accuracies)), accuracies)} for kind, accuracies in found.items()}
    figure = curves.lines(panels, "strength", "accuracy on test faces", 3, percent="y")
    with atomic(f"plots/robustness/{name}.png") as path:
        figure.savefig(path, metadata={"Software": None})


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
