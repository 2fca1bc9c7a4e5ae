"""Plant label errors and measure how many of them the label audit lists: python -m benchmarks.planted_labels.

The real stage runs with the real params on the pipeline's own faces, in the folder .planted_labels. Resume with the
same command.
"""

import argparse
import csv
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import results, stage_runs
from emotion.core import errors
from emotion.core.files import atomic
from emotion.core.labels import EMOTIONS

FOLDER = Path(".planted_labels")
LEARN = Path("data/learn.parquet")
SHARE, SEED = 0.05, 11
Planted = dict[str, str]  # the true label of each face that got a wrong one


def main(*arguments: str) -> None:
    """Plant errors, run the stage, print the recall and write it to benchmarks/results.json."""
    parser = argparse.ArgumentParser(description="Measure how many planted label errors the label audit lists.")
    parser.add_argument("--seed", type=int, default=SEED, help="of the choice of faces")
    seed = parser.parse_args(arguments).seed
    stage_runs.require(LEARN)
    resumed = (FOLDER / ".checkpoints").exists()
    planted = prepare(FOLDER, LEARN, SHARE, seed)
    shutil.copy("params.yaml", FOLDER)
    begun = time.monotonic()
    run(FOLDER)
    minutes = None if resumed else round((time.monotonic() - begun) / 60, 1)
    summary = {"seed": seed} | found(FOLDER, planted) | {"minutes": minutes}
    results.keep("planted_labels", summary)
    print(json.dumps(summary, indent=2))
    shutil.rmtree(FOLDER)


def prepare(folder: Path, learn: Path, share: float, seed: int) -> Planted:
    """Write data/learn.parquet into the folder with a share of the training labels replaced by another emotion."""
    table = pq.read_table(learn)
    names, labels, subsets = (table[column].to_pylist() for column in ("name", "label", "subset"))
    rng = np.random.default_rng(seed)
    training = [row for row, subset in enumerate(subsets) if subset == "train"]
    planted = {}
    for row in rng.choice(training, round(share * len(training)), replace=False):
        planted[names[row]] = labels[row]
        labels[row] = str(rng.choice([emotion for emotion in EMOTIONS if emotion != labels[row]]))
    column = table.column_names.index("label")
    with atomic(folder / "data/learn.parquet") as path:
        pq.write_table(table.set_column(column, "label", pa.array(labels)), path)
    return planted


def run(folder: Path) -> None:
    """Run the stage in the folder, which holds params.yaml and data/learn.parquet."""
    stage_runs.run(folder, "label_audit")


def found(folder: Path, planted: Planted) -> dict[str, Any]:
    """Return how many planted errors are listed, and for how many of these the true label is predicted."""
    with (folder / "metrics/label_issues.csv").open(newline="", encoding="utf-8") as file:
        predicted = {row["name"]: row["predicted_label"] for row in csv.DictReader(file)}
    audit = stage_runs.read_json(folder / "metrics/label_audit.json")
    listed = [name for name in planted if name in predicted]
    return {
        "faces": audit["faces"],
        "out_of_fold_accuracy": audit["out_of_fold_accuracy"],
        "listed": len(predicted),
        "planted": len(planted),
        "found": len(listed),
        "recall": round(len(listed) / len(planted), 3),
        "restored": sum(predicted[name] == planted[name] for name in listed),
    }


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
