"""Fit one model of params.yaml: python -m stages.train cnn."""

import json
import sys
from typing import Any

import numpy as np
from pydantic import Field

from emotion import errors
from emotion.data import dataset
from emotion.files import atomic
from emotion.labels import EMOTIONS
from emotion.models import registry
from emotion.params import Section, load
from emotion.training import engine, keras_file, machine


class ModelSettings(Section):
    """One entry of section `models`."""

    network: str
    targets: str
    seed: int = Field(ge=0)
    build: dict[str, Any]
    fit: engine.FitSettings


def main(name: str) -> None:
    """Write models/<name>.keras, plots/history/<name>.csv and metrics/training/<name>.json."""
    settings = load(f"models.{name}", ModelSettings)
    computer = load("training", machine.MachineSettings)
    machine.prepare(computer, settings.seed)
    model = registry.build(settings.network, settings.build, f"models.{name}.build")
    with open("data/class_weights.json", encoding="utf-8") as file:
        weight_of = json.load(file)
    class_weights = np.array([weight_of[emotion] for emotion in EMOTIONS], np.float32)
    train, validation = (dataset.load("data/learn.parquet", part) for part in ("train", "validation"))
    history = engine.fit(
        model,
        engine.Examples(train.pixels, dataset.soft_labels(settings.targets, train), class_weights[train.labels]),
        engine.Examples(validation.pixels, np.eye(len(EMOTIONS))[validation.labels], np.ones(len(validation.labels))),
        settings.fit,
        computer,
        settings.seed,
        f"plots/history/{name}.csv",
    )
    keras_file.save(model, f"models/{name}.keras")
    best = [row for row in history if row["best"]][-1]
    summary = {"parameters": model.count_params(), "epochs": len(history), "best_epoch": best["epoch"]}
    summary["versions"] = machine.versions()
    with atomic(f"metrics/training/{name}.json") as path:
        path.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
