"""What the first of the processes that run tests makes for all of them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(factory: pytest.TempPathFactory, worker_id: str, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that is made once in a run of the tests, whatever the number of their processes."""
    base = factory.getbasetemp()
    place = (base if worker_id == "master" else base.parent) / f"one_{name}"
    place.mkdir(exist_ok=True)
    with FileLock(place / "lock"):
        if not (place / "done").exists():
            shutil.rmtree(place / "made", ignore_errors=True)  # of an attempt that failed
            make(place / "made")
            (place / "done").touch()
    return place / "made"
