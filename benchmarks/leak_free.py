"""Measure the accuracy of a model that is trained without leakage: python -m benchmarks.leak_free [MODEL].

The real stages run with `defects.leak_free: true` in the folder .leak_free. Resume with the same command.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from benchmarks import results, stage_runs
from benchmarks.stage_runs import read_json
from emotion.core import errors

FOLDER = Path(".leak_free")
DATA = ("data/faces.parquet", "data/audit.parquet", "data/annotations.parquet")
SUBSETS = {  # by the name in results.json
    "validation": "validation",
    "test": "test",
    "test_unleaked": "test_no_exact_leakage",
    "test_unleaked_near": "test_no_leakage",
}


def main(model: str = "cnn") -> None:
    """Run the stages, print the accuracies beside those of the committed run and write them down."""
    committed = Path(f"metrics/{model}.json")
    stage_runs.require(*DATA, committed)
    prepare(FOLDER)
    for stage in ("split", "class_weights"):
        stage_runs.run(FOLDER, stage)
    for stage in ("train", "predict", "calibrate", "evaluate"):
        stage_runs.run(FOLDER, stage, model)
    summary = compare(model, read_json(committed), FOLDER)
    results.keep("leak_free", summary)
    print(json.dumps(summary, indent=2))
    shutil.rmtree(FOLDER)


def prepare(folder: Path) -> None:
    """Write params with leak_free into the folder, and link params/ and the audited faces."""
    for path in (*DATA, "params"):
        link = folder / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(Path(path).absolute())
    params = stage_runs.read_params("params.yaml")
    stage_runs.write_params(folder, stage_runs.merged(params, {"defects": {"leak_free": True}}))


def compare(model: str, committed: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the number of training faces left out, and the accuracy on each subset with and without them."""
    split, scores = read_json(folder / "metrics/split.json"), read_json(folder / f"metrics/{model}.json")
    return {
        "model": model,
        "training_faces": split["train"]["faces"],
        "dropped": split["dropped"]["leak_free"],
        "all_faces": {name: committed[subset]["accuracy"] for name, subset in SUBSETS.items()},
        "leak_free": {name: scores[subset]["accuracy"] for name, subset in SUBSETS.items()},
    }


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
