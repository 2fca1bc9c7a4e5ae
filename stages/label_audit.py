"""Rank the training faces by how little networks that never saw them believe their labels."""

import os
from typing import Any

import numpy as np
from pydantic import Field

from emotion import errors
from emotion.data import dataset, suspects
from emotion.files import atomic, write_json
from emotion.labels import EMOTIONS
from emotion.models import registry
from emotion.params import Section, load
from emotion.training import batches, checkpoint, engine, forward, machine

CHECKPOINTS = ".checkpoints"


class LabelAuditSettings(Section):
    """Section `label_audit` of params.yaml."""

    listed: int = Field(ge=1)
    folds: int = Field(ge=2, le=20)
    seed: int = Field(ge=0)
    network: str
    build: dict[str, Any]
    fit: engine.FitSettings


def main() -> None:
    """Write metrics/suspects.csv, metrics/label_audit.json and plots/faces/suspects.png."""
    settings, computer = load("label_audit", LabelAuditSettings), load("training", machine.MachineSettings)
    faces, others = (dataset.load("data/learn.parquet", part) for part in ("train", "validation"))
    one_hot = np.eye(len(EMOTIONS), dtype=np.float32)
    validation = batches.Examples(others.pixels, one_hot[others.labels])
    fold_of = suspects.fold_of(faces.pixels, faces.labels, settings.folds, settings.seed)
    answers, checkpoints = np.empty((len(faces.names), len(EMOTIONS)), np.float32), []
    for fold in range(settings.folds):
        judged, seed = fold_of == fold, settings.seed + fold
        print(f"judge {fold + 1} of {settings.folds}: learns {sum(~judged)} faces, judges {sum(judged)}", flush=True)
        machine.prepare(computer, seed)  # anew, so that no judge depends on those before
        model = registry.build(settings.network, settings.build, "label_audit.build")
        train = batches.Examples(faces.pixels[~judged], one_hot[faces.labels[~judged]])
        arrays = [train.faces, train.targets, validation.faces, validation.targets, *model.get_weights()]
        identity = checkpoint.identity(settings, computer, machine.versions(), *arrays)
        checkpoints.append(checkpoint.Checkpoint(CHECKPOINTS, f"label_audit-{fold + 1}", identity))
        engine.fit(model, train, validation, settings.fit, computer, seed, os.devnull, checkpoints[-1])
        answers[judged] = forward.probabilities(model, faces.pixels[judged])
    verdicts = suspects.judge(faces.labels, answers)
    worst = suspects.ranked(verdicts, faces.names, settings.listed)
    suspects.write(worst, "metrics/suspects.csv")
    with atomic("plots/faces/suspects.png") as path:
        suspects.sheet(worst, faces.pixels).savefig(path, metadata={"Software": None})
    summary = suspects.summarise(verdicts, len(worst))
    write_json("metrics/label_audit.json", summary)
    for done in checkpoints:
        done.remove()
    print(f"{summary['called_errors']} of {len(faces.names)} labels are probably wrong; {len(worst)} suspects listed")


if __name__ == "__main__":
    errors.run(main)
