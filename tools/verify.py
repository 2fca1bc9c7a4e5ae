"""Run the pipeline on synthetic faces twice, under different conditions, and compare bytes: python -m tools.verify.

What may not matter differs between the runs: path, order of sets, time zone, language, umask and number of cores.
"""

import argparse
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx
from dvc.repo import Repo

from emotion.core import errors
from tools import quickstart, repro

FOLDER = Path(".verify")


@dataclass(frozen=True)
class Conditions:
    """What may be otherwise and yet must not change a byte."""

    folder: Path
    hash_seed: str
    time_zone: str
    language: str
    umask: int
    cores: set[int]

    def __str__(self) -> str:
        cores = f"{len(self.cores)} core{'s' * (len(self.cores) > 1)}" if self.cores else "all cores"
        variables = f"PYTHONHASHSEED={self.hash_seed}, TZ={self.time_zone}, LANG={self.language}"
        return f"{self.folder}: {variables}, umask {self.umask:03o}, {cores}"


def main(*arguments: str) -> None:
    """Run all stages, or some, in two folders, and exit with 1 if what they wrote differs."""
    parser = argparse.ArgumentParser(description="Run the pipeline on synthetic faces twice and compare every byte.")
    parser.add_argument("stages", nargs="*", help="the last ones to be run; none: all")
    stages = parser.parse_args(arguments).stages
    params = quickstart.sample_params()
    first, second = conditions()
    for run in (first, second):
        print(f"{run}\n", flush=True)
        reproduce(params, run, stages)
    produced = outputs(first.folder) | outputs(second.folder)
    different = differences(first.folder, second.folder, produced)
    if different:
        print("", *different, sep="\n", file=sys.stderr)
        sys.exit(f"error: {len(different)} of {len(produced)} files differ, in the order of the stages: see above")
    print(f"\nidentical: {len(produced)} files, dvc.lock and all outputs\n  {first}\n  {second}")


def conditions() -> tuple[Conditions, Conditions]:
    """Return two sets of conditions that have nothing in common but this machine."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()  # macOS cannot choose them
    one = {min(cores)} if cores else set()
    return (
        Conditions(FOLDER / "first", "1", "Pacific/Kiritimati", "C", 0o022, cores),
        Conditions(FOLDER / "the second, longer path", "2", "America/St_Johns", "C.UTF-8", 0o077, one),
    )


def reproduce(params: dict[str, Any], run: Conditions, stages: list[str]) -> None:
    """Run the pipeline from scratch: nothing that was computed before, in whatever cache, takes a stage's place."""
    if run.folder.exists():
        shutil.rmtree(run.folder)
    quickstart.prepare(params, run.folder)
    nobody = str((run.folder / ".dvc/tmp/nobody").absolute())  # a person's own settings may name a shared cache
    names = ("DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR", "DVC_SITE_CACHE_DIR")
    environment = dict.fromkeys(names, nobody) | {
        "PYTHONHASHSEED": run.hash_seed,
        "TZ": run.time_zone,
        "LANG": run.language,
        "LC_ALL": run.language,
    }
    if run.cores:
        os.sched_setaffinity(0, run.cores)  # what is started from here sees these alone
    repro.dvc(run.folder, "repro", "--no-run-cache", *stages, environment=environment, umask=run.umask)


def outputs(folder: Path) -> dict[str, str]:
    """Return the stage of every file that the stages wrote, by path and in the order of the stages, then dvc.lock."""
    repo = Repo(str(folder))
    files: dict[str, str] = {}
    for stage in networkx.dfs_postorder_nodes(repo.index.graph):  # an edge leads to what is needed
        for out in map(Path, sorted(out.fs_path for out in stage.outs)):
            found = sorted(path for path in out.rglob("*") if path.is_file()) if out.is_dir() else [out]
            files |= {str(path.relative_to(folder.absolute())): stage.name for path in found if path.exists()}
    return files | {"dvc.lock": "dvc"}


def differences(first: Path, second: Path, produced: dict[str, str]) -> list[str]:
    """Return a line for each file that only one folder has or whose bytes differ."""
    lines = []
    for name, stage in produced.items():
        here, there = first / name, second / name
        if not (here.exists() and there.exists()):
            lines.append(f"{stage}: {name} is in {first if here.exists() else second} alone")
        elif here.read_bytes() != there.read_bytes():
            lines.append(f"{stage}: {name} differs")
    return lines


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
