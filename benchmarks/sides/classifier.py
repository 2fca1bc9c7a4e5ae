"""EmotionClassifier with one model file."""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.sides import pictures, process
from emotion import EmotionClassifier
from emotion.inference.model import open_model

CORES = 2


def prepare(crops: str, path: str) -> tuple[dict[str, Any], process.Measure]:
    """Return size, versions and accuracy of the model, and the function that measures its latency."""
    cv2.setNumThreads(CORES)
    shown = pictures.load(crops)
    net, classifier = open_model(path, threads=1), EmotionClassifier(path, threads=CORES)

    def predict(faces: np.ndarray) -> list[str]:
        return [net.labels[number] for number in net.probabilities(faces).argmax(axis=1)]

    runtime = "onnxruntime" if path.endswith(".onnx") else "ai-edge-litert"
    versions = {"python": platform.python_version(), runtime: version(runtime), "opencv": cv2.__version__}
    about = {"bytes": Path(path).stat().st_size, "versions": versions, **pictures.accuracies(shown, predict)}
    return about, pictures.timed(shown, net.probabilities, classifier.predict)
