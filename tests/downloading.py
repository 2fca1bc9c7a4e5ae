"""The download stage as DVC runs it: a command in a folder with params.yaml."""

import csv
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.inputs import DATA, make_zip
from tests.source import ROOT

COMMAND = [sys.executable, "-m", "stages.download"]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with params.yaml and a zip of two faces."""
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"data": DATA}))
    make_zip(tmp_path / "mine.zip", ("train/sad/Training_1.jpg", b"one"), ("test/sad/PrivateTest_2.jpg", b"two"))
    return tmp_path


def change(folder: Path, **values: object):
    (folder / "params.yaml").write_text(yaml.safe_dump({"data": DATA | values}))


def download(folder: Path, command: list[str] = COMMAND, **options: object) -> subprocess.CompletedProcess[str]:
    options = {"env": ENVIRONMENT, **options}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, **options)


def failure(folder: Path, command: list[str] = COMMAND, **options: object) -> str:
    """Return the one-line error of the stage, having checked that it left nothing behind."""
    result = download(folder, command, **options)
    lines = result.stderr.splitlines()
    assert result.returncode == 1
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("error: ")
    assert not (folder / "data").exists() or os.listdir(folder / "data") == []
    return lines[0]


def names(folder: Path) -> list[str]:
    return zipfile.ZipFile(folder / "data/faces.zip").namelist()


def refused(folder: Path) -> list[list[str]]:
    with open(folder / "metrics/refused.csv", newline="", encoding="utf-8") as file:
        return list(csv.reader(file))
