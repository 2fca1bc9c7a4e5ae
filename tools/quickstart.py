"""Run the whole pipeline on synthetic faces, in a folder of its own: python -m tools.quickstart [--all]."""

import argparse
import contextlib
import json
import re
import shutil
import subprocess
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import networkx
import yaml
from dvc.exceptions import DvcException
from dvc.repo import Repo

from emotion.core import errors, files
from emotion.core.errors import InputError, suggest
from emotion.core.params import read
from tools import quickstart_summary, repro

FOLDER = Path(".quickstart")
SOURCES = ("dvc.yaml", ".dvcignore", ".dvc/config", ".dvc/plots", "params", "stages", "emotion")
OUTPUTS = ("data", "models", "metrics", "plots")
MODELS = ("cnn", "distilled")  # one that learns the labels, and its student; the others show nothing new
SLOW = ("label_audit", "robustness")  # with what needs them, for --all only
PAGE = Path("dvc_plots/index.html")
WIDTH = 110  # of a line about a stage


def main() -> None:
    """Copy the pipeline to .quickstart, run it there with smaller params and tell what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="run every model and the slow last stages, too")
    everything = parser.parse_args().all
    params = sample_params()
    if not everything:
        params = with_models(params, MODELS)
    prepare(params, FOLDER)
    print(f"The pipeline on synthetic faces, in {FOLDER}/: some minutes the first time, then seconds.", flush=True)
    if run(everything) or not (FOLDER / PAGE).exists():
        repro.dvc(FOLDER, "plots", "show", stdout=subprocess.DEVNULL)
    print(quickstart_summary.defects(FOLDER, **params["data"]["sample"]))
    print(quickstart_summary.scores(FOLDER, params["models"]))
    print(quickstart_summary.places(FOLDER))


def run(everything: bool) -> bool:
    """Run the stages that are not up to date, with a line for each, and return whether there were any."""
    repo = Repo(str(FOLDER))
    graph = repo.index.graph
    slow = {stage for stage in graph if not everything and stage.name.split("@")[0] in SLOW}
    slow = slow.union(*(networkx.ancestors(graph, stage) for stage in slow))
    names = [stage.name for stage in graph if stage not in slow]
    with contextlib.chdir(FOLDER):  # else DVC puts a path before each name
        if not repo.status().keys() & names:  # of all, because for names DVC reads dvc.yaml once for each
            return False
    for stage in repro.at_once(FOLDER, repro.needs(repo, names)):
        if stage.ran:
            print(f"{stage.name:29} {stage.seconds:6.1f} s  {''.join(stage.lines[-1:])}"[:WIDTH].rstrip(), flush=True)
    return True


def sample_params() -> dict[str, Any]:
    """Return what params.yaml says, made smaller by params/sample.yaml."""
    return merge(read(), read("params/sample.yaml"))


def with_models(params: dict[str, Any], models: Collection[str]) -> dict[str, Any]:
    """Return params with these models alone, as far as they are there."""
    left = {name: model for name, model in params["models"].items() if name in models}
    changes = {
        "ensemble": {"candidates": [*left]},
        "compare": {"models": [*left]},
        "export": {"models": [name for name in params["export"]["models"] if name in left]},
    }
    distill = {name: student for name, student in params["distill"].items() if name in left}
    return merge(params, changes) | {"models": left, "distill": distill}


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
    """Bring the folder's code and params up to date; keep what was computed there and is still an output.

    Raises:
        InputError: DVC cannot read the pipeline.
    """
    for name in SOURCES:
        _copy(Path(name), folder / name)
    for name in ("dvc.yaml", "stages/dvc.yaml"):
        leave_out(folder / name, params.get("models", {}))
    page = folder / ".dvc/plots/offline.html"
    if page.exists():
        page.write_text(
            page.read_text(encoding="utf-8").replace(": plots<", " on synthetic faces: plots<"), encoding="utf-8"
        )
    take_over("detector", folder)
    # DVC must neither look for .git nor mind the one around.
    (folder / ".dvc/config.local").write_text("[core]\n    no_scm = true\n", encoding="utf-8")
    with files.atomic(folder / "params.yaml") as path:
        # By way of JSON, so that YAML's anchors are written out: each model has its own values here.
        path.write_text(yaml.safe_dump(json.loads(json.dumps(params)), sort_keys=False), encoding="utf-8")
    try:
        outputs = [Path(out.fs_path) for out in Repo(str(folder)).index.outs]
    except DvcException as error:
        raise InputError(str(error)) from None
    remove_leftovers(folder.absolute(), outputs)


def leave_out(pipeline: Path, models: Collection[str]) -> None:
    """Remove what is no model of params from the lists in a dvc.yaml that DVC does not take from params.

    These are the models that robustness tests, and the files of the charts of all models.
    """
    if not pipeline.exists():
        return

    def kept(found: re.Match[str]) -> str:
        return f"foreach: [{', '.join(name for name in found[1].split(', ') if name in models)}]"

    text = re.sub(r"foreach: \[(.*)\]", kept, pipeline.read_text(encoding="utf-8"))
    lines = [(line, re.match(r" +\.\./plots/\w+/(\w+)\.", line)) for line in text.splitlines(keepends=True)]
    left = [line for line, file in lines if file is None or file[1] in {*models, "ensemble"}]
    pipeline.write_text("".join(left), encoding="utf-8")


def take_over(stage: str, folder: Path, project: Path = Path()) -> None:
    """Copy the outputs of a stage, which are in git, and its entry in dvc.lock, so that DVC need not run it there."""
    source = project / "dvc.lock"
    entry = read(source)["stages"].get(stage) if source.exists() else None
    if entry is None:
        return  # a pipeline that has not run, or without this stage
    for output in entry["outs"]:
        _copy(project / output["path"], folder / output["path"])
    target = folder / "dvc.lock"
    lock: dict[str, Any] = read(target) if target.exists() else {"schema": "2.0", "stages": {}}
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


if __name__ == "__main__":
    errors.run(main)
