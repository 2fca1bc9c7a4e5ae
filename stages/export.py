"""Write one model as files that run anywhere, and compare each with Keras: python -m stages.export cnn."""

import hashlib
import json
import sys
from contextlib import ExitStack
from pathlib import Path

import keras
import tensorflow as tf

from emotion import errors
from emotion.data import dataset
from emotion.evaluation import scores
from emotion.export import calibrated, formats, int8, parity
from emotion.files import atomic, write_json
from emotion.labels import EMOTIONS
from emotion.params import load
from emotion.training import forward, machine


def main(name: str) -> None:
    """Write models/<name>.onnx and so on, and metrics/export/<name>.json; fail if a file answers other than Keras."""
    settings, computer = load("export", parity.ExportSettings), load("training", machine.MachineSettings)
    machine.prepare(computer, seed=0)
    tf.config.set_visible_devices([], "GPU")  # there, float32 is often no float32 (TF32)
    weights, data = Path(f"models/{name}.keras"), Path("data/learn.parquet")
    model = keras.saving.load_model(weights, compile=False)
    fitted = json.loads(Path(f"metrics/calibration/{name}.json").read_text(encoding="utf-8"))
    temperature = fitted["single"]["temperature"]
    calibrated.divide(model, temperature)
    faces = dataset.load(data, "validation")
    expected = forward.probabilities(model, faces.pixels)
    score = scores.headline(faces.labels, expected)
    facts = {
        "temperature": temperature,
        "weights_md5": hashlib.md5(weights.read_bytes()).hexdigest(),
        "data_md5": hashlib.md5(data.read_bytes()).hexdigest(),
        "validation_accuracy": score["accuracy"],
        "validation_macro_f1": score["macro_f1"],
    }
    sample = int8.sample(dataset.load(data, "train").pixels, settings.int8_faces, settings.seed)
    with ExitStack() as stack:  # all files or none
        targets = {key: f"models/{name}.{suffix}" for key, suffix in formats.SUFFIXES.items()}
        paths = {key: stack.enter_context(atomic(target)) for key, target in targets.items()}
        formats.write(model, sample, {"labels": EMOTIONS, "input_size": [48, 48], **facts}, paths)
        files = parity.compared(paths, faces.pixels, faces.labels, expected, computer.threads)
        parity.require(name, files, settings)
        write_json(f"metrics/export/{name}.json", {**facts, "files": files})
    for key, target in targets.items():
        row = files[key]
        print(f"{target}: {row['bytes'] / 1e6:.1f} MB, accuracy {row['accuracy']:.4f} (Keras {score['accuracy']:.4f})")


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
