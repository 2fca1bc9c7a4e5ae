"""Draw the regions of faces that drive a model's predictions (Grad-CAM)."""

import keras
import numpy as np
from matplotlib.figure import Figure

from emotion.core import dataset, stage
from emotion.core.files import save_figure
from emotion.core.labels import EMOTIONS
from emotion.core.params import load
from emotion.explanation import gradcam
from emotion.explanation.settings import ExplainSettings
from emotion.synthetic import drawn
from emotion.training import forward, hardware
from emotion.training.settings import HardwareSettings


def main() -> None:
    """Write plots/faces/gradcam.png, of validation faces, and plots/explain/drawn_faces.png, of drawn ones."""
    settings = load("explain", ExplainSettings)
    hardware.prepare(load("hardware", HardwareSettings), seed=0)
    model = keras.saving.load_model(f"models/{settings.model}.keras", compile=False)
    real = dataset.load("data/learn.parquet", "validation")
    rng = np.random.default_rng(settings.seed)
    count = settings.faces_per_emotion
    of_each = [rng.permutation(np.flatnonzero(real.labels == label))[:count] for label in range(len(EMOTIONS))]
    rows = np.concatenate(of_each)
    synthetic = np.stack([drawn.draw_face(emotion, rng) for emotion in EMOTIONS for _ in range(count)])
    labels = np.repeat(np.arange(len(EMOTIONS)), count)
    save_figure("plots/faces/gradcam.png", _figure(model, settings, real.pixels[rows], real.labels[rows]))
    save_figure("plots/explain/drawn_faces.png", _figure(model, settings, synthetic, labels))


def _figure(model: keras.Model, settings: ExplainSettings, faces: np.ndarray, labels: np.ndarray) -> Figure:
    probabilities = forward.predictor(model)(faces)
    predicted = probabilities.argmax(axis=1)
    captions = [
        f"{EMOTIONS[label]}: {EMOTIONS[best]} {confidence:.0%}"
        for label, best, confidence in zip(labels, predicted, probabilities.max(axis=1), strict=True)
    ]
    title = f"{settings.model}: true label, predicted label, confidence, and Grad-CAM of the prediction"
    maps = gradcam.heatmaps(model, faces, predicted)
    return gradcam.figure(faces, maps, captions=captions, title=title, columns=settings.faces_per_emotion)


if __name__ == "__main__":
    stage.run(main)
