"""A process from its start to its first answer."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.sides import process
from benchmarks.sides.process import Side
from emotion.errors import InputError

# Each ends with its answer about a picture; what libraries print goes elsewhere.
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
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
start = time.perf_counter()
{code}
print(json.dumps([imported, len(faces)]), file=answers, flush=True)
"""


@dataclass(frozen=True)
class Started:
    """A side that waits in a process of its own, and how it is started anew with a picture.

    Attributes:
        side: The one that waits.
        code: OURS or THEIRS.
        arguments: What the code wants to know.
        path: Whether PYTHONPATH holds there, too.
    """

    side: Side
    code: str
    arguments: Sequence[str]
    path: bool

    def measure(self, steps: int) -> dict[str, float]:
        """Let the side run some steps, and start it anew once: seconds of its import, and until its first answer."""
        return self.side.measure(steps) | start(self.code, self.arguments, self.path)


def start(code: str, arguments: Sequence[str], path: bool) -> dict[str, float]:
    """Return how long the import takes, and the time from the start of the process to its first answer.

    Raises:
        InputError: The process has ended without one.
    """
    command = [sys.executable, "-c", FRAME.format(code=code), *arguments]
    began = time.perf_counter()
    with subprocess.Popen(
        command, env=process.environment(path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout and child.stderr
        line = child.stdout.readline()
        seconds = time.perf_counter() - began
        log = child.stderr.read()
    if not line:
        raise InputError(f"started anew: {process.explain(child.returncode, log)}")
    imported, faces = json.loads(line)
    return {"import_s": imported, "first_answer_s": seconds, "faces": faces}
