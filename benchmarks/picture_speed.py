"""Measure pictures, frames and requests beside an earlier build: python -m benchmarks.picture_speed --baseline CLONE.

CLONE is a checkout of the earlier build in which `make setup` and `make api` have run. Both builds, and the package
`fer` where PYTHONPATH names a folder with it, get the same JPEG files of 640x480 pixels with planted faces, in turn and
each round in a fresh process. `--no-api` leaves out the servers.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
from tqdm import tqdm

from benchmarks import clients, results
from benchmarks.api_load import WHOLE, free_port, served
from benchmarks.face_detection import faces
from benchmarks.planted_faces import scenes
from benchmarks.sides import process
from emotion.core import errors
from emotion.core.errors import InputError

PICTURES = 60
FRAMES = 100  # of a video in which a picture moves by a pixel a frame
SEED = 3
REQUESTS = 200
CLIENTS = 4
ROWS = ("pictures_s", "one_ms", "frame_ms", "requests_s")
COLUMNS = ("build", *ROWS, "faces")

OURS = """
import sys, time, json
from pathlib import Path
import cv2, numpy as np
from emotion import EmotionClassifier
paths = sorted(Path(sys.argv[1]).glob("*.jpg"))
classifier = EmotionClassifier()
def predict(path): return len(classifier.predict(path).faces)
video = classifier.following() if hasattr(classifier, "following") else classifier
def follow(frame): return video.predict(frame, bgr=True)
def several(): return sum(len(result.faces) for result in classifier.predict(paths))
"""
THEIRS = """
import sys, time, json
from pathlib import Path
import cv2, numpy as np
from fer.fer import FER
paths = sorted(map(str, Path(sys.argv[1]).glob("*.jpg")))
fer = FER()
def follow(frame): return fer.detect_emotions(frame)
def predict(path): return len(follow(cv2.imread(path)))
def several(): return sum(map(predict, paths))
"""
MEASURE = """
predict(paths[0])
latencies = []
for path in paths:
    start = time.perf_counter(); predict(path); latencies.append(time.perf_counter() - start)
start = time.perf_counter(); found = several(); seconds = time.perf_counter() - start
still = cv2.imread(str(paths[0]))
frames = [np.roll(still, step, axis=1) for step in range(int(sys.argv[2]))]
start = time.perf_counter()
for frame in frames: follow(frame)
frame_ms = 1000 * (time.perf_counter() - start) / len(frames)
one_ms = 1000 * sorted(latencies)[len(latencies) // 2]
print(json.dumps({"pictures_s": len(paths) / seconds, "one_ms": one_ms, "frame_ms": frame_ms, "faces": found}))
"""
Rounds = dict[str, list[dict[str, float]]]  # by the side's name


def main(*arguments: str) -> None:
    """Measure all sides in turn, print a table and write the numbers to benchmarks/results.json."""
    parser = argparse.ArgumentParser(description="Measure pictures, frames and requests beside an earlier build.")
    parser.add_argument("--baseline", type=Path, required=True, metavar="CLONE")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-api", action="store_true")
    options = parser.parse_args(arguments)
    if not (options.baseline / ".venv/bin/python").exists():
        raise InputError(f"{options.baseline}: run `make setup` there first")
    source, crops = faces()
    with tempfile.TemporaryDirectory() as folder:
        for number, scene in enumerate(scenes(crops, PICTURES, SEED, (640, 480))):
            cv2.imwrite(f"{folder}/{number:03}.jpg", scene.picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
        measured = measure(options.baseline, folder, options.rounds)
    if not options.no_api:
        add_requests(measured, options.baseline, options.rounds)
    summary = {"cpu": results.cpu_name(), "cores": results.cores()[1], "faces_from": source, "rounds": options.rounds}
    summary["rows"] = summarise(measured)
    results.keep("picture_speed", summary)
    print(table(summary))


def measure(baseline: Path, folder: str, rounds: int) -> Rounds:
    """Return what each side's processes report."""
    sides = {
        "this build": ([sys.executable, "-c", OURS + MEASURE], Path.cwd(), False),
        "baseline": ([str(baseline.absolute() / ".venv/bin/python"), "-c", OURS + MEASURE], baseline, False),
    }
    if importlib.util.find_spec("fer"):
        sides["fer"] = ([sys.executable, "-c", THEIRS + MEASURE], Path.cwd(), True)
    measured: Rounds = {name: [] for name in sides}
    for number in tqdm(range(rounds), unit=" rounds", leave=False):
        # Reversed in every second round, so that a drift over time affects all alike.
        for name in list(sides)[:: 1 if number % 2 else -1]:
            command, place, path = sides[name]
            done = subprocess.run(
                [*command, folder, str(FRAMES)],
                cwd=place,
                env=process.environment(path=path),
                capture_output=True,
                text=True,
            )
            if done.returncode:
                raise InputError(f"{name}: {process.explain(done.returncode, done.stderr)}")
            measured[name].append(json.loads(done.stdout.splitlines()[-1]))
    return measured


def add_requests(measured: Rounds, baseline: Path, rounds: int) -> None:
    """Add the photographs a second that the two APIs answer, in turn."""
    requests = [clients.multipart(WHOLE, picture) for picture in clients.photographs()]
    sides = {"this build": (sys.executable, Path.cwd()), "baseline": (str(baseline / ".venv/bin/python"), baseline)}
    ports = {name: free_port() for name in sides}
    with ExitStack() as stack:
        for name, (python, place) in sides.items():
            command = [os.path.abspath(python), "-m", "emotion", "api", "--port", str(ports[name])]
            stack.enter_context(served(command, ports[name], place))
            clients.load(ports[name], requests, CLIENTS, 10 * CLIENTS)  # a warm-up
        for number in range(rounds):
            for name in sides:
                met = clients.load(ports[name], requests, CLIENTS, REQUESTS)
                if met.errors:
                    raise InputError(f"{name}: the API refused {met.errors} requests")
                measured[name][number]["requests_s"] = len(met.times) / met.seconds


def summarise(measured: Rounds) -> dict[str, dict[str, Any]]:
    """Return medians and ranges of each side, and the medians of the rounds' ratios to the baseline."""
    rows: dict[str, dict[str, Any]] = {}
    for name, rounds in measured.items():
        rows[name] = {"faces": rounds[0]["faces"]}
        for key in [key for key in ROWS if key in rounds[0]]:
            rows[name] |= results.median_and_range(key, [one[key] for one in rounds], 2)
            ratios = [one[key] / base[key] for one, base in zip(rounds, measured["baseline"], strict=True)]
            rows[name][f"{key}_ratio"] = round(statistics.median(ratios), 3)
    return rows


def table(summary: dict[str, Any]) -> str:
    """Return the numbers as text."""
    title = f"{PICTURES} pictures of 640x480, {summary['cores']} cores ({summary['cpu']}), {summary['rounds']} rounds"
    rows = [{"build": name, **row} for name, row in summary["rows"].items()]
    ratios = [
        {"build": f"{name} / baseline", **{key: row[f"{key}_ratio"] for key in ROWS if f"{key}_ratio" in row}}
        for name, row in summary["rows"].items()
        if name != "baseline"
    ]
    return results.table(title, COLUMNS, [*rows, *ratios])


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
