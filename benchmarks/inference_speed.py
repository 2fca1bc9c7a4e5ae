"""Measure how fast faces are classified, beside the package `fer`: python -m benchmarks.inference_speed [MODEL ...].

Every model is asked in a process of its own that sleeps while another is measured. They take turns, and each is
compared with `fer` within the same round. Its row needs the package, which no lock holds, in a folder that PYTHONPATH
names: `pip install --no-deps --target FOLDER fer==25.10.3 'setuptools<81'`, and then
`make inference-benchmark PYTHONPATH=FOLDER`. What else it imports is in the environment.
"""

import argparse
import importlib.util
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from PIL import Image

from benchmarks import inference_table, pasted_frames, results
from benchmarks.computer import cpu_name
from benchmarks.sides import started
from benchmarks.sides.process import Side
from benchmarks.sides.started import Started
from benchmarks.sides.turns import measure
from emotion import errors
from emotion.inference.model import default_path


def main(*arguments: str) -> None:
    """Measure all models in alternation, print a table and keep the numbers in benchmarks/results.json."""
    options = parse(arguments)
    models = [os.path.relpath(path) for path in options.models or [default_path()]]
    pictures = pasted_frames.make(options.frames)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        pictures.save(f"{folder}/pictures.npz")
        Image.fromarray(pictures.photograph).save(f"{folder}/photograph.jpg", quality=95)
        sides = start(models, folder, stack)
        about = {name: one.side.about() for name, one in sides.items()}
        measured = measure(sides, options.rounds, 0, options.steps)
    data = {"faces": len(pictures.faces), "frames": len(pictures.frames), "drawn": not pasted_frames.DATA.exists()}
    summary = {"cpu": cpu_name(), **data, **inference_table.summarise(measured, about)}
    results.keep("inference_speed", summary)
    print(inference_table.table(summary))


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Measure how fast faces are classified, beside the package fer.")
    parser.add_argument("models", nargs="*", type=Path, metavar="MODEL", help="an .onnx or .tflite file")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=5, help="batches of 32 faces that one measurement takes")
    parser.add_argument("--frames", type=int, default=200, help="pictures in which faces are looked for")
    return parser.parse_args(arguments)


def start(models: Sequence[str], folder: str, stack: ExitStack) -> dict[str, Started]:
    """Start a process for each model, and one for `fer` where it is installed. The stack ends them."""
    pictures, photograph = f"{folder}/pictures.npz", f"{folder}/photograph.jpg"
    sides = {}
    for model in models:
        side = Side("EmotionClassifier", "benchmarks.sides.classifier", [pictures, model])
        sides[model] = Started(stack.enter_context(closing(side)), started.OURS, [model, photograph], path=False)
    if importlib.util.find_spec("fer"):
        side = Side("fer", "benchmarks.sides.fer_package", [pictures], path=True)
        sides["fer"] = Started(stack.enter_context(closing(side)), started.THEIRS, [photograph], path=True)
    return sides


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
