"""What in each face speaks for the answer: Grad-CAM, which needs TensorFlow and a Keras model."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from emotion.errors import InputError
from emotion.files import atomic
from emotion.inference.results import Face
from emotion.labels import EMOTIONS

COLUMNS = 4
Explain = Callable[[Sequence[Face], Path], None]


def load(path: str) -> Explain:
    """Return a function that writes a picture of faces, each beside its heatmap.

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

    def explain(faces: Sequence[Face], target: Path) -> None:
        seen = np.stack([face.seen for face in faces])
        maps = gradcam.heatmaps(model, seen, np.array([EMOTIONS.index(face.label) for face in faces]))
        captions = [f"{face.label} {face.probability:.0%}" for face in faces]
        drawn = gradcam_figure.figure(seen, maps, captions, "What speaks for the answer", min(COLUMNS, len(faces)))
        with atomic(target) as temporary:
            drawn.savefig(temporary, metadata={"Software": None})

    return explain
