"""List the training faces whose labels contradict their out-of-fold predictions (confident learning)."""

import os

import numpy as np

from emotion.audit import label_issues
from emotion.core import dataset, stage
from emotion.core.files import save_figure, write_json
from emotion.core.labels import EMOTIONS
from emotion.core.params import load
from emotion.exploration import gallery
from emotion.training import batches, checkpoint, forward, hardware, loop, registry, soft_targets
from emotion.training.settings import HardwareSettings, LabelAuditSettings

CHECKPOINTS = ".checkpoints"


def main() -> None:
    """Write metrics/label_issues.csv, metrics/label_audit.json and plots/faces/label_issues.png."""
    settings = load("label_audit", LabelAuditSettings)
    faces = dataset.load("data/learn.parquet", "train")
    folds = label_issues.folds_of(faces.pixels, faces.labels, settings.folds, settings.seed)
    probabilities = np.empty((len(faces.names), len(EMOTIONS)), np.float32)
    checkpoints = []
    for fold in range(settings.folds):
        held_out = folds == fold
        print(f"fold {fold + 1} of {settings.folds}: {sum(~held_out)} to train, {sum(held_out)} held out", flush=True)
        probabilities[held_out], saved = _out_of_fold(faces, held_out, settings, fold)
        checkpoints.append(saved)
    audited = label_issues.find(faces.labels, probabilities)
    worst = label_issues.ranked(audited, faces.names, settings.max_listed)
    label_issues.write(worst, "metrics/label_issues.csv")
    worst_pixels = faces.pixels[[issue.position for issue in worst]]
    labels = [(issue.label, issue.predicted_label) for issue in worst]
    save_figure("plots/faces/label_issues.png", gallery.label_issues(worst_pixels, labels))
    summary = label_issues.summarise(audited, len(worst))
    write_json("metrics/label_audit.json", summary)
    for saved in checkpoints:
        saved.remove()
    found = summary["label_issues"]
    print(f"{found} of {len(faces.names)} labels differ from out-of-fold predictions; {len(worst)} listed")


def _out_of_fold(
    faces: dataset.Faces, held_out: np.ndarray, settings: LabelAuditSettings, fold: int
) -> tuple[np.ndarray, checkpoint.Checkpoint]:
    """Fit the fold's network without the held-out faces, and return their probabilities and its checkpoint."""
    machine = load("hardware", HardwareSettings)
    seed = settings.seed + fold
    hardware.prepare(machine, seed)  # for every fold, so that no network depends on those before it
    model = registry.build(settings.network, settings.build, "label_audit.build")
    others = dataset.load("data/learn.parquet", "validation")
    train = batches.Examples(faces.pixels[~held_out], soft_targets.one_hot(faces)[~held_out])
    validation = batches.Examples(others.pixels, soft_targets.one_hot(others))
    arrays = [train.faces, train.targets, validation.faces, validation.targets, *model.get_weights()]
    identity = checkpoint.identity(settings, machine, hardware.versions(), *arrays)
    saved = checkpoint.Checkpoint(CHECKPOINTS, f"label_audit-{fold + 1}", identity)
    loop.fit(
        model,
        train,
        validation,
        settings.fit,
        hardware=machine,
        seed=seed,
        history_path=os.devnull,
        checkpoint=saved,
    )
    return forward.predictor(model)(faces.pixels[held_out]), saved


if __name__ == "__main__":
    stage.run(main)
