"""Grad-CAM heatmaps of faces; they need TensorFlow and the Keras model that a network was exported from."""

import hashlib
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.core.pictures import SIDE
from emotion.inference.face import Face

COLUMNS = 4
NEEDED = ("keras", "tensorflow", "matplotlib")
TITLE = "Evidence for the predicted label (Grad-CAM)"
Explain = Callable[[Sequence[Face]], Any]  # returns a matplotlib.figure.Figure


def possible() -> bool:
    """Return whether TensorFlow and matplotlib are installed, without importing them."""
    return all(map(importlib.util.find_spec, NEEDED))


def weights_of(metadata: dict[str, Any]) -> Path:
    """Return the Keras file in models/ that a network was exported from, by the hash in its metadata.

    Raises:
        InputError: There is no such file.
    """
    for path in sorted(Path("models").glob("*.keras")):
        if _hash(path) == metadata.get("weights_md5"):
            return path
    raise InputError(
        "models/ holds no Keras file that this network was exported from: `make repro` or `make pull` first"
    )


def require_weights_of(metadata: dict[str, Any], path: str) -> None:
    """Raise an InputError if a network tells by its metadata that it was exported from another Keras file."""
    if metadata.get("weights_md5") not in (None, _hash(Path(path))):
        raise InputError(f"{path}: the network that predicts was exported from another Keras model: name that one")


def _hash(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


def load(path: str | Path) -> Explain:
    """Return a function that draws faces, each beside its heatmap.

    Raises:
        InputError: TensorFlow is not installed, or the file is not a Keras model that classifies faces.
    """
    for package in NEEDED:
        if not importlib.util.find_spec(package):
            remedy = "run it after `make setup` or `pip install '.[train]'`"
            raise InputError(f"--explain needs TensorFlow ({package} is not installed): {remedy}")
    if not Path(path).is_file():
        raise InputError(f"{path}: there is no such Keras model: `dvc repro` makes models/<name>.keras")
    import keras

    from emotion.explanation import gradcam

    try:
        model = keras.saving.load_model(path, compile=False)
        gradcam.heatmaps(model, np.zeros((1, SIDE, SIDE), np.uint8), np.array([0]))
    except (ValueError, AttributeError, OSError):
        raise InputError(f"{path}: not a Keras model that classifies faces of {SIDE}x{SIDE} pixels") from None

    def explain(faces: Sequence[Face]) -> Any:
        crops = np.stack([face.crop for face in faces])
        maps = gradcam.heatmaps(model, crops, np.array([EMOTIONS.index(face.label) for face in faces]))
        captions = [f"{face.label} {face.probability:.0%}" for face in faces]
        return gradcam.figure(crops, maps, captions=captions, title=TITLE, columns=min(COLUMNS, len(faces)))

    return explain
