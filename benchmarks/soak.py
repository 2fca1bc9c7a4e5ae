"""Classify very many pictures and watch the memory: python -m benchmarks.soak [--calls 100000] [--threads 1 2].

Each number of threads has a process of its own, in which the threads share one classifier. Pictures vary in size with
each call and are gray, in colour or the bytes of a file; half of them have a face. A line is fitted to the memory after
a warm-up.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks import results
from emotion import EmotionClassifier
from emotion.core import errors
from emotion.inference.model import default_path
from emotion.synthetic.drawn import draw_face

PICTURES = 60
SIDES = 60, 200  # pixels
MAX_TRIMMED = 9  # rows and columns that a call may cut off
SAMPLES = 200  # of the memory
WARM_UP = 0.2  # share of the calls
SEED = 6
COLUMNS = ("threads", "faces", "minutes", "first_mb", "warm_mb", "last_mb", "mb_per_10000_calls")


def main(*arguments: str) -> None:
    """Run each number of threads, print its memory and write it to benchmarks/results.json."""
    parser = argparse.ArgumentParser(description="Classify very many pictures and watch the memory.")
    parser.add_argument("--model", type=Path, help="an .onnx or .tflite file")
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args(arguments)
    model = os.path.relpath(options.model or default_path())
    rows = []
    for threads in options.threads:
        # Spawned, not forked: its memory shall hold nothing of this process.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            summary = process.submit(soak, model, options.calls, threads).result()
        rows.append({"model": model, "threads": threads} | summary)
        results.keep(f"soak_{threads}", rows[-1])
    print(results.table(f"memory over {options.calls:,} calls", COLUMNS, rows))


def soak(model: str, calls: int, threads: int) -> dict[str, Any]:
    """Return the memory over so many calls by threads that share a classifier."""
    cv2.setNumThreads(1)
    classifier, shown = EmotionClassifier(model, threads=1), pictures()
    began, done, faces, memory = time.perf_counter(), [], 0, []
    with ThreadPoolExecutor(threads) as pool:
        for numbers in np.array_split(np.arange(calls), min(calls, SAMPLES)):
            shares = [numbers[share::threads] for share in range(threads)]
            faces += sum(pool.map(classify, repeat(classifier), repeat(shown), shares))
            done.append(int(numbers[-1]) + 1)
            memory.append(results.memory_mb())
    minutes = (time.perf_counter() - began) / 60
    return {"calls": calls, "faces": faces, "minutes": round(minutes, 2), **summarise(done, memory)}


def classify(classifier: EmotionClassifier, shown: Sequence[np.ndarray | bytes], numbers: np.ndarray) -> int:
    """Classify the pictures of these numbers, one a call, and return the number of faces found."""
    faces = 0
    for number in numbers.tolist():
        picture = shown[number % len(shown)]
        if isinstance(picture, np.ndarray):
            rows, columns = np.random.default_rng([SEED, number]).integers(MAX_TRIMMED, size=2)
            picture = picture[rows:, columns:]
        faces += len(classifier.predict(picture).faces)
    return faces


def pictures() -> list[np.ndarray | bytes]:
    """Return gray pictures, colour pictures and PNG files, in turn; the first half of them with a drawn face."""
    rng, made = np.random.default_rng(SEED), []
    for number in range(PICTURES):
        height, width = rng.integers(*SIDES, size=2)
        picture = cv2.GaussianBlur(rng.integers(0, 256, (height, width), np.uint8), (0, 0), 4)
        if number < PICTURES // 2:
            side = min(height, width)
            picture[:side, :side] = cv2.resize(draw_face("happy", rng), (side, side), interpolation=cv2.INTER_CUBIC)
        colour = cv2.applyColorMap(picture, cv2.COLORMAP_BONE)
        made.append((picture, colour, cv2.imencode(".png", colour)[1].tobytes())[number % 3])
    return made


def summarise(done: Sequence[int], memory: Sequence[float]) -> dict[str, float]:
    """Return the memory after the warm-up and at the end, and the growth over 10,000 calls by the fitted line.

    Args:
        done: Calls before each sample.
        memory: MB of each sample.
    """
    warm = [place for place, calls in enumerate(done) if calls > WARM_UP * done[-1]]
    slope = np.polyfit([done[place] for place in warm], [memory[place] for place in warm], 1)[0]
    return {
        "first_mb": round(memory[0], 1),
        "warm_mb": round(memory[warm[0]], 1),
        "last_mb": round(memory[-1], 1),
        "most_mb": round(max(memory), 1),
        "mb_per_10000_calls": round(10_000 * float(slope), 3),
    }


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
