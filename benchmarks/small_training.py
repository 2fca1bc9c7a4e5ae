"""A folder in which `cnn` trains in seconds.

Everything random and everything that a checkpoint holds is switched on.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from benchmarks.results import ROOT
from emotion.core import params

MODEL = "cnn"
SMALL = {"widths": [4, 4], "dense": 8}
FIT: dict[str, Any] = {
    "batch_size": 16,
    "ema": {"decay": 0.9, "recalibration_batches": 2},
    "augmentation": {
        "rotation": 10,
        "shift": 0.06,
        "zoom": 0.1,
        "shear": 3,
        "horizontal_flip": True,
        "brightness": 0.1,
        "camera": 0.0,
        "random_erasing": 0.5,
        "random_erasing_max_area": 0.2,
        "mixup_alpha": 0.2,
        "mixup_off_epochs": 2,
        "progressive_sizes": [48],
    },
}
TEMPORARY = ".dvc/tmp/temporary"  # TMPDIR, so that a kill leaves nothing outside the folder


def prepare(folder: Path, epochs: int, faces: int) -> None:
    """Copy the code, write params and run the stages before the training on synthetic faces."""
    for name in ("emotion", "stages", "params"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".tmp-*"))
    write_params(folder, epochs, faces)
    for stage in ("download", "clean", "audit", "split", "class_weights"):
        command = [sys.executable, "-m", f"stages.{stage}"]
        subprocess.run(command, cwd=folder, env=environment(folder), check=True)


def write_params(folder: Path, epochs: int, faces: int) -> None:
    """Write params.yaml: synthetic faces, and the smallest network and FIT for the model."""
    values = _merged(params.read(ROOT / "params.yaml"), params.read(ROOT / "params/sample.yaml"))
    changes = {
        "data": {"sample": {"faces": faces}},
        "hardware": {"precision": "bfloat16", "xla": False, "threads": 2},
        "models": {MODEL: {"build": SMALL, "fit": FIT | {"epochs": epochs}}},
    }
    text = yaml.safe_dump(_merged(values, changes), sort_keys=False)
    (folder / "params.yaml").write_text(text, encoding="utf-8")


def _merged(values: Any, changes: Any) -> Any:
    """Return params with the values of `changes` in their place, section by section."""
    if not (isinstance(values, dict) and isinstance(changes, dict)):
        return changes
    return values | {key: _merged(values.get(key), value) for key, value in changes.items()}


def environment(folder: Path) -> dict[str, str]:
    """Return an environment in which only the folder's code is found and all temporary files lie in it."""
    (folder / TEMPORARY).mkdir(parents=True, exist_ok=True)
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return kept | {"TMPDIR": str(folder / TEMPORARY), "TF_CPP_MIN_LOG_LEVEL": "3"}
