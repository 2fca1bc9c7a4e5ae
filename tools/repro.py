"""Run DVC in a folder, also twice at once."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import networkx
from dvc.repo import Repo


def dvc(folder: Path, *arguments: str, environment: dict[str, str] | None = None, **options: Any) -> None:
    """Run DVC in the folder, with these variables and options of subprocess.run, and exit as it does if it fails."""
    python = Path(sys.executable)
    variables = os.environ | {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"} | (environment or {})
    code = subprocess.run([python, "-m", "dvc", *arguments], cwd=folder, env=variables, **options).returncode
    if code:
        sys.exit(code)


def halves(folder: Path, done: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the models' stages in two lists, each in order, of which none needs a stage of the other.

    The first holds the largest connected group, since some models are teachers of others; the second holds the rest.
    The stages `done` and what they need are in neither.
    """
    graph = Repo(str(folder)).index.graph  # from each stage to those that it needs
    stages = {stage.name: stage for stage in graph}
    ends = [stage for name, stage in stages.items() if name.partition("@")[0] in ("evaluate", "describe", "export")]
    needed = {*ends}.union(*(networkx.descendants(graph, end) for end in ends))
    needed -= {stages[name] for name in done}.union(*(networkx.descendants(graph, stages[name]) for name in done))
    largest = max(networkx.connected_components(graph.subgraph(needed).to_undirected()), key=len, default=needed)
    order = [stage for stage in reversed(list(networkx.topological_sort(graph))) if stage in needed]
    return [stage.name for stage in order if stage in largest], [stage.name for stage in order if stage not in largest]


def at_once(folder: Path, first: list[str], second: list[str]) -> None:
    """Run two lists of stages at once, if there are two, and show what the second prints at the end.

    A small network leaves most cores idle. Only these stages are looked at: while DVC looks whether a stage is up to
    date it locks what that writes, and gives up where another DVC does so. Exit as DVC does if one of them fails.
    """
    if not (first and second):
        return  # to DVC, no stage means all
    with tempfile.TemporaryFile("w+", errors="replace") as printed, ThreadPoolExecutor() as pool:
        command = ("--wait-for-lock", "repro", "--single-item")
        other = pool.submit(dvc, folder, *command, *second, stdout=printed, stderr=subprocess.STDOUT)
        try:
            dvc(folder, *command, *first)
        finally:
            wait([other])
            printed.seek(0)
            shutil.copyfileobj(printed, sys.stdout)
            sys.stdout.flush()
        other.result()
