"""Measure what `dvc repro` with nothing to do costs here beside DVC alone: python -m benchmarks.noop_repro.

DVC's own share is measured on a made-up pipeline with the same stages, each with the same number of
dependencies, params and outputs, because DVC's work grows with all of these; what is tracked by git here is there, too.
It is written out plainly, and its files hold a few bytes. So the ratio tells what this project adds on top: templates
in dvc.yaml (foreach, ${...}), charts, a large params.yaml, real data and weights, and all other files of the folder.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from benchmarks import results
from emotion import errors
from emotion.errors import InputError

CONFIG = "[core]\n    analytics = false\n    check_update = false\n"


def main() -> None:
    """Run both in alternation, print a table and keep the numbers in benchmarks/results.json."""
    parser = argparse.ArgumentParser(description="Measure `dvc repro` with nothing to do beside DVC alone.")
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    project = Path.cwd() if Path("data/faces.zip").exists() else Path(".quickstart").absolute()
    if not (project / "dvc.lock").exists():
        raise InputError("nothing was run here yet: run `make quickstart` and the same command again")
    stages = yaml.safe_load((project / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    with tempfile.TemporaryDirectory() as temporary:
        # A cache of its own for both, so that nothing is known about either beforehand, and nothing stays.
        environment = os.environ | {"DVC_SITE_CACHE_DIR": f"{temporary}/site"}
        alone = Path(temporary) / "alone"
        write_alone(stages, alone, in_git=(project / ".git").exists())
        dvc(alone, environment, "repro")
        require_up_to_date(project, environment)
        seconds = measure({"ours": project, "dvc": alone}, rounds, environment)
    summary = {"stages": len(stages), "folder": "." if project == Path.cwd() else project.name} | summarise(seconds)
    results.keep("noop_repro", summary)
    print(table(summary))


def write_alone(stages: dict[str, Any], folder: Path, *, in_git: bool) -> None:
    """Write a plain pipeline of the size and shape that a dvc.lock tells, under the same paths."""
    made = {out["path"] for stage in stages.values() for out in stage["outs"]}
    made |= {str(parent) for path in made for parent in Path(path).parents}
    params: dict[str, int] = {}
    pipeline = {}
    for name, stage in stages.items():
        deps, outs = ([file["path"] for file in stage.get(kind, [])] for kind in ("deps", "outs"))
        for path in deps + outs:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
        for path in set(deps) - made:
            (folder / path).write_text(path, encoding="utf-8")
        keys = [key.replace(".", "_") for file in stage.get("params", {}).values() for key in file]
        params |= dict.fromkeys(keys, 1)
        pipeline[name.replace("@", "_")] = {
            "cmd": f"for file in {' '.join(outs)}; do echo $file > $file; done",
            "deps": deps,
            "params": keys,
            "outs": [{path: {"cache": not path.startswith(("metrics/", "plots/"))}} for path in outs],
        }
    (folder / ".dvc").mkdir()
    (folder / ".dvc/config").write_text(CONFIG if in_git else f"{CONFIG}    no_scm = true\n", encoding="utf-8")
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": pipeline}), encoding="utf-8")
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    if in_git:
        subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)


def require_up_to_date(folder: Path, environment: dict[str, str]) -> None:
    """Refuse to begin a real run."""
    if not is_up_to_date(dvc(folder, environment, "repro", "--dry")):
        raise InputError(f"{folder}: there is something to run: finish `make quickstart` or `make repro` first")


def measure(folders: dict[str, Path], rounds: int, environment: dict[str, str]) -> dict[str, list[float]]:
    """Return the seconds of each folder's `dvc repro`, one a round, after a first that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in folders}
    for number in range(rounds + 1):
        # The other one first in every second round: what drifts with time hits both.
        for name in list(folders)[:: 1 if number % 2 else -1]:
            start = time.perf_counter()
            printed = dvc(folders[name], environment, "repro")
            if number:
                seconds[name].append(time.perf_counter() - start)
            if not is_up_to_date(printed):
                raise InputError(f"{folders[name]}: it was not up to date: run the same command again")
    return seconds


def dvc(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    """Run DVC in a folder and return what it prints."""
    command = [sys.executable, "-m", "dvc", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise InputError(f"{folder}: dvc {' '.join(arguments)} fails: {done.stderr.strip().splitlines()[0]}")
    return done.stdout


def is_up_to_date(printed: str) -> bool:
    """Return whether a repro, dry or not, had nothing to do."""
    return "Data and pipelines are up to date." in printed and "Running stage" not in printed


def summarise(seconds: dict[str, list[float]]) -> dict[str, Any]:
    """Return the medians, the fastest and slowest round of each side, and the median of the rounds' ratios."""
    ratios = [ours / alone for ours, alone in zip(seconds["ours"], seconds["dvc"], strict=True)]
    summary: dict[str, Any] = {"rounds": len(ratios), "ratio": round(statistics.median(ratios), 3)}
    for name, values in seconds.items():
        summary[f"{name}_s"] = round(statistics.median(values), 3)
        summary[f"{name}_range_s"] = [round(min(values), 3), round(max(values), 3)]
    return summary


def table(summary: dict[str, Any]) -> str:
    """Return the numbers as a person reads them."""
    lines = [f"`dvc repro` with nothing to do, {summary['stages']} stages, {summary['rounds']} rounds, seconds"]
    lines.append(f"{'':14} median   range")
    for name, label in {"ours": "this project", "dvc": "DVC alone"}.items():
        low, high = summary[f"{name}_range_s"]
        lines.append(f"{label:14} {summary[f'{name}_s']:6.2f}   {low:.2f} - {high:.2f}")
    return "\n".join(
        [*lines, f"{'ratio':14} {summary['ratio']:6.2f}   (median of the rounds' ratios; aim: at most 1.2)"]
    )


if __name__ == "__main__":
    errors.run(main)
