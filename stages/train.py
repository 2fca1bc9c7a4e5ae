"""Fit one model of params.yaml: python -m stages.train cnn."""

import json
import sys
from typing import Any

import numpy as np
from pydantic import Field

from emotion import errors
from emotion.data import dataset, soft_labels
from emotion.files import write_json
from emotion.labels import EMOTIONS
from emotion.models import registry
from emotion.params import Section, load
from emotion.training import batches, checkpoint, engine, features, keras_file, machine

CHECKPOINTS, FEATURES = ".checkpoints", ".features"


class ModelSettings(Section):
    """One entry of section `models`."""

    network: str
    targets: str
    seed: int = Field(ge=0)
    frozen_copies: int = Field(ge=0)
    build: dict[str, Any]
    fit: engine.FitSettings


def main(name: str) -> None:
    """Write models/<name>.keras, plots/history/<name>.csv and metrics/training/<name>.json."""
    settings, computer = load(f"models.{name}", ModelSettings), load("training", machine.MachineSettings)
    machine.prepare(computer, settings.seed)
    model = registry.build(settings.network, settings.build, f"models.{name}.build")
    with open("data/class_weights.json", encoding="utf-8") as file:
        weight_of = json.load(file)
    faces, others = (dataset.load("data/learn.parquet", part) for part in ("train", "validation"))
    counts = np.array([weight_of[EMOTIONS[label]] for label in faces.labels], np.float32)
    train = batches.Examples(faces.pixels, soft_labels.read(settings.targets, faces) * counts[:, None])
    validation = batches.Examples(others.pixels, soft_labels.one_hot(others))
    arrays = [train.faces, train.targets, validation.faces, validation.targets, *model.get_weights()]
    identity = checkpoint.identity(settings, computer, machine.versions(), *arrays)
    kept = checkpoint.Checkpoint(CHECKPOINTS, name, identity)
    fit, copies, seed = settings.fit, settings.frozen_copies, settings.seed
    fitted = features.run_once(model, train, validation, copies, fit.augment, computer, seed, FEATURES)
    history = engine.fit(*fitted, fit, computer, seed, f"plots/history/{name}.csv", kept)
    keras_file.save(model, f"models/{name}.keras")
    best = [row for row in history if row["best"]][-1]
    summary = {"parameters": model.count_params(), "epochs": len(history), "best_epoch": best["epoch"]}
    write_json(f"metrics/training/{name}.json", {**summary, "versions": machine.versions()})
    kept.remove()


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
