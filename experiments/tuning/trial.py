"""One trial: the pipeline's stage `train` in a folder of its own, whose history is followed.

Uses the standard library alone, because it also runs on other machines.
"""

import csv
import os
import runpy
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

Epoch = tuple[int, float]  # from 1, and its validation accuracy, 0..1
Epochs = Generator[Epoch, None, None]

POLL_SECONDS = 0.25
STOP_SECONDS = 10  # that a training has to end by itself
NOT_FINITE = "the loss is not finite"  # how the training says that it diverged


def train(folder: Path, files: Mapping[str, bytes], code: Path, model: str, *flags: str) -> Epochs:
    """Train in a folder and yield each epoch as soon as it is over.

    A training that was interrupted in this folder resumes from its checkpoint, and its first epochs are yielded again.
    Closing the generator stops the training.

    Args:
        folder: The working directory.
        files: Params and data by relative path, which are written first.
        code: The folder with the project's packages.
        model: Name of the model.
        flags: `--remove` removes the folder if this process dies.

    Raises:
        FloatingPointError: The training diverged.
        RuntimeError: The training failed; the message is the last line of its output.
    """
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    command = [sys.executable, "-m", "experiments.tuning.trial", model, *flags]
    environment = os.environ | {"PYTHONPATH": str(code)}
    log = folder / "log.txt"
    with (
        log.open("wb") as output,
        # In a session of its own, so that Ctrl-C reaches this process alone, which stops that one.
        subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        ) as child,
    ):
        try:
            seen, running = 0, True
            while running:
                running = child.poll() is None
                rows = _read(folder / f"plots/history/{model}.csv")[seen:]
                yield from (row for row in rows)  # Ray sends values to a generator, not to a list's iterator
                seen += len(rows)
                time.sleep(POLL_SECONDS if running else 0)
        finally:
            _stop(child)
    if child.returncode:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        reason = (lines or [f"exit code {child.returncode}"])[-1].removeprefix("error: ")
        raise FloatingPointError(reason) if NOT_FINITE in reason else RuntimeError(reason)


def train_anywhere(files: Mapping[str, bytes], params: bytes, model: str) -> Epochs:
    """Train like `train` in a temporary folder; `files` also hold the project's code, below code/."""
    with TemporaryDirectory(prefix="emotion-trial-") as folder:
        yield from train(Path(folder), {**files, "params.yaml": params}, Path(folder, "code"), model, "--remove")


def _stop(child: "subprocess.Popen[bytes]") -> None:
    """End a training by closing its stdin, so that it can still remove its folder if this process is killed now."""
    assert child.stdin
    child.stdin.close()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()


def _read(history: Path) -> list[Epoch]:
    """Return epoch and validation accuracy of each complete line; another process may be writing."""
    if not history.exists():
        return []
    complete = history.read_text(encoding="utf-8").split("\n")[:-1]
    return [(int(row["epoch"]), float(row["val_accuracy"])) for row in csv.DictReader(complete)]


def main(model: str, *flags: str) -> None:
    """Run stage `train` and exit at once when the other end of stdin is closed, as `kill -9` does, too."""
    threading.Thread(target=_exit_with_parent, args=["--remove" in flags], daemon=True).start()
    sys.argv[1:] = [model]
    runpy.run_module("stages.train", run_name="__main__", alter_sys=True)


def _exit_with_parent(remove: bool) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    if remove:
        shutil.rmtree(os.getcwd(), ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
