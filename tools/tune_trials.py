"""One trial: a folder of its own, in which the pipeline's stage `train` runs and its history is followed."""

import os
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

Epochs = Generator[tuple[int, float], None, None]

SECONDS = 0.25  # between two looks at the history
PATIENCE = 10  # seconds that a training has to end by itself
NOT_FINITE = "the loss is not finite"  # how the training says that it diverged


def train(folder: Path, files: Mapping[str, bytes], code: Path, model: str, *flags: str) -> Epochs:
    """Train in a folder and yield each epoch, from 1, with its validation accuracy, 0..1, as soon as it is over.

    What was trained in that folder before counts: the stage goes on from its checkpoint, and its first epochs come
    again. Closing the iterator stops the training. Uses the standard library alone: it runs on other machines, too.

    Args:
        folder: Where it runs.
        files: What is written into it before, by relative path: params and data.
        code: The folder with the project's packages.
        model: Name of the model.
        flags: Of tools.tune_child.

    Raises:
        FloatingPointError: The training diverged.
        RuntimeError: It failed; the message is the last line that it said.
    """
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    history = folder / f"plots/history/{model}.csv"
    command = [sys.executable, "-m", "tools.tune_child", *flags, model]
    environment = os.environ | {"PYTHONPATH": str(code)}
    with (
        (folder / "log.txt").open("wb") as log,
        # In a session of its own, so that Ctrl-C reaches this process alone, which stops that one.
        subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
        ) as child,
    ):
        try:
            told, running = 0, True
            while running:
                running = child.poll() is None
                rows = _read(history)[told:]
                yield from (row for row in rows)  # Ray sends values, which a list's own iterator does not take
                told += len(rows)
                time.sleep(SECONDS if running else 0)
        finally:
            _stop(child)
    if child.returncode:
        said = (folder / "log.txt").read_text(encoding="utf-8", errors="replace").strip()
        line = (said.splitlines() or [f"exit code {child.returncode}"])[-1].removeprefix("error: ")
        raise FloatingPointError(line) if NOT_FINITE in line else RuntimeError(line)


def _stop(child: "subprocess.Popen[bytes]") -> None:
    """End a training by closing its stdin, so that it can still remove its folder should this process be killed now."""
    assert child.stdin
    child.stdin.close()
    try:
        child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()


def train_anywhere(files: Mapping[str, bytes], params: bytes, model: str) -> Epochs:
    """Train in a folder that is removed afterwards, like `train`; files hold the code, too, below code/."""
    with TemporaryDirectory(prefix="emotion-trial-") as folder:
        yield from train(Path(folder), {**files, "params.yaml": params}, Path(folder, "code"), model, "--remove")


def _read(history: Path) -> list[tuple[int, float]]:
    """Return epoch and validation accuracy of each whole line; another process may be writing."""
    if not history.exists():
        return []
    header, *lines = history.read_text(encoding="utf-8").split("\n")
    rows = [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines[:-1]]
    return [(int(row["epoch"]), float(row["val_accuracy"])) for row in rows]
