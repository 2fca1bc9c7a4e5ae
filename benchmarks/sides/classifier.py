"""EmotionClassifier with one model file: python -m benchmarks.sides.classifier PICTURES MODEL."""

import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks import pasted_frames
from benchmarks.sides import process
from emotion import EmotionClassifier
from emotion.core import errors
from emotion.core.pictures import Box
from emotion.inference.model import open_model

CORES = 2


def main(path: str, model: str) -> None:
    """Classify when asked to."""
    process.serve(lambda: prepare(pasted_frames.load(path), model))


def prepare(pictures: pasted_frames.Pictures, path: str) -> tuple[dict[str, Any], process.Measure]:
    """Return size, versions and quality of the model, and the function that measures its latency."""
    cv2.setNumThreads(CORES)
    net, classifier = open_model(path, threads=1), EmotionClassifier(path, threads=CORES)

    def predict(faces: np.ndarray) -> list[str]:
        return [net.labels[number] for number in net.probabilities(faces).argmax(axis=1)]

    def detect(picture: np.ndarray) -> list[tuple[Box, str]]:
        return [(face.box, face.label) for face in classifier.predict(picture).faces]

    runtime = "onnxruntime" if path.endswith(".onnx") else "ai-edge-litert"
    versions = {"python": platform.python_version(), runtime: version(runtime), "opencv": cv2.__version__}
    about = {"bytes": Path(path).stat().st_size, "versions": versions}
    about |= pasted_frames.quality(pictures, predict, detect)
    return about, pasted_frames.timed(pictures, net.probabilities, detect)


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
