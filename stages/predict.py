"""Predict validation and test faces with one model: python -m stages.predict cnn."""

import sys

import keras

from emotion.core import dataset, predictions, stage
from emotion.core.params import load
from emotion.training import forward, hardware, tta
from emotion.training.settings import HardwareSettings

FILES = {"validation": "data/learn.parquet", "test": "data/test.parquet"}


def main(name: str) -> None:
    """Write plots/predictions/<subset>/<name>.csv, and the same with TTA in <subset>_tta."""
    settings = load("predict", tta.PredictSettings)
    hardware.prepare(load("hardware", HardwareSettings), seed=0)
    predict = forward.predictor(keras.saving.load_model(f"models/{name}.keras", compile=False))
    for subset, path in FILES.items():
        faces = dataset.load(path, subset)
        without_tta = predict(faces.pixels)
        with_tta = tta.predict(without_tta, predict, faces.pixels, settings)
        for folder, probabilities in {subset: without_tta, f"{subset}_tta": with_tta}.items():
            found = predictions.Predictions(faces.names, faces.labels, faces.leakage, probabilities)
            predictions.write(found, f"plots/predictions/{folder}/{name}.csv")
        print(f"{name}: {len(faces.names)} {subset} faces")


if __name__ == "__main__":
    stage.run(main, *sys.argv[1:])
