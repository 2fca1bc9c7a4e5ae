"""`emotion score-many` in an empty folder: tables for it, and what it wrote."""

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.pasted import Run, brightness_model, emotion_command


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `emotion score-many` in an empty folder, with a model that predicts by brightness; return the exit code.

    Unless told otherwise, this process alone works: the start of others takes a second.
    """
    monkeypatch.chdir(tmp_path)
    brightness_model(Path("model.onnx"))
    options = ("score-many", "--model", "model.onnx", "--workers", "1")
    return lambda *arguments: emotion_command(monkeypatch, *options, *arguments)


def shades(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 1, 1), np.uint8).repeat(48, 1).repeat(48, 2)


def raw_table(path: str, faces: np.ndarray, **options: int) -> None:
    """Write faces as the pipeline does, as fixed-size binary."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    pixels = pa.array([face.tobytes() for face in faces], pa.binary(48 * 48))
    pq.write_table(pa.table({"name": [f"{n}.png" for n in range(len(faces))], "pixels": pixels}), path, **options)


def rows(folder: str) -> list[dict]:
    """Return the rows of all parts, in the order of their names."""
    paths = sorted(Path(folder).glob("part-*.parquet"))
    return [row for path in paths for row in pq.read_table(path).to_pylist()]


def results(folder: str) -> dict[str, str]:
    """Return the MD5 of each file in and below a folder, unfinished ones of a killed run included."""
    files = (path for path in Path(folder).rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): hashlib.md5(path.read_bytes()).hexdigest() for path in files}
