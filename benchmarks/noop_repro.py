"""Measure `dvc repro` with nothing to do beside DVC alone: python -m benchmarks.noop_repro.

DVC alone runs a generated pipeline with the same stages, params, params.yaml and paths of dependencies and outputs,
because DVC's work grows with all of these. It is written without templates, and its files hold a few bytes. So the
ratio is what this project adds on top: templates in dvc.yaml (foreach, ${...}), charts, real data and weights. A third
pipeline has a params.yaml with one number for each section, because DVC parses that file once for each stage.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from benchmarks import results
from benchmarks.sides.process import turns
from emotion.core import errors
from emotion.core.errors import InputError

SIDES = ("ours", "dvc", "dvc_few_params")
COLUMNS = [f"{side}_s{kind}" for side in SIDES for kind in ("", "_range")]
CONFIG = "[core]\n    analytics = false\n    check_update = false\n"


def main(*arguments: str) -> None:
    """Run all three in turn, print a table and write the numbers to benchmarks/results.json."""
    parser = argparse.ArgumentParser(description="Measure `dvc repro` with nothing to do beside DVC alone.")
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args(arguments).rounds
    project = Path.cwd() if Path("data/faces.zip").exists() else Path(".quickstart").absolute()
    if not (project / "dvc.lock").exists():
        raise InputError("no pipeline has run here yet: run `make quickstart ALL=1`, then the same command again")
    stages = yaml.safe_load((project / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    with tempfile.TemporaryDirectory() as temporary:
        # All start with an empty site cache, and nothing stays behind.
        environment = os.environ | {"DVC_SITE_CACHE_DIR": f"{temporary}/site"}
        folders = dict(zip(SIDES, (project, Path(temporary) / "alone", Path(temporary) / "few"), strict=True))
        for side, params in {"dvc": project / "params.yaml", "dvc_few_params": None}.items():
            write_alone(stages, folders[side], params, in_git=(project / ".git").exists())
            dvc(folders[side], environment, "repro")
        if not is_up_to_date(dvc(project, environment, "repro", "--dry")):
            raise InputError(f"{project} is not up to date: finish `make quickstart ALL=1` or `make repro` first")
        seconds = measure(folders, rounds, environment)
    summary = {"stages": len(stages), "folder": "." if project == Path.cwd() else project.name} | summarise(seconds)
    results.keep("noop_repro", summary)
    title = f"`dvc repro` with nothing to do, {len(stages)} stages; medians of {rounds} rounds"
    print(results.table(title, (*COLUMNS, "ratio", "ratio_few_params"), [summary]))


def write_alone(stages: dict[str, Any], folder: Path, params: Path | None, *, in_git: bool) -> None:
    """Write a plain pipeline with the stages of a dvc.lock, under the same paths.

    Args:
        stages: Of the lock.
        folder: A new one.
        params: The file of params; None: one number for each key that a stage names.
        in_git: Whether it is a git repository.
    """
    produced = {out["path"] for stage in stages.values() for out in stage["outs"]}
    produced |= {str(parent) for path in produced for parent in Path(path).parents}
    numbers: dict[str, int] = {}
    pipeline = {}
    for name, stage in stages.items():
        deps, outs = ([file["path"] for file in stage.get(kind, [])] for kind in ("deps", "outs"))
        for file in stage.get("deps", []):
            if file["path"] not in produced:
                write_dependency(folder / file["path"], file.get("nfiles", 0))
        for path in outs:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
        keys = [key for file in stage.get("params", {}).values() for key in file]
        if params is None:
            keys = [key.replace(".", "_") for key in keys]
        numbers |= dict.fromkeys(keys, 1)
        pipeline[name.replace("@", "_")] = {
            "cmd": f"for file in {' '.join(outs)}; do echo $file > $file; done",
            "deps": deps,
            "params": keys,
            "outs": [{path: {"cache": not path.startswith(("metrics/", "plots/"))}} for path in outs],
        }
    (folder / ".dvc").mkdir()
    (folder / ".dvc/config").write_text(CONFIG if in_git else f"{CONFIG}    no_scm = true\n", encoding="utf-8")
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": pipeline}), encoding="utf-8")
    text = params.read_text(encoding="utf-8") if params else yaml.safe_dump(numbers)
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    if in_git:
        subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)


def write_dependency(path: Path, files: int) -> None:
    """Write a file, or a folder with that many files."""
    for file in [path / f"{number}.txt" for number in range(files)] if files else [path]:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(file.name, encoding="utf-8")


def measure(folders: dict[str, Path], rounds: int, environment: dict[str, str]) -> dict[str, list[float]]:
    """Return the seconds of each folder's `dvc repro`, one a round; a first round does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in folders}
    for number, name in turns(folders, rounds + 1):
        start = time.perf_counter()
        printed = dvc(folders[name], environment, "repro")
        if number:
            seconds[name].append(time.perf_counter() - start)
        if not is_up_to_date(printed):
            raise InputError(f"{folders[name]} was not up to date: run the same command again")
    return seconds


def dvc(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    """Run DVC in a folder and return what it prints."""
    command = [sys.executable, "-m", "dvc", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise InputError(f"{folder}: dvc {' '.join(arguments)} failed: {done.stderr.strip().splitlines()[0]}")
    return done.stdout


def is_up_to_date(printed: str) -> bool:
    """Return whether a repro, dry or not, had nothing to do."""
    return "Data and pipelines are up to date." in printed and "Running stage" not in printed


def summarise(seconds: dict[str, list[float]]) -> dict[str, Any]:
    """Return the median and range of each side in seconds, and the medians of the rounds' ratios."""
    summary: dict[str, Any] = {
        "rounds": len(seconds["ours"]),
        "ratio": results.median_ratio(seconds["ours"], seconds["dvc"]),
        "ratio_few_params": results.median_ratio(seconds["ours"], seconds["dvc_few_params"]),
    }
    for name, values in seconds.items():
        summary |= results.median_and_range(f"{name}_s", values, 3)
    return summary


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
