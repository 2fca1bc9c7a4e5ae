"""Make labels wrong on purpose and count how many of them the label audit lists: python -m benchmarks.planted_labels.

The real stage runs with the real params on the pipeline's own faces, in a folder of its own. Cut off, the same command
goes on from the last checkpoint.
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import results
from emotion import errors
from emotion.errors import InputError
from emotion.files import atomic
from emotion.labels import EMOTIONS

FOLDER = Path(".planted_labels")
LEARN = Path("data/learn.parquet")
SHARE, SEED = 0.05, 11
Planted = dict[str, str]  # the true label of each face whose label was made wrong


def main() -> None:
    """Plant, run the stage, print and keep what it found."""
    parser = argparse.ArgumentParser(description="Count how many planted wrong labels the label audit lists.")
    parser.add_argument("--seed", type=int, default=SEED, help="of which labels are made wrong")
    seed = parser.parse_args().seed
    if not LEARN.exists():
        raise InputError(f"{LEARN} is missing: run `dvc repro split`")
    fresh = not (FOLDER / ".checkpoints").exists()
    planted = prepare(FOLDER, LEARN, SHARE, seed)
    shutil.copy("params.yaml", FOLDER)
    begun = time.monotonic()
    run(FOLDER)
    minutes = round((time.monotonic() - begun) / 60, 1) if fresh else None  # unknown if it was cut off before
    summary = {"seed": seed} | found(FOLDER, planted) | {"minutes": minutes}
    results.keep("planted_labels", summary)
    print(json.dumps(summary, indent=2))
    shutil.rmtree(FOLDER)


def prepare(folder: Path, learn: Path, share: float, seed: int) -> Planted:
    """Write data/learn.parquet into the folder with a share of the training labels replaced by any other emotion."""
    table = pq.read_table(learn)
    names, labels, parts = (table[column].to_pylist() for column in ("name", "label", "part"))
    rng = np.random.default_rng(seed)
    training = [row for row, part in enumerate(parts) if part == "train"]
    planted = {}
    for row in rng.choice(training, round(share * len(training)), replace=False):
        planted[names[row]] = labels[row]
        labels[row] = str(rng.choice([emotion for emotion in EMOTIONS if emotion != labels[row]]))
    column = table.column_names.index("label")
    with atomic(folder / "data/learn.parquet") as path:
        pq.write_table(table.set_column(column, "label", pa.array(labels)), path)
    return planted


def run(folder: Path) -> None:
    """Run the stage in the folder, which holds params.yaml and data/learn.parquet; exit as it does if it fails."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    code = subprocess.run([sys.executable, "-m", "stages.label_audit"], cwd=folder, env=environment).returncode
    if code:
        sys.exit(code)


def found(folder: Path, planted: Planted) -> dict[str, Any]:
    """Return how many of the planted labels are listed, and for how many of these the true label is suggested."""
    with (folder / "metrics/suspects.csv").open(newline="", encoding="utf-8") as file:
        suggested = {row["name"]: row["suggested"] for row in csv.DictReader(file)}
    audit = json.loads((folder / "metrics/label_audit.json").read_text(encoding="utf-8"))
    listed = [name for name in planted if name in suggested]
    return {
        "faces": audit["faces"],
        "out_of_fold_accuracy": audit["out_of_fold_accuracy"],
        "listed": len(suggested),
        "planted": len(planted),
        "found": len(listed),
        "recall": round(len(listed) / len(planted), 3),
        "restored": sum(suggested[name] == planted[name] for name in listed),
    }


if __name__ == "__main__":
    errors.run(main)
