"""Show on which parts of faces a model's answers rest."""

import keras
import numpy as np
from pydantic import Field

from emotion import errors
from emotion.data import dataset, drawn
from emotion.explanation import gradcam, gradcam_figure
from emotion.files import atomic
from emotion.labels import EMOTIONS
from emotion.params import Section, load
from emotion.training import forward, machine


class ExplainSettings(Section):
    """Section `explain` of params.yaml."""

    model: str
    faces: int = Field(ge=1)
    seed: int = Field(ge=0)


def main() -> None:
    """Write plots/faces/gradcam.png, of validation faces, and plots/explain/drawn_faces.png, of drawn ones."""
    settings = load("explain", ExplainSettings)
    machine.prepare(load("training", machine.MachineSettings), seed=0)
    model = keras.saving.load_model(f"models/{settings.model}.keras", compile=False)
    real, rng = dataset.load("data/learn.parquet", "validation"), np.random.default_rng(settings.seed)
    chosen = [rng.permutation(np.flatnonzero(real.labels == n))[: settings.faces] for n in range(len(EMOTIONS))]
    invented = [drawn.draw_face(emotion, rng) for emotion in EMOTIONS for _ in range(settings.faces)]
    shown = {
        "plots/faces/gradcam.png": (real.pixels[np.concatenate(chosen)], real.labels[np.concatenate(chosen)]),
        "plots/explain/drawn_faces.png": (np.stack(invented), np.repeat(np.arange(len(EMOTIONS)), settings.faces)),
    }
    for path, (faces, labels) in shown.items():
        answers = forward.probabilities(model, faces)
        best = answers.argmax(axis=1)
        sure = answers.max(axis=1)
        captions = [f"{EMOTIONS[label]}: {EMOTIONS[b]} {s:.0%}" for label, b, s in zip(labels, best, sure, strict=True)]
        title = f"{settings.model}: given label, answer, and what the answer rests on (Grad-CAM)"
        figure = gradcam_figure.figure(faces, gradcam.heatmaps(model, faces, best), captions, title, settings.faces)
        with atomic(path) as temporary:
            figure.savefig(temporary, metadata={"Software": None})


if __name__ == "__main__":
    errors.run(main)
