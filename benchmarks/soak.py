"""Classify very many pictures and watch the memory: python -m benchmarks.soak [--calls 100000] [--threads 1 2].

Each number of threads is tried in a process of its own, in which the threads share one classifier. Pictures are of
mixed sizes, a slightly other one in each call, gray, colour or the bytes of a file, half of them with a face. A line is
fitted to the memory over the calls after a warm-up.
"""

import argparse
import multiprocessing
import os
import resource
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
from emotion import EmotionClassifier, errors
from emotion.data.drawn import draw_face
from emotion.inference.model import default_path

PICTURES = 60
SIDES = 60, 200  # pixels
TRIMMED = 9  # up to so many rows and columns less
SAMPLES = 200  # looks at the memory
WARM_UP = 0.2  # share of the calls
SEED = 6


def main(*arguments: str) -> None:
    """Try each number of threads, print what became of the memory and keep it in benchmarks/results.json."""
    options = parse(arguments)
    model = os.path.relpath(options.model or default_path())
    for threads in options.threads:
        # A new process, not a copy of this one: the memory is its own alone.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            summary = process.submit(soak, model, options.calls, threads).result()
        results.keep(f"soak_{threads}", {"model": model, "threads": threads} | summary)
        print(told(threads, summary))


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Classify very many pictures and watch the memory.")
    parser.add_argument("--model", type=Path, help="an .onnx or .tflite file")
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    return parser.parse_args(arguments)


def soak(model: str, calls: int, threads: int) -> dict[str, Any]:
    """Return what became of the memory while so many pictures were classified by threads that share a classifier."""
    cv2.setNumThreads(1)
    classifier, shown = EmotionClassifier(model, threads=1), pictures()
    began, done, faces, memory = time.perf_counter(), [], 0, []
    with ThreadPoolExecutor(threads) as pool:
        for numbers in np.array_split(np.arange(calls), min(calls, SAMPLES)):
            parts = [numbers[part::threads] for part in range(threads)]
            faces += sum(pool.map(classify, repeat(classifier), repeat(shown), parts))
            done.append(int(numbers[-1]) + 1)
            memory.append(resident_mb())
    minutes = (time.perf_counter() - began) / 60
    return {"calls": calls, "faces": faces, "minutes": round(minutes, 2), **summarise(done, memory)}


def classify(classifier: EmotionClassifier, shown: Sequence[np.ndarray | bytes], numbers: np.ndarray) -> int:
    """Classify the pictures of these numbers, one a call, and return how many faces were found."""
    faces = 0
    for number in numbers.tolist():
        picture = shown[number % len(shown)]
        if isinstance(picture, np.ndarray):
            rows, columns = np.random.default_rng([SEED, number]).integers(TRIMMED, size=2)
            picture = picture[rows:, columns:]
        faces += len(classifier.predict(picture).faces)
    return faces


def pictures() -> list[np.ndarray | bytes]:
    """Return gray and coloured pictures and PNG files, in turn; the first half of them with a drawn face."""
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


def resident_mb() -> float:
    """Return how much memory this process holds; where there is no /proc, the most that it ever held."""
    if os.path.exists("/proc/self/statm"):
        pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
        return pages * resource.getpagesize() / 1e6
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most / 1e3


def summarise(done: Sequence[int], memory: Sequence[float]) -> dict[str, float]:
    """Return the memory after the warm-up and in the end, and how much it grows in 10,000 calls by the fitted line.

    Args:
        done: How many calls were done at each look.
        memory: MB at each look.
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


def told(threads: int, summary: dict[str, Any]) -> str:
    """Return the numbers as a person reads them."""
    what = f"{summary['calls']:,} calls by {threads} thread{'s' * (threads > 1)} in {summary['minutes']:.1f} minutes"
    memory = " -> ".join(f"{summary[key]:.1f}" for key in ("first_mb", "warm_mb", "last_mb"))
    grown = f"{summary['mb_per_10000_calls']:+.3f} MB in 10,000 calls"
    return f"{what}, {summary['faces']:,} faces: {memory} MB (first, warmed up, last); after the warm-up {grown}"


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
