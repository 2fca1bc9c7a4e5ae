"""Real stages in a folder of their own, with other params or data than the project's."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from benchmarks.results import ROOT
from emotion.core.errors import InputError
from emotion.core.files import atomic


def run(folder: Path, stage: str, *arguments: str) -> None:
    """Run a stage in the folder; exit with its code if it fails."""
    command = [sys.executable, "-m", f"stages.{stage}", *arguments]
    code = subprocess.run(command, cwd=folder, env=environment()).returncode
    if code:
        sys.exit(code)


def environment() -> dict[str, str]:
    """Return an environment in which a process in any folder finds this project's code."""
    return os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}


def require(*paths: str | Path) -> None:
    """Raise InputError if the pipeline has not written these files yet."""
    for path in paths:
        if not Path(path).exists():
            raise InputError(f"{path} is missing: run `make repro` first")


def read_json(path: str | Path) -> Any:
    """Return the content of a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def read_params(path: str | Path) -> dict[str, Any]:
    """Return the content of a file of params."""
    params: dict[str, Any] = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    return params


def write_params(folder: Path, params: dict[str, Any]) -> None:
    """Write params.yaml into the folder."""
    with atomic(folder / "params.yaml") as path:
        path.write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")


def merged(params: Any, changes: Any) -> Any:
    """Return params with the values of `changes` in their place, section by section."""
    if not (isinstance(params, dict) and isinstance(changes, dict)):
        return changes
    return params | {key: merged(params.get(key), value) for key, value in changes.items()}
