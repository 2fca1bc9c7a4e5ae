"""For tests of the benchmarks: the smallest network's work, a side that only counts, and a file for results."""

from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.sides import work
from emotion.training.settings import HardwareSettings
from tests.source import ROOT

TOY = """
import sys

def measure(steps):
    print("a library prints")
    if steps == 9:
        sys.exit("SomeError: too many\\nand a hint")
    return {"seconds": steps / 2}

print("before", file=sys.stderr)

def prepare(*arguments):
    return {"arguments": arguments}, measure
"""


@pytest.fixture
def task(root: Path, monkeypatch: pytest.MonkeyPatch) -> work.Work:
    """The work of params.yaml with the smallest network, which the benchmarks read, too."""
    monkeypatch.chdir(root)
    task = work.read()
    small = {"build": task.build | {"widths": [4, 4]}, "fit": task.fit.model_copy(update={"batch_size": 32})}
    small["hardware"] = HardwareSettings(precision="float32", xla=False, threads=2)
    task = task.model_copy(update=small)
    monkeypatch.setattr(work, "read", lambda: task)
    return task


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in place of benchmarks/results.json."""
    monkeypatch.setattr(results, "RESULTS", tmp_path / "results.json")
    return tmp_path / "results.json"


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the module `toy`, a side; only sides with PYTHONPATH can import it."""
    (tmp_path / "toy.py").write_text(TOY, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(ROOT)
    return tmp_path
