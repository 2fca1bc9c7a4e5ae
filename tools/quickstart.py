"""Run the whole pipeline on drawn faces, in a folder of its own: python -m tools.quickstart [--all]."""

import argparse
import json
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from dvc.exceptions import DvcException
from dvc.repo import Repo

from emotion.core import errors, files
from emotion.core.errors import InputError, suggest
from tools import quickstart_summary, repro

FOLDER = Path(".quickstart")
SOURCES = ("dvc.yaml", ".dvcignore", ".dvc/config", ".dvc/plots", "params", "stages", "emotion")
OUTPUTS = ("data", "models", "metrics", "plots")
DATA = ("class_weights", "annotations")  # what all models need
SLOW = ("label_audit", "robustness")  # last stages, which nothing depends on, that run with --all only


def main() -> None:
    """Copy the pipeline to .quickstart, run it there with smaller params and tell what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="run the slow last stages too")
    everything = parser.parse_args().all
    params = merge(sample_params(), {"hardware": {"threads": 1}})  # two trainings run at once
    prepare(params, FOLDER)
    print(f"The whole pipeline on drawn faces, in {FOLDER}/: some minutes the first time, then seconds.", flush=True)
    repro.dvc(FOLDER, "repro", *DATA)
    repro.at_once(FOLDER, *repro.halves(FOLDER, done=DATA))
    repro.dvc(FOLDER, "repro", *_targets(everything))
    repro.dvc(FOLDER, "plots", "show", stdout=subprocess.DEVNULL)
    print(quickstart_summary.defects(FOLDER, **params["data"]["sample"]))
    print(quickstart_summary.scores(FOLDER, list(params["models"])))


def sample_params() -> dict[str, Any]:
    """Return what params.yaml says, made smaller by params/sample.yaml."""
    return merge(_read("params.yaml"), _read("params/sample.yaml"))


def merge(params: Any, overrides: Any, place: str = "") -> Any:
    """Return params with the values of overrides in their place, section by section; {} empties a section.

    Raises:
        InputError: An override has no such key in params.
    """
    if not (isinstance(params, dict) and isinstance(overrides, dict) and overrides):
        return overrides
    for key in overrides:
        if key not in params:
            raise InputError(f"params/sample.yaml: params.yaml has no key {place}{key}{suggest(key, list(params))}")
    return {
        key: merge(value, overrides[key], f"{place}{key}.") if key in overrides else value
        for key, value in params.items()
    }


def prepare(params: dict[str, Any], folder: Path) -> None:
    """Bring the folder's code and params up to date; keep what was computed there and is still an output."""
    for name in SOURCES:
        _copy(Path(name), folder / name)
    take_over("detector", folder)
    # DVC must neither look for .git nor mind the one around.
    (folder / ".dvc").mkdir(parents=True, exist_ok=True)
    (folder / ".dvc/config.local").write_text("[core]\n    no_scm = true\n", encoding="utf-8")
    with files.atomic(folder / "params.yaml") as path:
        # By way of JSON, so that YAML's anchors are written out: each model has its own values here.
        path.write_text(yaml.safe_dump(json.loads(json.dumps(params)), sort_keys=False), encoding="utf-8")
    try:
        outputs = [Path(out.fs_path) for out in Repo(str(folder)).index.outs]
    except DvcException:
        return  # dvc repro says in a moment what is wrong
    remove_leftovers(folder.absolute(), outputs)


def take_over(stage: str, folder: Path, project: Path = Path()) -> None:
    """Copy the outputs of a stage, which are in git, and its entry in dvc.lock, so that DVC need not run it there."""
    source = project / "dvc.lock"
    entry = _read(source)["stages"].get(stage) if source.exists() else None
    if entry is None:
        return  # a pipeline that has not run, or without this stage
    for output in entry["outs"]:
        _copy(project / output["path"], folder / output["path"])
    target = folder / "dvc.lock"
    lock: dict[str, Any] = _read(target) if target.exists() else {"schema": "2.0", "stages": {}}
    lock["stages"][stage] = entry
    with files.atomic(target) as path:
        path.write_text(yaml.safe_dump(lock, sort_keys=False), encoding="utf-8")


def remove_leftovers(folder: Path, outputs: Iterable[Path]) -> None:
    """Delete the files in the folders of outputs that no stage makes any more, as those of a removed model.

    Stages that read such a folder as a whole would take them in.
    """
    kept = set(outputs)
    for file in [file for name in OUTPUTS for file in (folder / name).rglob("*") if file.is_file()]:
        if kept.isdisjoint([file, *file.parents]):
            file.unlink()


def _read(path: str | Path) -> Any:
    return yaml.safe_load(Path(path).read_text(encoding="utf-8"))


def _copy(source: Path, target: Path) -> None:
    """Make target the same as source, which may be a file, a folder or absent."""
    if target.is_dir():
        shutil.rmtree(target)
    target.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".tmp-*"))
    elif source.exists():
        shutil.copy2(source, target)


def _targets(everything: bool) -> list[str]:
    """Return the stages to run, none for all of them."""
    if everything:
        return []
    stages = [stage.name for stage in Repo(str(FOLDER)).index.stages]
    return [stage for stage in stages if stage.split("@")[0] not in SLOW]


if __name__ == "__main__":
    errors.run(main)
