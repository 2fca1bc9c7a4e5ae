"""Fit one model of params.yaml: python -m stages.train cnn."""

import json
import sys

import numpy as np

from emotion.core import dataset, stage
from emotion.core.files import write_json
from emotion.core.labels import EMOTIONS
from emotion.core.params import load
from emotion.training import checkpoint, hardware, keras_file, loop, registry, soft_targets
from emotion.training.batches import Examples
from emotion.training.settings import HardwareSettings, ModelSettings

CHECKPOINTS = ".checkpoints"


def main(name: str) -> None:
    """Write models/<name>.keras, plots/history/<name>.csv and metrics/training/<name>.json."""
    settings = load(f"models.{name}", ModelSettings)
    machine = load("hardware", HardwareSettings)
    hardware.prepare(machine, settings.seed)
    model = registry.build(settings.network, settings.build, f"models.{name}.build")
    train, validation = _examples(settings.targets)

    arrays = [train.faces, train.targets, validation.faces, validation.targets, *model.get_weights()]
    identity = checkpoint.identity(settings, machine, hardware.versions(), *arrays)
    saved = checkpoint.Checkpoint(CHECKPOINTS, name, identity)
    history = loop.fit(
        model,
        train,
        validation,
        settings.fit,
        hardware=machine,
        seed=settings.seed,
        history_path=f"plots/history/{name}.csv",
        checkpoint=saved,
    )
    keras_file.save(model, f"models/{name}.keras")
    best = [row for row in history if row["best"]][-1]
    summary = {"parameters": model.count_params(), "epochs": len(history), "best_epoch": best["epoch"]}
    write_json(f"metrics/training/{name}.json", {**summary, "versions": hardware.versions()})
    saved.remove()


def _examples(targets: str) -> tuple[Examples, Examples]:
    """Return the training faces with weighted targets from this file, and the validation faces with one-hot labels."""
    train = dataset.load("data/learn.parquet", "train")
    validation = dataset.load("data/learn.parquet", "validation")
    with open("data/class_weights.json", encoding="utf-8") as file:
        class_weights = json.load(file)
    weights = np.array([class_weights[EMOTIONS[label]] for label in train.labels], np.float32)
    weighted = soft_targets.read(targets, train) * weights[:, None]
    return Examples(train.pixels, weighted), Examples(validation.pixels, soft_targets.one_hot(validation))


if __name__ == "__main__":
    stage.run(main, *sys.argv[1:])
