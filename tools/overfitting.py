"""Fit cnn far longer than it needs, and draw where it begins to overfit: python -m tools.overfitting.

It runs in a folder of its own, .overfitting, on the faces from which the pipeline learns and those by which it
selects; test faces have no part in it.
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from emotion import errors
from emotion.errors import InputError
from emotion.files import atomic
from tools.overfitting_figure import MILESTONES, Row, figure, turning_epoch
from tools.quickstart import merge

MODEL = "cnn"
FOLDER = Path(".overfitting")
DATA = (Path("data/learn.parquet"), Path("data/class_weights.json"))
HISTORY, PICTURE = Path("docs/overfitting.csv"), Path("docs/overfitting.png")

# What the study changes in `fit` of the model; network, dropout, weight decay, seed and faces are the pipeline's.
FIT: dict[str, Any] = {
    "epochs": 100,
    "patience": 0,
    # A rate that stays: the first 50 epochs are exactly those of a run of 50, so that one run answers for both.
    "schedule": {"kind": "constant", "peak": 0.01, "warmup": 0},
    # A mean over many steps would follow the network late, and hide what it does.
    "average": {"decay": 0},
    # With smoothed labels in one of the losses alone, the two could not be compared.
    "label_smoothing": 0,
}


def main() -> None:
    """Train, keep the history in docs/, draw it and print the numbers that docs/overfitting.md reads from it."""
    parser = argparse.ArgumentParser(description="Fit cnn far longer than it needs, and draw where it overfits.")
    parser.add_argument("--epochs", type=int, default=FIT["epochs"])
    parser.add_argument("--draw", action="store_true", help=f"do not train: draw {HISTORY} again")
    options = parser.parse_args()
    if not options.draw:
        prepare(options.epochs)
        train(options.epochs)
        with atomic(HISTORY) as path:
            shutil.copyfile(FOLDER / f"plots/history/{MODEL}.csv", path)
    rows = read(HISTORY)
    with atomic(PICTURE) as path:
        figure(rows).savefig(path, metadata={"Software": None})
    print(f"{HISTORY}\n{PICTURE}\n\n{summary(rows)}")


def prepare(epochs: int) -> None:
    """Make the folder: this project's params with the study's changes, and links to the data.

    Raises:
        InputError: The data are not here, or params.yaml has no such model.
    """
    missing = [str(path) for path in DATA if not path.exists()]
    if missing:
        raise InputError(f"{' and '.join(missing)} missing: run `make repro`, at least up to class_weights")
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    if MODEL not in params["models"]:
        raise InputError(f"params.yaml: there is no models.{MODEL}, which this study is about")
    params = merge(params, {"models": {MODEL: {"fit": FIT | {"epochs": epochs}}}})
    settings = params["models"][MODEL]
    settings["targets"] = os.path.relpath(settings["targets"], FOLDER)
    for path in DATA:
        link = FOLDER / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(path.absolute())
    with atomic(FOLDER / "params.yaml") as path:
        # By way of JSON, so that YAML's anchors are written out.
        path.write_text(yaml.safe_dump(json.loads(json.dumps(params)), sort_keys=False), encoding="utf-8")


def train(epochs: int) -> None:
    """Run the pipeline's own training stage in the folder, and exit as it does if it fails."""
    print(f"{epochs} epochs of {MODEL} in {FOLDER}/, some hours on two cores.", end=" ")
    print("Cut off, the same command goes on from its last checkpoint.", flush=True)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    command = [sys.executable, "-m", "stages.train", MODEL]
    code = subprocess.run(command, cwd=FOLDER, env=environment).returncode
    if code:
        sys.exit(code)


def read(path: Path) -> list[Row]:
    """Return the history as numbers, a row per epoch.

    Raises:
        InputError: The file is not here, or was cut off before its first epoch.
    """
    if not path.exists():
        raise InputError(f"{path} is not here: run `make overfitting`, which writes it")
    with path.open(newline="", encoding="utf-8") as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    if not rows:
        raise InputError(f"{path} holds no epoch: run `make overfitting`, which writes it")
    return rows


def summary(rows: list[Row]) -> str:
    """Return the numbers that docs/overfitting.md names, a line each."""
    accurate = max(rows, key=lambda row: row["val_accuracy"])
    named = {"lowest validation loss": turning_epoch(rows), "best validation accuracy": accurate}
    named |= {f"after {epoch} epochs": rows[epoch - 1] for epoch in MILESTONES if epoch <= len(rows)}
    lines = [f"{'':24}  epoch   training loss  accuracy   validation loss  accuracy"]
    for name, row in named.items():
        lines.append(
            f"{name:24}  {row['epoch']:5.0f}   {row['loss']:13.3f}  {row['accuracy']:8.1%}   "
            f"{row['val_loss']:15.3f}  {row['val_accuracy']:8.1%}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    errors.run(main)
