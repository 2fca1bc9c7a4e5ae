"""What in each face speaks for the answer: Grad-CAM, which needs TensorFlow and a Keras model."""

import hashlib
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from emotion.errors import InputError
from emotion.inference.results import Face
from emotion.labels import EMOTIONS

COLUMNS = 4
Explain = Callable[[Sequence[Face]], Any]  # returns a matplotlib.figure.Figure


def possible() -> bool:
    """Return whether TensorFlow and what draws are installed, without importing them."""
    return all(importlib.util.find_spec(name) for name in ("keras", "tensorflow", "matplotlib"))


def weights_of(metadata: dict[str, Any]) -> Path:
    """Return the Keras file in models/ that a network was exported from, by the hash that its metadata tell.

    Raises:
        InputError: There is no such file.
    """
    for path in sorted(Path("models").glob("*.keras")):
        if hashlib.md5(path.read_bytes()).hexdigest() == metadata.get("weights_md5"):
            return path
    raise InputError("models/ holds no Keras file that this network was exported from: `dvc repro` or `dvc pull` first")


def load(path: str | Path) -> Explain:
    """Return a function that draws faces, each beside its heatmap.

    Raises:
        InputError: TensorFlow is not installed, or the file is no Keras model that answers about faces.
    """
    try:
        import keras

        from emotion.explanation import gradcam, gradcam_figure
    except ImportError as error:
        raise InputError(
            f"--explain needs TensorFlow ({error.name} is not installed): run it after `make setup`"
        ) from None
    if not Path(path).is_file():
        raise InputError(f"{path}: there is no such Keras model: `dvc repro` makes models/<name>.keras")
    try:
        model = keras.saving.load_model(path, compile=False)
        gradcam.heatmaps(model, np.zeros((1, 48, 48), np.uint8), np.array([0]))
    except (ValueError, AttributeError, OSError):
        raise InputError(f"{path}: not a Keras model that answers about faces of 48x48 pixels") from None

    def explain(faces: Sequence[Face]) -> Any:
        seen = np.stack([face.seen for face in faces])
        maps = gradcam.heatmaps(model, seen, np.array([EMOTIONS.index(face.label) for face in faces]))
        captions = [f"{face.label} {face.probability:.0%}" for face in faces]
        return gradcam_figure.figure(seen, maps, captions, "What speaks for the answer", min(COLUMNS, len(faces)))

    return explain
