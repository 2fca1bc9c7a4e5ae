"""A training that can be killed and resumed, and the state that a kill leaves behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.small_training import MODEL, environment

# The stage, with a checkpoint after every batch instead of every minute.
STAGE = """
import sys
from emotion.core import errors
from emotion.training import checkpoint
from stages import train
checkpoint.SAVE_INTERVAL = 0.0
errors.run(train.main, *sys.argv[1:])
"""
PRINTED = ".dvc/tmp/printed.txt"
OUTPUTS = (f"models/{MODEL}.keras", f"plots/history/{MODEL}.csv", f"metrics/training/{MODEL}.json")
MOMENTS = ("starting", "in an epoch", "in a checkpoint", "in the final save")


@dataclass
class Kill:
    """One kill: its time and the state on the disk then."""

    second: float  # since the start of the process
    moment: str  # one of MOMENTS
    position: tuple[int, int] | None  # whole epochs, and batches of the next one, in the checkpoint

    def __str__(self) -> str:
        """Describe it in one line."""
        state = "no checkpoint" if self.position is None else "checkpoint: {} epochs, {} batches".format(*self.position)
        return f"killed {self.second:.1f} s after its start, {self.moment}; {state}"


class Training:
    """`python -m stages.train cnn` in a folder that has its data, to be killed and started again."""

    def __init__(self, folder: Path, epochs: int) -> None:
        """Note the folder and the epochs in its params."""
        self.folder, self.epochs = folder, epochs
        self._begun = 0.0

    @contextmanager
    def started(self) -> Iterator[subprocess.Popen[bytes]]:
        """Delete the outputs, as DVC does, and start the stage in a process group of its own; kill it at the end."""
        for name in OUTPUTS:
            (self.folder / name).unlink(missing_ok=True)
        self._begun = time.time()
        with (self.folder / PRINTED).open("wb") as printed:
            process = subprocess.Popen(
                [sys.executable, "-c", STAGE, MODEL],
                cwd=self.folder,
                env=environment(self.folder),
                stdout=printed,
                stderr=printed,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def run(self) -> float:
        """Let it run to its end, from the start or a checkpoint, and return its seconds."""
        before = self.position()
        with self.started() as process:
            process.wait()
        self._require_resumed(before, process.returncode)
        return time.time() - self._begun

    def kill(self, second: float, when: str | None = None) -> Kill | None:
        """Start it and kill -9 it; return None if it ended before.

        Args:
            second: After its start, at the earliest.
            when: A pattern of files: as soon as it has written one, and while that exists.
        """
        before = self.position()
        with self.started() as process:
            with suppress(subprocess.TimeoutExpired):
                process.wait(second)
            if when:
                self.stop_when(process, when)
            code = process.poll()
        kill = Kill(time.time() - self._begun, self._moment(), self.position())
        if code is not None or kill.moment != "starting":
            self._require_resumed(before, code)
        return kill if code is None else None

    def stop_when(self, process: subprocess.Popen[bytes], pattern: str) -> None:
        """Return once it has ended, or is stopped while a file of this pattern exists that it wrote."""
        while process.poll() is None:
            if not self._written(pattern):
                time.sleep(0.0002 if (self.folder / OUTPUTS[1]).exists() else 0.02)  # while it imports, seldom
                continue
            os.killpg(process.pid, signal.SIGSTOP)
            _, status = os.waitpid(process.pid, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                process.returncode = os.waitstatus_to_exitcode(status)
            elif self._written(pattern):
                return
            else:  # it was faster: the file has its final name, or is gone
                os.killpg(process.pid, signal.SIGCONT)

    def position(self) -> tuple[int, int] | None:
        """Return the whole epochs in the checkpoint, and the batches of the next one; None without a checkpoint."""
        files = sorted((self.folder / ".checkpoints").glob("*.npz"))
        if not files:
            return None
        with np.load(files[-1]) as file:
            progress, *_ = json.loads(file["progress"].tobytes())
        return len(progress["history"]), progress["batch"]

    def printed(self) -> str:
        """Return what the last process printed."""
        return (self.folder / PRINTED).read_text(encoding="utf-8")

    def outputs(self) -> dict[str, bytes]:
        """Return every file where a training writes, except temporary ones, which git ignores."""
        names = (".checkpoints", "models", "plots/history", "metrics/training")
        files = [path for name in names for path in (self.folder / name).glob("*") if path.is_file()]
        return {
            str(path.relative_to(self.folder)): path.read_bytes() for path in files if not path.name.startswith(".tmp-")
        }

    def differences(self, reference: dict[str, bytes]) -> list[str]:
        """Return the files that differ from the outputs of an uninterrupted training."""
        now = self.outputs()
        return sorted(name for name in reference | now if now.get(name) != reference.get(name))

    def _written(self, pattern: str) -> bool:
        """Return whether the present process has written such a file."""
        for file in self.folder.glob(pattern):
            with suppress(FileNotFoundError):
                if file.stat().st_mtime > self._begun:
                    return True
        return False

    def _moment(self) -> str:
        history = self.folder / OUTPUTS[1]
        if self._written(".checkpoints/*.part"):
            return "in a checkpoint"
        if not history.exists():
            return "starting"
        return "in the final save" if len(history.read_bytes().splitlines()) > self.epochs else "in an epoch"

    def _require_resumed(self, before: tuple[int, int] | None, code: int | None) -> None:
        """Raise RuntimeError if the process failed, or did not resume from the checkpoint before it."""
        if code:
            raise RuntimeError(f"the training ended with code {code}: {self.printed()[-3000:]}")
        resumed = re.search(r"after epoch (\d+) and (\d+) batches$", self.printed(), re.MULTILINE)
        if (resumed and tuple(map(int, resumed.groups()))) != before:
            raise RuntimeError(f"the checkpoint was at {before}, but it printed {self.printed()[:3000]}")
