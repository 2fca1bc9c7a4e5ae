"""A process that trains when it is asked to and sleeps otherwise: both ends of its pipe.

Libraries that share a process disturb each other through their threads and memory; those of a process that sleeps
do not. That it sleeps is measured, too.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

from emotion.errors import InputError

Measure = Callable[[int], dict[str, float]]


class Side:
    """The parent's end."""

    def __init__(self, name: str, module: str, arguments: Sequence[str], *, path: bool = False) -> None:
        """Start the process; it makes itself ready meanwhile.

        Args:
            name: How errors call it.
            module: What runs; it ends with `serve`.
            arguments: Of the module.
            path: Whether PYTHONPATH holds there, too, where a library may lie that only this side needs.
        """
        self._name = name
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - until `close`
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=environment(path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True,
        )  # fmt: skip

    def about(self) -> dict[str, Any]:
        """Wait until it is ready, once, and return what it tells about itself.

        Raises:
            InputError: The process has ended; the message says why.
        """
        return self._answer()

    def measure(self, steps: int) -> dict[str, float]:
        """Let it run some steps and return `seconds` and what else it measured.

        Raises:
            InputError: The process has ended; the message says why.
        """
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):  # the answer tells it
            print(steps, file=self._process.stdin, flush=True)
        return self._answer()

    def close(self) -> None:
        """End the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        self._process.kill()
        self._process.wait()
        self._log.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        code = self._process.wait()
        self._log.seek(0)
        raise InputError(f"{self._name}: {explain(code, self._log.read())}")


def environment(path: bool) -> dict[str, str]:
    """Return the variables of a side's process, with or without PYTHONPATH."""
    variables = {key: value for key, value in os.environ.items() if path or key != "PYTHONPATH"}
    # Several processes share a GPU's memory only if each takes no more than it needs.
    return variables | {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}


def explain(code: int, log: str) -> str:
    """Return in one line why a process ended with a code and these words on stderr."""
    if code < 0:
        return f"it was killed by signal {-code}" + (" (too little memory?)" if code == -9 else "")
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    # The last line of a traceback; what TensorFlow says often goes on below it.
    told = [line for line in lines if re.match(r"error: |[\w.]*(Error|Exception)\b", line)]
    return (told or lines or [f"it ended with code {code}"])[-1].removeprefix("error: ")


def serve(prepare: Callable[[], tuple[dict[str, Any], Measure]]) -> None:
    """Be the other end: tell about this side, then answer each number of steps on stdin with what was measured.

    Args:
        prepare: Returns what `about` tells, and the function that runs so many steps and returns its `seconds`.
            To these come `idle_s` and `idle_cpu_s`: how long this process waited before, and what CPU time it used.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    about, measure = prepare()
    print(json.dumps(about), file=answers, flush=True)
    began, used = time.perf_counter(), time.process_time()
    for line in sys.stdin:
        idle = {"idle_s": time.perf_counter() - began, "idle_cpu_s": time.process_time() - used}
        print(json.dumps(measure(int(line)) | idle), file=answers, flush=True)
        began, used = time.perf_counter(), time.process_time()
