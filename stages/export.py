"""Export one model to ONNX and LiteRT and compare each file with Keras: python -m stages.export cnn."""

import hashlib
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from emotion.core import dataset, stage
from emotion.core.files import atomic, write_json
from emotion.core.labels import EMOTIONS
from emotion.core.params import load
from emotion.export import formats, parity, quantization
from emotion.export.settings import ExportSettings
from emotion.training import forward, hardware, loop, soft_targets
from emotion.training.settings import HardwareSettings

DATA = Path("data/learn.parquet")


def main(name: str) -> None:
    """Write models/<name>.onnx etc. and metrics/export/<name>.json, or nothing if a file exceeds a limit of params."""
    settings = load("export", ExportSettings)
    machine = load("hardware", HardwareSettings)
    hardware.prepare(machine, seed=0)
    tf.config.set_visible_devices([], "GPU")  # where float32 is often computed as TF32
    weights = Path(f"models/{name}.keras")
    model = keras.saving.load_model(weights, compile=False)
    adjustment = _adjustment(name)
    priors = np.array([adjustment["priors"][emotion] for emotion in EMOTIONS])
    formats.adjust(model, adjustment["temperature"], adjustment["prior_exponent"] * np.log(priors))
    faces = dataset.load(DATA, "validation")
    expected = forward.predictor(model)(faces.pixels)
    scores = loop.validation_scores(expected, soft_targets.one_hot(faces))
    facts = {
        **adjustment,
        "weights_md5": _md5(weights),
        "data_md5": _md5(DATA),
        "validation_accuracy": round(scores["val_accuracy"], 6),
        "validation_macro_f1": round(scores["val_macro_f1"], 6),
    }
    train = dataset.load(DATA, "train")
    sample = quantization.calibration_sample(train.pixels, settings.int8_calibration_faces, settings.seed)
    with ExitStack() as stack:  # all files or none
        targets = {key: f"models/{name}.{suffix}" for key, suffix in formats.SUFFIXES.items()}
        paths = {key: stack.enter_context(atomic(target)) for key, target in targets.items()}
        formats.write(model, sample, {"labels": EMOTIONS, "input_size": [48, 48], **facts}, paths)
        files = parity.compare(
            paths, faces=faces.pixels, labels=faces.labels, expected=expected, threads=machine.threads
        )
        parity.require(name, files, settings)
        write_json(f"metrics/export/{name}.json", {**facts, "files": files})
    for key, row in files.items():
        print(f"{targets[key]}: {row['bytes'] / 1e6:.1f} MB, accuracy {row['accuracy']:.4f}")
    print(f"Keras: accuracy {facts['validation_accuracy']:.4f}")


def _adjustment(name: str) -> dict[str, Any]:
    calibration = json.loads(Path(f"metrics/calibration/{name}.json").read_text(encoding="utf-8"))
    return {key: calibration["without_tta"][key] for key in ("temperature", "prior_exponent", "priors")}


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    stage.run(main, *sys.argv[1:])
