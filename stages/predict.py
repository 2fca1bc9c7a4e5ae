"""Ask one model about validation and test faces: python -m stages.predict cnn."""

import sys

import keras

from emotion import errors
from emotion.data import dataset
from emotion.evaluation import predictions
from emotion.params import load
from emotion.training import forward, machine, views

FILES = {"validation": "data/learn.parquet", "test": "data/test.parquet"}


def main(name: str) -> None:
    """Write plots/predictions/<part>/<name>.csv, a single look at each face, and <part>_averaged, several."""
    settings = load("predict", views.PredictSettings)
    machine.prepare(load("training", machine.MachineSettings), seed=0)
    answers = forward.of_faces(keras.saving.load_model(f"models/{name}.keras", compile=False))
    for part, path in FILES.items():
        faces = dataset.load(path, part)
        single = answers(faces.pixels)
        averaged = views.averaged(single, answers, faces.pixels, settings)
        for folder, probabilities in {part: single, f"{part}_averaged": averaged}.items():
            found = predictions.Predictions(faces.names, faces.labels, faces.leaked, probabilities)
            predictions.write(found, f"plots/predictions/{folder}/{name}.csv")
        print(f"{name}: {len(faces.names)} {part} faces")


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
