"""A Keras model as files for LiteRT (once TensorFlow Lite), which runs on phones and small boards."""

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
    """Return a built network for LiteRT: `face` float32 (n, 48, 48, 1), 0..255, to `probabilities` float32 (n, 7).

    Args:
        model: The network.
        kind: How weights are stored; int8 also computes in whole numbers, probabilities in steps of 1/256.
        faces: uint8 (n, 48, 48), a few hundred; for int8 alone, which measures on them between which bounds values lie.
    """
    spec = tf.TensorSpec([None, *model.input_shape[1:]], tf.float32, name=INPUT)
    # A graph of its own: the names in it depend on nothing that was done before.
    answer = tf.function(lambda face: {OUTPUT: model(face, training=False)}, input_signature=[spec])
    module = tf.Module()  # weights that it holds become constants; of a Keras model they would not
    module.answer, module.weights = answer, [variable.value for variable in model.variables]
    converter = tf.lite.TFLiteConverter.from_concrete_functions([answer.get_concrete_function()], module)
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
    """Write a file for LiteRT with metadata.json and labels.txt appended as a zip, where TensorFlow has them, too.

    LiteRT reads the file from its beginning, `unzip` and Python's zipfile from its end.
    """
    path = Path(path)
    path.write_bytes(content)
    texts = {
        "labels.txt": "\n".join(metadata["labels"]),
        "metadata.json": json.dumps(metadata, indent=2, sort_keys=True),
    }
    with zipfile.ZipFile(path, "a") as archive:
        for name, text in texts.items():
            archive.writestr(zipfile.ZipInfo(name), text + "\n")  # ZipInfo's date is 1980-01-01
