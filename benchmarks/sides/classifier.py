"""EmotionClassifier with a model's file: python -m benchmarks.sides.classifier PICTURES MODEL."""

import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.sides import pictures, process
from emotion import EmotionClassifier, errors
from emotion.faces import Box
from emotion.inference.model import open_model

CORES = 2


def main(path: str, model: str) -> None:
    """Classify when asked to."""
    process.serve(lambda: prepare(pictures.load(path), model))


def prepare(given: pictures.Pictures, path: str) -> tuple[dict[str, Any], process.Measure]:
    """Return how well the model does, and the function that measures it."""
    cv2.setNumThreads(CORES)
    net, classifier = open_model(path, threads=1), EmotionClassifier(path, threads=CORES)

    def answer(faces: np.ndarray) -> list[str]:
        return [net.labels[number] for number in net.probabilities(faces).argmax(axis=1)]

    def detect(picture: np.ndarray) -> list[tuple[Box, str]]:
        return [(face.box, face.label) for face in classifier.predict(picture).faces]

    runtime = "onnxruntime" if path.endswith(".onnx") else "ai-edge-litert"
    versions = {"python": platform.python_version(), runtime: version(runtime), "opencv": cv2.__version__}
    about = {"bytes": Path(path).stat().st_size, "versions": versions}
    measure = pictures.timed(given, net.probabilities, net.probabilities, detect)
    return about | pictures.quality(given, answer, detect), measure


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
