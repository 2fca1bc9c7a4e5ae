"""Measure the latency of classification beside the package `fer`: python -m benchmarks.inference_speed [MODEL ...].

Every model runs in a process of its own that sleeps while another is measured. They take turns, and each is compared
with `fer` within the same round. The package is in no lock; install it into a folder that PYTHONPATH names:
`pip install --no-deps --target FOLDER fer==25.10.3 'setuptools<81'`, then
`make benchmark BENCH=inference PYTHONPATH=FOLDER`. Its other imports are in the environment.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks import results
from benchmarks.sides import pictures, process
from benchmarks.sides.process import Measured, Side, take_turns
from emotion.core import errors
from emotion.core.errors import InputError
from emotion.inference.model import path_of

FER = "fer"
LATENCIES = {"import_s": 3, "first_answer_s": 3, "face_ms": 3, "batch_face_ms": 3, "frame_ms": 2}  # decimals
COMPARED = ("face_ms", "frame_ms")
ACCURACIES = ("accuracy", "majority_accuracy")
COLUMNS = ("name", "bytes", *LATENCIES, *(f"{key}_ratio" for key in COMPARED), *ACCURACIES)

# A fresh process from its start to its first result.
OURS = """
from emotion import EmotionClassifier
imported = time.perf_counter() - start
faces = EmotionClassifier(sys.argv[1]).predict(sys.argv[2]).faces
"""
THEIRS = """
from fer.fer import FER
imported = time.perf_counter() - start
faces = FER().detect_emotions(sys.argv[1])
"""
FRAME = """
import json, os, sys, time
replies = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
start = time.perf_counter()
{code}
print(json.dumps([imported, len(faces)]), file=replies, flush=True)
"""


@dataclass(frozen=True)
class ColdAndWarm:
    """A side that waits in its process, and the code that is timed from a cold start in each round."""

    side: Side
    code: str
    arguments: Sequence[str]
    path: bool  # keep PYTHONPATH

    def measure(self, steps: int) -> dict[str, float]:
        """Let the side run some steps, then start a new process once."""
        return self.side.measure(steps) | cold_start(self.code, self.arguments, path=self.path)


def main(*arguments: str) -> None:
    """Measure all models in turn, print a table and write the numbers to benchmarks/results.json."""
    parser = argparse.ArgumentParser(description="Measure the latency of classification beside the package fer.")
    parser.add_argument("models", nargs="*", type=Path, metavar="MODEL", help="an .onnx or .tflite file")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=5, help="batches of 32 faces in one measurement")
    options = parser.parse_args(arguments)
    models = [os.path.relpath(path) for path in options.models or [path_of()]]
    shown = pictures.make()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        shown.save(f"{folder}/pictures.npz")
        Image.fromarray(shown.photograph).save(f"{folder}/photograph.jpg", quality=95)
        sides = start(models, folder, stack)
        about = {name: one.side.about() for name, one in sides.items()}
        measured = take_turns(sides, rounds=options.rounds, seconds=0, steps=options.steps)
    data = {"faces": len(shown.faces), "drawn": not pictures.DATA.exists()}
    summary = {"cpu": results.cpu_name(), **data, **summarise(measured, about)}
    results.keep("inference_speed", summary)
    source = "synthetic" if summary["drawn"] else "validation"
    accuracy = f"accuracy for labels and majority of {summary['faces']:,} {source} faces"
    title = f"{summary['cpu']}; medians of {options.rounds} rounds; {accuracy}"
    print(results.table(title, COLUMNS, summary["rows"]))
    print("A face: one core. A picture: 640x480 pixels, two cores.")


def start(models: Sequence[str], folder: str, stack: ExitStack) -> dict[str, ColdAndWarm]:
    """Start a process for each model, and one for `fer` where it is installed. The stack ends them."""
    crops, photograph = f"{folder}/pictures.npz", f"{folder}/photograph.jpg"
    sides = {}
    for model in models:
        side = stack.enter_context(closing(Side("EmotionClassifier", "benchmarks.sides.classifier", [crops, model])))
        sides[model] = ColdAndWarm(side, OURS, [model, photograph], path=False)
    if importlib.util.find_spec("fer"):
        side = stack.enter_context(closing(Side(FER, "benchmarks.sides.fer_package", [crops], path=True)))
        sides[FER] = ColdAndWarm(side, THEIRS, [photograph], path=True)
    else:
        print("The package fer is not installed, so its row is missing.")
    return sides


def cold_start(code: str, arguments: Sequence[str], *, path: bool) -> dict[str, float]:
    """Return the seconds of the import, and from the start of a new process to its first result.

    Raises:
        InputError: The process has ended without a result.
    """
    command = [sys.executable, "-c", FRAME.format(code=code), *arguments]
    began = time.perf_counter()
    with subprocess.Popen(
        command, env=process.environment(path=path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout and child.stderr
        line = child.stdout.readline()
        seconds = time.perf_counter() - began
        log = child.stderr.read()
    if not line:
        raise InputError(f"cold start: {process.explain(child.returncode, log)}")
    imported, faces = json.loads(line)
    return {"import_s": imported, "first_answer_s": seconds, "faces": faces}


def summarise(measured: Measured, about: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return medians and ranges of the rounds, ratios to `fer`, and size and accuracies of each model.

    Args:
        measured: The measurements of every round.
        about: What each side reports about itself.
    """
    rows: dict[str, dict[str, Any]] = {}
    for name, rounds in measured.items():
        row: dict[str, Any] = {key: about[name][key] for key in ("bytes", *ACCURACIES) if key in about[name]}
        row["faces_in_photograph"] = rounds[0]["faces"]
        for key, digits in LATENCIES.items():
            row |= results.median_and_range(key, [one[key] for one in rounds], digits)
        for key in COMPARED if FER in measured else ():
            theirs = [one[key] for one in measured[FER]]
            row[f"{key}_ratio"] = results.median_ratio([one[key] for one in rounds], theirs)
        rows[name] = row
    versions = {key: value for known in about.values() for key, value in known["versions"].items()}
    return {"versions": versions, "rounds": len(rounds), "rows": rows}


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
