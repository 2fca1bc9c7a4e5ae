"""Write what exported pupils answer for the training faces: the targets of models that these teach in turn."""

from pathlib import Path

import numpy as np
from pydantic import Field

from emotion import errors
from emotion.data import dataset, soft_labels
from emotion.errors import InputError
from emotion.export import parity
from emotion.params import Section, load


class TeachAgainSettings(Section):
    """Section `teach_again` of params.yaml."""

    teachers: list[str] = Field(min_length=1)
    given: float = Field(ge=0, le=1)
    temperature: float = Field(gt=0)


def main() -> None:
    """Write data/soft_labels_again.csv, a row per training face."""
    settings = load("teach_again", TeachAgainSettings)
    faces = dataset.load("data/learn.parquet", "train")
    answers = []
    for name in settings.teachers:
        path = Path(f"models/{name}.float16.onnx")
        if not path.exists():
            raise InputError(f"teach_again.teachers: {path} is missing: is {name} in export.models and in dvc.yaml?")
        # An emotion has no side, so a teacher is asked twice; by one thread, since more might give other last bits.
        for pixels in (faces.pixels, faces.pixels[:, :, ::-1]):
            answers.append(parity.probabilities(path, pixels, threads=1))
        right = np.mean((answers[-2] + answers[-1]).argmax(axis=1) == faces.labels)
        print(f"{name}: agrees with {right:.1%} of the given labels", flush=True)
    targets = soft_labels.taught(answers, soft_labels.one_hot(faces), settings.given, settings.temperature)
    soft_labels.write("data/soft_labels_again.csv", faces.names, targets)


if __name__ == "__main__":
    errors.run(main)
