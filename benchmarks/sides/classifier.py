"""EmotionClassifier with one model file: python -m benchmarks.sides.classifier PICTURES MODEL."""

import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.sides import pictures, process
from benchmarks.sides.pictures import Pictures
from emotion import EmotionClassifier
from emotion.core import errors
from emotion.inference.model import open_model

CORES = 2


def main(path: str, model: str) -> None:
    """Classify when asked to."""
    process.serve(lambda: prepare(pictures.load(path), model))


def prepare(shown: Pictures, path: str) -> tuple[dict[str, Any], process.Measure]:
    """Return size, versions and accuracy of the model, and the function that measures its latency."""
    cv2.setNumThreads(CORES)
    net, classifier = open_model(path, threads=1), EmotionClassifier(path, threads=CORES)

    def predict(faces: np.ndarray) -> list[str]:
        return [net.labels[number] for number in net.probabilities(faces).argmax(axis=1)]

    runtime = "onnxruntime" if path.endswith(".onnx") else "ai-edge-litert"
    versions = {"python": platform.python_version(), runtime: version(runtime), "opencv": cv2.__version__}
    about = {"bytes": Path(path).stat().st_size, "versions": versions, **pictures.accuracies(shown, predict)}
    return about, pictures.timed(shown, net.probabilities, classifier.predict)


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
