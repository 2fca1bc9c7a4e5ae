"""Fit one model of params.yaml: python -m stages.train cnn."""

import json
import sys

import numpy as np

from emotion.core import dataset, stage
from emotion.core.files import write_json
from emotion.core.labels import EMOTIONS
from emotion.core.params import load
from emotion.training import checkpoint, hardware, keras_file, loop, networks, registry, soft_targets
from emotion.training.batches import Examples
from emotion.training.renormalise import renormalise
from emotion.training.settings import HardwareSettings, ModelSettings

CHECKPOINTS = ".checkpoints"
RENORMALISATION_FACES = 2048


def main(name: str) -> None:
    """Write models/<name>.keras, plots/history/<name>.csv and metrics/training/<name>.json."""
    settings = load(f"models.{name}", ModelSettings)
    machine = load("hardware", HardwareSettings)
    if settings.precision:
        machine = machine.model_copy(update={"precision": settings.precision})
    hardware.prepare(machine, settings.seed)
    model = registry.build(settings.network, settings.build, f"models.{name}.build", weights=settings.weights)
    train, validation = _examples(settings.targets)
    if settings.weights != networks.RANDOM_WEIGHTS:
        drawn = np.random.default_rng(settings.seed).permutation(len(train))[:RENORMALISATION_FACES]
        renormalise(model, train.faces[drawn])

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
    """Return training and validation faces with their targets from this file, those of training with class weights.

    A file of soft targets that holds no validation faces leaves them their labels.
    """
    train = dataset.load("data/learn.parquet", "train")
    validation = dataset.load("data/learn.parquet", "validation")
    with open("data/class_weights.json", encoding="utf-8") as file:
        class_weights = json.load(file)
    weights = np.array([class_weights[emotion] for emotion in EMOTIONS], np.float32)
    return (
        Examples(train.pixels, soft_targets.read(targets, train) * weights),
        Examples(validation.pixels, soft_targets.read(targets, validation, partial=True)),
    )


if __name__ == "__main__":
    stage.run(main, *sys.argv[1:])
