"""Score one model on corrupted test faces: python -m stages.robustness cnn."""

import sys

import keras
import numpy as np

from emotion.core import dataset, stage
from emotion.core.files import write_csv
from emotion.core.params import load
from emotion.explanation import robustness
from emotion.explanation.settings import RobustnessSettings
from emotion.training import forward, hardware
from emotion.training.settings import HardwareSettings


def main(name: str) -> None:
    """Write plots/robustness/<name>.csv: accuracy for each corruption at strengths 0 (none) to 5."""
    settings = load("robustness", RobustnessSettings)
    hardware.prepare(load("hardware", HardwareSettings), seed=0)
    predict = forward.predictor(keras.saving.load_model(f"models/{name}.keras", compile=False))
    faces = dataset.load("data/test.parquet", "test")

    def accuracy(pixels: np.ndarray) -> float:
        return round(float((predict(pixels).argmax(axis=1) == faces.labels).mean()), 6)

    clean = accuracy(faces.pixels)
    rows = []
    for kind in robustness.CORRUPTIONS:
        rows.append({"corruption": kind, "step": 0, "strength": "", "accuracy": clean})
        for step, strength in enumerate(getattr(settings, kind), start=1):
            score = accuracy(robustness.corrupted(faces.pixels, kind, strength, settings.seed))
            rows.append({"corruption": kind, "step": step, "strength": strength, "accuracy": score})
        print(f"{name}, {kind}: accuracy {clean:.2%} clean, {rows[-1]['accuracy']:.2%} at strength 5", flush=True)
    write_csv(f"plots/robustness/{name}.csv", rows)


if __name__ == "__main__":
    stage.run(main, *sys.argv[1:])
