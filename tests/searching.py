"""A project for `make tune` whose training is a few lines that sleep, its faces, and what its journal holds."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pyarrow as pa
import pyarrow.parquet as pq
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial

from emotion.core.labels import EMOTIONS
from tests import tiny
from tests.source import ROOT

PEAK = "models.cnn.fit.schedule.peak_learning_rate"
ACTIVATION = "models.cnn.build.activation"
WIDTHS = "models.cnn.build.widths"
TUNE = {
    "model": "cnn",
    "trials": 4,
    "startup_trials": 2,
    "epochs": 4,
    "train_fraction": 0.5,
    "seed": 1,
    "pruning": {"min_epochs": 8, "reduction_factor": 2},  # later than the last epoch: never
    "space": {
        PEAK: {"low": 0.001, "high": 0.1, "log": True},
        ACTIVATION: ["relu", "elu"],
        WIDTHS: [[4, 4], [8, 8]],
    },
}

# In the place of stages/train.py: accuracy falls with the learning rate; where it begins, ends and is cut off is noted.
TRAINING = """
import json, os, pathlib, time, yaml
model = yaml.safe_load(pathlib.Path("params.yaml").read_text())["models"]["cnn"]
peak = model["fit"]["schedule"]["peak_learning_rate"]
seconds, told = json.loads(pathlib.Path("data/class_weights.json").read_text())
def note(what):
    with open(told, "a") as file:
        file.write(f"{what} {peak} {os.getpid()} {__file__}\\n")
note("begins")
history = pathlib.Path("plots/history/cnn.csv")
history.parent.mkdir(parents=True, exist_ok=True)
with history.open("w") as file:
    file.write("epoch,val_accuracy\\n")
    for epoch in range(1, model["fit"]["epochs"] + 1):
        time.sleep(seconds)
        file.write(f"{epoch},{(1 - 5 * peak) * (1 - 0.5 ** epoch):.6g}\\n")
        file.flush()
note("ends")
"""


def project(folder: Path, seconds: float, training: str | None = TRAINING, **changes: Any) -> Path:
    """Make a folder with this project's tools, a search and 70 noisy faces.

    Args:
        folder: Empty or not there.
        seconds: Which an epoch of the made-up training takes.
        training: Its code; None: the project's own stage.
        changes: Of section tune.
    """
    folder.mkdir(exist_ok=True)
    (folder / "emotion").symlink_to(ROOT / "emotion")
    (folder / "experiments").symlink_to(ROOT / "experiments")
    if training is None:
        (folder / "stages").symlink_to(ROOT / "stages")
        weights: Any = dict.fromkeys(EMOTIONS, 1.0)
    else:
        (folder / "stages").mkdir()
        (folder / "stages/__init__.py").touch()
        (folder / "stages/train.py").write_text(training, encoding="utf-8")
        weights = [seconds, str(folder / "told.txt")]
    (folder / "params").mkdir()
    (folder / "params/none.csv").write_bytes((ROOT / "params/none.csv").read_bytes())
    (folder / "data").mkdir()
    (folder / "data/class_weights.json").write_text(json.dumps(weights), encoding="utf-8")
    pq.write_table(_noisy_faces(70, 56), folder / "data/learn.parquet")
    change(folder, **changes)
    return folder


def _noisy_faces(count: int, training: int) -> pa.Table:
    """Return so many faces of noise as the stage split writes them, the first ones for training."""
    rng = np.random.default_rng(1)
    columns = {
        "name": [f"{number:03}" for number in range(count)],
        "label": [EMOTIONS[number % 7] for number in range(count)],
        "pixels": pa.array([rng.integers(0, 256, 2304, np.uint8).tobytes() for _ in range(count)], pa.binary(2304)),
        "subset": ["train" if number < training else "validation" for number in range(count)],
        "leakage": ["no"] * count,
    }
    return pa.table(columns)


def change(folder: Path, **changes: Any) -> None:
    """Write params.yaml with other values in section tune."""
    params = tiny.params()
    params["hardware"]["threads"] = 1
    params["tune"] = TUNE | changes
    tiny.write_params(folder, params)


def command(*arguments: str) -> list[str]:
    """Return what `make tune` runs."""
    return [sys.executable, "-m", "experiments.tuning", *arguments]


def tune(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `make tune` to its end."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command(*arguments), cwd=folder, env=environment, capture_output=True, text=True)


def trials(folder: Path) -> list[FrozenTrial]:
    """Return what the journal holds of the first search in it."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = JournalStorage(JournalFileBackend(str(folder / ".tune/journal.log")))
    name = optuna.get_all_study_names(storage)[0]
    return optuna.load_study(study_name=name, storage=storage).trials


def notes(folder: Path) -> list[list[str]]:
    """Return what each training noted, in order: `begins` or `ends`, learning rate, process, file of the code."""
    path = folder / "told.txt"
    return [line.split() for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def told(folder: Path, what: str) -> list[str]:
    """Return the learning rates of the trainings that began or ended, in order."""
    return [peak for noted, peak, *_ in notes(folder) if noted == what]
