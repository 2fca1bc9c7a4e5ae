"""Measure what it costs a model to learn without leaks: python -m benchmarks.leak_free [MODEL].

The real stages run with `defects.leak_free: true` in a folder of their own. Cut off, the same command goes on.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from benchmarks import results
from emotion import errors
from emotion.errors import InputError
from emotion.files import atomic
from tools.quickstart import merge

FOLDER = Path(".leak_free")
DATA = ("data/faces.parquet", "data/audit.parquet")
STAGES = ("split", "class_weights", "train", "predict", "evaluate")
OF_A_MODEL = ("train", "predict", "evaluate")
PARTS = ("validation", "test", "test_unleaked", "test_unleaked_near")


def main(model: str = "cnn") -> None:
    """Run the stages, print the accuracies beside those of the committed run and keep them."""
    committed = Path(f"metrics/{model}.json")
    for path in (*DATA, committed):
        if not Path(path).exists():
            raise InputError(f"{path} is missing: run `make repro` first")
    prepare(FOLDER)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    for stage in STAGES:
        command = [sys.executable, "-m", f"stages.{stage}", *([model] if stage in OF_A_MODEL else [])]
        code = subprocess.run(command, cwd=FOLDER, env=environment).returncode
        if code:
            sys.exit(code)
    summary = compare(model, _json(committed), FOLDER)
    results.keep("leak_free", summary)
    print(json.dumps(summary, indent=2))
    shutil.rmtree(FOLDER)


def prepare(folder: Path) -> None:
    """Make the folder: this project's params with leak_free, what they name, and links to the audited faces."""
    params = merge(yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8")), {"defects": {"leak_free": True}})
    for path in (*DATA, "params"):
        link = folder / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(Path(path).absolute())
    with atomic(folder / "params.yaml") as path:
        # By way of JSON, so that YAML's anchors are written out.
        path.write_text(yaml.safe_dump(json.loads(json.dumps(params)), sort_keys=False), encoding="utf-8")


def compare(model: str, committed: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return how many faces training lost, and the accuracy on each part with and without them."""
    split, scores = _json(folder / "metrics/split.json"), _json(folder / f"metrics/{model}.json")
    return {
        "model": model,
        "training_faces": split["train"]["faces"],
        "dropped": split["dropped"]["leak_free"],
        "all_faces": {part: committed[part]["accuracy"] for part in PARTS},
        "leak_free": {part: scores[part]["accuracy"] for part in PARTS},
    }


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
