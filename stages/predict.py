"""Ask one model about validation and test faces: python -m stages.predict cnn."""

import sys

import keras

from emotion import errors
from emotion.data import dataset
from emotion.evaluation import predictions
from emotion.params import load
from emotion.training import forward, machine

FILES = {"validation": "data/learn.parquet", "test": "data/test.parquet"}


def main(name: str) -> None:
    """Write plots/predictions/validation/<name>.csv and plots/predictions/test/<name>.csv."""
    machine.prepare(load("training", machine.MachineSettings), seed=0)
    model = keras.saving.load_model(f"models/{name}.keras", compile=False)
    for part, path in FILES.items():
        faces = dataset.load(path, part)
        probabilities = forward.probabilities(model, faces.pixels)
        answers = predictions.Predictions(faces.names, faces.labels, faces.leaked, probabilities)
        predictions.write(answers, f"plots/predictions/{part}/{name}.csv")
        print(f"{name}: {len(faces.names)} {part} faces")


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
