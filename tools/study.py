"""Fit short runs of a model that differ in one param each, and draw what that does: python -m tools.study.

They run in a folder of their own, .study, on a fixed share of the training faces; test faces have no part in it. Cut
off, the same command goes on.
"""

import argparse
import csv
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from emotion import errors
from emotion.errors import InputError
from emotion.files import atomic, write_csv, write_json
from emotion.params import load
from tools.fewer_faces import share_of
from tools.study_figure import SCORES, Row, figure, summary
from tools.study_grid import Run, StudySettings, runs

ROOT = Path(__file__).resolve().parents[1]
FOLDER, LEARN, WEIGHTS = Path(".study"), Path("data/learn.parquet"), Path("data/class_weights.json")
TABLE, PICTURE = Path("docs/study.csv"), Path("docs/study.png")
CODE = ("stages/train.py", "emotion/models/*.py", "emotion/training/*.py")


def main(*arguments: str) -> None:
    """Run what was not run yet, write docs/study.csv, draw it and print the numbers of docs/study.md."""
    parser = argparse.ArgumentParser(description="Fit short runs of a model that differ in one param each.")
    parser.add_argument("--draw", action="store_true", help=f"train nothing: draw {TABLE} again")
    if not parser.parse_args(arguments).draw:
        write_csv(TABLE, study())
    rows = read(TABLE)
    with atomic(PICTURE) as path:
        figure(rows).savefig(path, metadata={"Software": None})
    print(f"{TABLE}\n{PICTURE}\n\n{summary(rows)}")


def study() -> list[Row]:
    """Return a row of the table for each run; those whose result is there are not run again."""
    settings = load("study", StudySettings)
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    grid, shared = runs(settings, params["models"]), prepare(settings)
    shared["training"] = params["training"]
    named = {_name(run, shared): run for run in grid}
    models = {name: _from_folder(run.settings) for name, run in named.items()}
    with atomic(FOLDER / "params.yaml") as path:
        # By way of JSON, so that YAML's anchors are written out.
        content = {"training": params["training"], "models": json.loads(json.dumps(models))}
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    table = []
    for number, (name, run) in enumerate(named.items(), start=1):
        result = FOLDER / f"results/{name}.json"
        changed = [f"{key} {run.values[key]}" for key in run.values if run.values[key] != grid[0].values[key]]
        print(f"run {number} of {len(named)}: {', '.join(changed) or f'{settings.model} as it is'}", end="")
        print(f": {result} is there" if result.exists() else "", flush=True)
        if not result.exists():
            write_json(result, {"settings": run.settings, **shared, "scores": train(name)})
            (FOLDER / f"models/{name}.keras").unlink()
        scores = json.loads(result.read_text(encoding="utf-8"))["scores"]
        table.append(run.values | {key: scores[key] for key in SCORES})
    return table


def prepare(settings: StudySettings) -> dict[str, Any]:
    """Bring the faces to the folder and return what all runs have in common: hashes of data and code.

    Raises:
        InputError: The data are not here.
    """
    missing = [str(path) for path in (LEARN, WEIGHTS) if not path.exists()]
    if missing:
        raise InputError(f"{' and '.join(missing)} missing: run `make repro`, at least up to class_weights")
    with atomic(FOLDER / LEARN) as path:
        pq.write_table(share_of(pq.read_table(LEARN), settings.share, settings.seed), path)
    with atomic(FOLDER / WEIGHTS) as path:
        path.write_bytes(WEIGHTS.read_bytes())
    code = [path for pattern in CODE for path in sorted(ROOT.glob(pattern))]
    data = {"share": settings.share, "seed": settings.seed, "data": _digest(LEARN, WEIGHTS)}
    return {"faces": data, "code": _digest(*code)}


def train(name: str) -> dict[str, float]:
    """Run the pipeline's own training stage in the folder and return the scores of the best epoch.

    It exits as the stage does if that fails.
    """
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    code = subprocess.run([sys.executable, "-m", "stages.train", name], cwd=FOLDER, env=environment).returncode
    if code:
        sys.exit(code)
    with (FOLDER / f"plots/history/{name}.csv").open(newline="", encoding="utf-8") as file:
        best = [row for row in csv.DictReader(file) if int(row["best"])][-1]
    parameters = json.loads((FOLDER / f"metrics/training/{name}.json").read_text(encoding="utf-8"))["parameters"]
    scores = {key: float(best[key]) for key in SCORES if key not in ("parameters", "best_epoch")}
    return {"parameters": parameters, "best_epoch": int(best["epoch"]), **scores}


def read(path: Path) -> list[Row]:
    """Return the table.

    Raises:
        InputError: The file is not here.
    """
    if not path.exists():
        raise InputError(f"{path} is not here: run `make study`, which writes it")
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _name(run: Run, shared: dict[str, Any]) -> str:
    """Return a name that follows from all that a run follows from, so that none takes another's result."""
    content = json.dumps([run.settings, shared], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _from_folder(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings with the path of the targets as the folder sees it."""
    return settings | {"targets": os.path.relpath(settings["targets"], FOLDER)}


def _digest(*paths: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
