"""Run DVC in a folder, also twice at once."""

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

NO_TARGETS = "params/none.csv"


def dvc(folder: Path, *arguments: str, environment: dict[str, str] | None = None, **options: Any) -> None:
    """Run DVC in the folder, with these variables and options of subprocess.run, and exit as it does if it fails."""
    python = Path(sys.executable)
    variables = os.environ | {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"} | (environment or {})
    code = subprocess.run([python, "-m", "dvc", *arguments], cwd=folder, env=variables, **options).returncode
    if code:
        sys.exit(code)


def halves(params: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return the stages of each model in two lists, of which none waits for a stage of the other.

    Models that teach or are taught are in the first.
    """
    teachers, exported = params["teach"]["teachers"], params["export"]["models"]
    lists: tuple[list[str], list[str]] = [], []
    for name, model in params["models"].items():
        alone = name not in teachers and model["targets"] == NO_TARGETS
        lists[alone].extend([f"evaluate@{name}", f"describe@{name}", *[f"export@{name}"] * (name in exported)])
    return lists


def at_once(folder: Path, first: list[str], second: list[str]) -> None:
    """Run two lists of stages at once, if there are two, and show what the second prints at the end.

    A small network leaves most cores idle. Exit as DVC does if one of them fails.
    """
    if not (first and second):
        return  # to DVC, no stage means all
    with tempfile.TemporaryFile("w+", encoding="utf-8") as printed, ThreadPoolExecutor() as pool:
        options: Any = {"stdout": printed, "stderr": subprocess.STDOUT}
        other = pool.submit(dvc, folder, "--wait-for-lock", "repro", *second, **options)
        try:
            dvc(folder, "--wait-for-lock", "repro", *first)
        finally:
            wait([other])
            printed.seek(0)
            shutil.copyfileobj(printed, sys.stdout)
            sys.stdout.flush()
        other.result()
