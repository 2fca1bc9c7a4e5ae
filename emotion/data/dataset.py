"""The faces of one part as arrays."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from emotion.errors import InputError
from emotion.labels import EMOTIONS

SIDE = 48


@dataclass(frozen=True)
class Faces:
    """n faces: names, pixels uint8 (n, 48, 48), labels as positions in EMOTIONS (n,), leaks: no, near or exact (n,)."""

    names: list[str]
    pixels: np.ndarray
    labels: np.ndarray
    leaked: np.ndarray


def load(path: str | Path, part: str) -> Faces:
    """Read one part (train, validation or test) of a Parquet file that the split stage wrote."""
    table = pq.read_table(path, filters=[("part", "=", part)])
    pixels = np.frombuffer(b"".join(table["pixels"].to_pylist()), np.uint8).reshape(-1, SIDE, SIDE)
    labels = np.array([EMOTIONS.index(label) for label in table["label"].to_pylist()], np.int64)
    return Faces(table["name"].to_pylist(), pixels, labels, np.array(table["leaked"].to_pylist()))


def soft_labels(path: str | Path, faces: Faces) -> np.ndarray:
    """Return what a network shall answer for each face, float32 (n, 7), rows that sum to one.

    A file with a header line alone stands for the given labels; any other holds a row per face: its name and
    seven probabilities.

    Raises:
        InputError: A face has no row, the columns are others, or a row holds no probabilities.
    """
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        if next(reader, None) != ["name", *EMOTIONS]:
            raise InputError(f"{path}: the first line must be name,{','.join(EMOTIONS)}")
        rows = {
            name: _probabilities(values, f"{path} line {reader.line_num}") for name, *values in filter(None, reader)
        }
    if not rows:
        return np.eye(len(EMOTIONS), dtype=np.float32)[faces.labels]
    without = [name for name in faces.names if name not in rows]
    if without:
        raise InputError(f"{path}: no row for {without[0]} and {len(without) - 1} more faces: make the file again")
    return np.array([rows[name] for name in faces.names], np.float32)


def _probabilities(values: list[str], where: str) -> list[float]:
    try:
        row = [float(value) for value in values]
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None
    if len(row) != len(EMOTIONS) or not all(0 <= value <= 1 for value in row) or abs(sum(row) - 1) > 1e-3:
        raise InputError(f"{where}: it must hold a name and {len(EMOTIONS)} probabilities that sum to one")
    return row
