"""Write the soft targets of one student from its teachers' predictions: python -m stages.distill resnet_fer."""

import sys

import numpy as np

from emotion.core import dataset, stage
from emotion.core.params import load
from emotion.training import hardware, soft_targets, teachers
from emotion.training.settings import DistillSettings, HardwareSettings

UNUSED = "params/none.csv"


def main(student: str) -> None:
    """Write data/soft_targets/<student>.csv, a row per training face."""
    settings = load(f"distill.{student}", DistillSettings)
    hardware.prepare(load("hardware", HardwareSettings), seed=0)
    faces = dataset.load("data/learn.parquet", "train")
    paths = [settings.teachers.first]
    if settings.teachers.second != UNUSED:
        paths.append(settings.teachers.second)
    predictions = []
    for path in paths:
        predict = teachers.predictor(path)
        # The mirror image of a face shows the same emotion.
        predictions += [predict(faces.pixels), predict(faces.pixels[:, :, ::-1])]
        agreement = np.mean((predictions[-2] + predictions[-1]).argmax(axis=1) == faces.labels)
        print(f"{path}: agrees with {agreement:.1%} of the labels", flush=True)
    targets = soft_targets.distilled(
        predictions,
        soft_targets.read(settings.labels, faces),
        label_weight=settings.label_weight,
        temperature=settings.temperature,
    )
    soft_targets.write(f"data/soft_targets/{student}.csv", faces.names, targets)


if __name__ == "__main__":
    stage.run(main, *sys.argv[1:])
