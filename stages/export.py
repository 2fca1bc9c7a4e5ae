"""Write one model as ONNX and compare it with Keras: python -m stages.export cnn."""

import hashlib
import json
import sys
from pathlib import Path

import keras
import numpy as np
from pydantic import Field
from sklearn.metrics import f1_score

from emotion import errors
from emotion.data import dataset
from emotion.errors import InputError
from emotion.export import onnx, parity
from emotion.files import atomic
from emotion.labels import EMOTIONS
from emotion.params import Section, load
from emotion.training import forward, machine


class ExportSettings(Section):
    """Section `export` of params.yaml."""

    models: list[str]
    max_difference: float = Field(gt=0, le=1)


def main(name: str) -> None:
    """Write models/<name>.onnx and metrics/export/<name>.json; fail if it answers other than Keras."""
    settings, computer = load("export", ExportSettings), load("training", machine.MachineSettings)
    machine.prepare(computer, seed=0)
    weights = Path(f"models/{name}.keras")
    model = keras.saving.load_model(weights, compile=False)
    faces = dataset.load("data/learn.parquet", "validation")
    expected = forward.probabilities(model, faces.pixels)
    answers = expected.argmax(axis=1)
    scores = {
        "validation_accuracy": round(float(np.mean(answers == faces.labels)), 6),
        "validation_macro_f1": round(float(f1_score(faces.labels, answers, average="macro")), 6),
    }
    weights_md5 = hashlib.md5(weights.read_bytes()).hexdigest()
    facts = {"labels": EMOTIONS, "input_size": [48, 48], "weights_md5": weights_md5, **scores}
    with atomic(f"models/{name}.onnx") as path:
        onnx.write(model, path, facts)
        got = parity.probabilities(path, faces.pixels, computer.threads)
        difference = float(np.abs(got - expected).max())
        if difference > settings.max_difference:
            raise InputError(
                f"{name}: ONNX and Keras differ by {difference:.2g} on validation faces, more than "
                f"export.max_difference {settings.max_difference:g}: no file was written"
            )
        size = path.stat().st_size
    agreement = round(float(np.mean(got.argmax(axis=1) == answers)), 6)
    summary = {"largest_difference": float(f"{difference:.2g}"), "same_answers": agreement, "bytes": size, **scores}
    with atomic(f"metrics/export/{name}.json") as path:
        path.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    print(f"{name}: models/{name}.onnx, {size / 1e6:.1f} MB, largest difference {difference:.1g}")


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
