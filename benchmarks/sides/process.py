"""A side of a comparison: a process that measures when asked and sleeps otherwise. Both ends of its pipe.

Libraries in one process disturb each other through their threads and memory; a process that sleeps disturbs nobody.
"""

import contextlib
import importlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tqdm import tqdm

from benchmarks import results
from emotion.core import errors
from emotion.core.errors import InputError

Measure = Callable[[int], dict[str, float]]
Measured = dict[str, list[dict[str, float]]]  # by the side's name, one a round: seconds, steps, ...


class Side:
    """The parent's end."""

    def __init__(self, name: str, module: str, arguments: Sequence[str], *, path: bool = False) -> None:
        """Start the process, which then prepares itself.

        Args:
            name: How errors call it.
            module: What runs: its `prepare` takes the arguments, and returns a report about the side and the function
                that runs so many steps and returns its `seconds`.
            arguments: Of `prepare`.
            path: Keep PYTHONPATH, which may name a folder with a library that only this side needs.
        """
        self._name = name
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - until `close`
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.sides.process", module, *arguments],
            env=environment(path=path),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def about(self) -> dict[str, Any]:
        """Wait until the side is ready, once, and return what it reports about itself.

        Raises:
            InputError: The process has ended; the message says why.
        """
        return self._reply()

    def measure(self, steps: int) -> dict[str, float]:
        """Let the side run some steps and return `seconds` and its other measurements.

        Raises:
            InputError: The process has ended; the message says why.
        """
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):  # the missing reply is the error
            print(steps, file=self._process.stdin, flush=True)
        return self._reply()

    def close(self) -> None:
        """End the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        self._process.kill()
        self._process.wait()
        self._log.close()

    def _reply(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if line:
            reply: dict[str, Any] = json.loads(line)
            return reply
        code = self._process.wait()
        self._log.seek(0)
        raise InputError(f"{self._name}: {explain(code, self._log.read())}")


def take_turns(sides: Mapping[str, Any], *, rounds: int, seconds: float, steps: int) -> Measured:
    """Return the measurements of each side, one a round; a warm-up and a first round do not count.

    Args:
        sides: By name; each has the method `measure` of `Side`.
        rounds: How many count.
        seconds: About how long one measurement takes.
        steps: Of one measurement; 0 takes as many as fit into `seconds`.
    """
    wanted = {}
    for name, side in sides.items():
        side.measure(2)  # compiles
        wanted[name] = steps or max(2, round(4 * seconds / side.measure(4)["seconds"]))
    measured: Measured = {name: [] for name in sides}
    for number, name in turns(sides, rounds + 1):
        result = sides[name].measure(wanted[name]) | {"steps": wanted[name]}
        if number:
            measured[name].append(result)
    return measured


def turns(names: Iterable[str], rounds: int) -> Iterator[tuple[int, str]]:
    """Yield each name once a round, with the number of the round from 0, and show how many rounds are over.

    The order is reversed in every second round, so that a drift over time affects all alike.
    """
    for number in tqdm(range(rounds), unit=" rounds", leave=False, disable=None):
        for name in list(names)[:: 1 if number % 2 else -1]:
            yield number, name


def environment(*, path: bool) -> dict[str, str]:
    """Return the variables of a side's process, with or without PYTHONPATH."""
    variables = {key: value for key, value in os.environ.items() if path or key != "PYTHONPATH"}
    # Several processes share a GPU's memory only if each takes no more than it needs.
    return variables | {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}


def explain(code: int, log: str) -> str:
    """Return in one line why a process ended with this code and this text on stderr."""
    if code < 0:
        return f"it was killed by signal {-code}" + (" (too little memory?)" if code == -9 else "")
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    # The last line of a traceback; TensorFlow's messages often have more below it.
    reasons = [line for line in lines if re.match(r"error: |[\w.]*(Error|Exception)\b", line)]
    return (reasons or lines or [f"it ended with code {code}"])[-1].removeprefix("error: ")


def serve(module: str, *arguments: str) -> None:
    """Be the child's end: report about this side, then reply to each number of steps on stdin with measurements.

    To these is added `peak_mib`, the peak memory of this process until now.
    """
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no reply
    about, measure = importlib.import_module(module).prepare(*arguments)
    print(json.dumps(about), file=replies, flush=True)
    for line in sys.stdin:
        print(json.dumps(measure(int(line)) | {"peak_mib": results.peak_mib()}), file=replies, flush=True)


if __name__ == "__main__":
    errors.run(serve, *sys.argv[1:])
