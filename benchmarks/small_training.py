"""A folder in which one model trains in seconds, with all switched on that is random or that a checkpoint carries."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests import tiny
from tests.source import ROOT
from tools.quickstart import SOURCES

FIT: dict[str, Any] = {
    "batch_size": 16,
    "average": {"decay": 0.9, "batches": 2},
    "augment": {"rotation": 10, "shift": 0.06, "zoom": 0.1, "shear": 3, "flip": True, "brightness": 0.1, "erase": 0.5,
                "erase_area": 0.2, "mixup": 0.2, "plain_epochs": 2},
}  # fmt: skip

# The stage, with a checkpoint after every batch instead of every minute.
STAGE = """
import sys
from emotion import errors
from emotion.training import checkpoint
from stages import train
checkpoint.SECONDS = 0.0
errors.run(train.main, *sys.argv[1:])
"""
TEMPORARY = ".dvc/tmp/temporary"  # TMPDIR, so that a kill leaves nothing outside the folder
PRINTED = ".dvc/tmp/printed.txt"


def prepare(folder: Path, model: str, epochs: int, faces: int) -> None:
    """Copy the code, write params and make the data of so many drawn faces."""
    for name in SOURCES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    write_params(folder, model, epochs, faces)
    for stage in ("download", "clean", "audit", "split", "class_weights"):
        subprocess.run([sys.executable, "-m", f"stages.{stage}"], cwd=folder, env=tiny.environment(folder), check=True)


def write_params(folder: Path, model: str, epochs: int, faces: int = 80, seed: int = 1) -> None:
    """Write params.yaml: the smallest networks, and FIT for this model."""
    values = tiny.params()
    values["data"]["sample"]["faces"] = faces
    values["training"]["precision"] = "bfloat16"
    values["models"][model]["fit"] |= FIT | {"epochs": epochs}
    values["models"][model]["seed"] = seed
    tiny.write_params(folder, values)


def start(folder: Path, model: str) -> subprocess.Popen[bytes]:
    """Start the stage in a process group of its own; what it prints goes to PRINTED."""
    (folder / TEMPORARY).mkdir(parents=True, exist_ok=True)
    environment = tiny.environment(folder) | {"TMPDIR": str(folder / TEMPORARY)}
    command = [sys.executable, "-c", STAGE, model]
    with (folder / PRINTED).open("wb") as printed:
        return subprocess.Popen(
            command, cwd=folder, env=environment, stdout=printed, stderr=printed, start_new_session=True
        )
