"""Write what the teachers answer for the training faces: the targets of a model that they teach."""

import keras
import numpy as np
from pydantic import Field

from emotion import errors
from emotion.data import dataset, soft_labels
from emotion.params import Section, load
from emotion.training import forward, machine


class TeachSettings(Section):
    """Section `teach` of params.yaml."""

    teachers: list[str] = Field(min_length=1)
    given: float = Field(ge=0, le=1)
    temperature: float = Field(gt=0)


def main() -> None:
    """Write data/soft_labels.csv, a row per training face."""
    settings = load("teach", TeachSettings)
    machine.prepare(load("training", machine.MachineSettings), seed=0)
    faces = dataset.load("data/learn.parquet", "train")
    answers = []
    for name in settings.teachers:
        answer = forward.of_faces(keras.saving.load_model(f"models/{name}.keras", compile=False))
        # An emotion has no side, so a teacher is asked twice.
        answers += [answer(pixels) for pixels in (faces.pixels, faces.pixels[:, :, ::-1])]
        right = np.mean((answers[-2] + answers[-1]).argmax(axis=1) == faces.labels)
        print(f"{name}: agrees with {right:.1%} of the given labels", flush=True)
    targets = soft_labels.taught(answers, soft_labels.one_hot(faces), settings.given, settings.temperature)
    soft_labels.write("data/soft_labels.csv", faces.names, targets)


if __name__ == "__main__":
    errors.run(main)
