"""Measure pictures, frames and requests beside an earlier build: python -m benchmarks.picture_speed --baseline CLONE.

CLONE is a checkout of the earlier build in which `make setup` and `make api` have run. Both builds, and the package
`fer` where PYTHONPATH names a folder with it, get the same JPEG files of 640x480 pixels with planted faces, in turn and
each round in a fresh process; then the two APIs answer photographs in turn.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2

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
COLUMNS = ("build", "faces", *ROWS, *(f"{key}_ratio" for key in ROWS))

# Each defines what MEASURE times. Earlier builds cannot follow faces.
OURS = """
from emotion import EmotionClassifier
classifier = EmotionClassifier()
video = classifier.following() if hasattr(classifier, "following") else classifier

def count(paths):
    return sum(len(result.faces) for result in classifier.predict(paths))

def follow(frame):
    video.predict(frame, bgr=True)
"""
THEIRS = """
from fer.fer import FER
classifier = FER()

def count(paths):
    return sum(len(classifier.detect_emotions(cv2.imread(path))) for path in paths)

def follow(frame):
    classifier.detect_emotions(frame)
"""
MEASURE = """
import glob, json, statistics, sys, time
import cv2
import numpy as np
{functions}
def seconds(work, *arguments):
    start = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - start, result

paths = sorted(glob.glob(sys.argv[1] + "/*.jpg"))
count(paths[:1])
one = statistics.median(seconds(count, [path])[0] for path in paths)
every, faces = seconds(count, paths)
still = cv2.imread(paths[0])
frames = [np.roll(still, step, axis=1) for step in range(int(sys.argv[2]))]
frame = statistics.mean(seconds(follow, frame)[0] for frame in frames)
print(json.dumps(dict(pictures_s=len(paths) / every, one_ms=1000 * one, frame_ms=1000 * frame, faces=faces)))
"""
Rounds = dict[str, list[dict[str, float]]]  # by the side's name


def main(*arguments: str) -> None:
    """Measure all sides in turn, print a table and write the numbers to benchmarks/results.json."""
    parser = argparse.ArgumentParser(description="Measure pictures, frames and requests beside an earlier build.")
    parser.add_argument("--baseline", type=Path, required=True, metavar="CLONE")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    if not (options.baseline / ".venv/bin/python").exists():
        raise InputError(f"{options.baseline}: run `make setup` there first")
    source, crops = faces()
    with tempfile.TemporaryDirectory() as folder:
        for number, scene in enumerate(scenes(crops, PICTURES, SEED, (640, 480))):
            cv2.imwrite(f"{folder}/{number:03}.jpg", scene.picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
        measured = measure(options.baseline, folder, options.rounds)
    add_requests(measured, options.baseline, options.rounds)
    summary = {"cpu": results.cpu_name(), "cores": results.cores()[1], "faces_from": source, "rounds": options.rounds}
    summary["rows"] = summarise(measured)
    results.keep("picture_speed", summary)
    title = f"{PICTURES} pictures of 640x480, {summary['cores']} cores ({summary['cpu']}), {summary['rounds']} rounds"
    print(results.table(title, COLUMNS, [{"build": name, **row} for name, row in summary["rows"].items()]))


def builds(baseline: Path) -> dict[str, tuple[str, Path]]:
    """Return the Python and the folder of the two builds."""
    return {
        "this build": (sys.executable, Path.cwd()),
        "baseline": (str(baseline.absolute() / ".venv/bin/python"), baseline),
    }


def measure(baseline: Path, folder: str, rounds: int) -> Rounds:
    """Return what each side's processes report."""
    sides = {name: (python, place, OURS) for name, (python, place) in builds(baseline).items()}
    if importlib.util.find_spec("fer"):
        sides["fer"] = (sys.executable, Path.cwd(), THEIRS)
    measured: Rounds = {name: [] for name in sides}
    for _, name in process.turns(sides, rounds):
        python, place, functions = sides[name]
        command = [python, "-c", MEASURE.format(functions=functions), folder, str(FRAMES)]
        environment = process.environment(path=functions == THEIRS)
        done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise InputError(f"{name}: {process.explain(done.returncode, done.stderr)}")
        measured[name].append(json.loads(done.stdout.splitlines()[-1]))
    return measured


def add_requests(measured: Rounds, baseline: Path, rounds: int) -> None:
    """Add the photographs a second that the two APIs answer, in turn."""
    requests = [clients.multipart(WHOLE, picture) for picture in clients.photographs()]
    sides = builds(baseline)
    ports = {name: free_port() for name in sides}
    with ExitStack() as stack:
        for name, (python, place) in sides.items():
            command = [python, "-m", "emotion", "api", "--port", str(ports[name])]
            stack.enter_context(served(command, ports[name], place))
            clients.load(ports[name], requests, CLIENTS, 10 * CLIENTS)  # a warm-up
        for number, name in process.turns(sides, rounds):
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
            values, others = ([one[key] for one in side] for side in (rounds, measured["baseline"]))
            rows[name] |= results.median_and_range(key, values, 2)
            rows[name][f"{key}_ratio"] = results.median_ratio(values, others)
    return rows


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
