"""LiteRT files (formerly TensorFlow Lite), for phones and small boards."""

import contextlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import keras
import numpy as np
import tensorflow as tf

from emotion.export.onnx import INPUT, OUTPUT

Kind = Literal["float32", "float16", "int8"]
KINDS: Final[tuple[Kind, ...]] = ("float32", "float16", "int8")


def converted(model: keras.Model, kind: Kind, faces: np.ndarray) -> bytes:
    """Return a built network as LiteRT: `face` float32 (n, 48, 48, 1), 0..255, to `probabilities` float32 (n, 7).

    Args:
        model: The network.
        kind: The type of the weights. int8 also computes in integers, so its probabilities are multiples of 1/256.
        faces: A few hundred faces that calibrate the range of each activation, uint8 (n, 48, 48); int8 alone uses them.
    """
    spec = tf.TensorSpec([None, *model.input_shape[1:]], tf.float32, name=INPUT)
    # A graph of its own: its names do not depend on what this process did before.
    predict = tf.function(lambda face: {OUTPUT: model(face, training=False)}, input_signature=[spec])
    module = tf.Module()  # whose weights become constants; those of a Keras model would not
    module.predict = predict
    module.weights = [variable.value for variable in model.variables]
    converter = tf.lite.TFLiteConverter.from_concrete_functions([predict.get_concrete_function()], module)
    if kind != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if kind == "int8":
        converter.representative_dataset = lambda: _one_by_one(faces)
    with contextlib.redirect_stdout(io.StringIO()):
        return converter.convert()


def _one_by_one(faces: np.ndarray) -> Iterator[list[np.ndarray]]:
    for face in faces:
        yield [face[None, ..., None].astype(np.float32)]


def save(content: bytes, path: str | Path, metadata: Mapping[str, Any]) -> None:
    """Write a LiteRT file with metadata.json and labels.txt appended as a zip archive, as TensorFlow Lite does.

    LiteRT reads the file from its start, `unzip` and Python's zipfile from its end.
    """
    path = Path(path)
    path.write_bytes(content)
    texts = {
        "labels.txt": "\n".join(metadata["labels"]),
        "metadata.json": json.dumps(metadata, indent=2, sort_keys=True),
    }
    with zipfile.ZipFile(path, "a") as archive:
        for name, text in texts.items():
            archive.writestr(zipfile.ZipInfo(name), text + "\n")  # a fresh ZipInfo has a fixed date, 1980-01-01
