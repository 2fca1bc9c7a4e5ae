"""The faces of one subset as arrays, read from Parquet."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from emotion.core.labels import EMOTIONS
from emotion.core.pictures import SIDE


@dataclass(frozen=True)
class Faces:
    """n faces of a subset.

    Attributes:
        names: Names in data/faces.zip.
        pixels: uint8 (n, 48, 48).
        labels: Positions in EMOTIONS, int64 (n,).
        leakage: Copies in other subsets: no, near or exact, (n,).
    """

    names: list[str]
    pixels: np.ndarray
    labels: np.ndarray
    leakage: np.ndarray


def load(path: str | Path, subset: str) -> Faces:
    """Read one subset (train, validation or test) of a Parquet file that stage split wrote."""
    table = pq.read_table(path, filters=[("subset", "=", subset)])
    labels = np.array([EMOTIONS.index(label) for label in table["label"].to_pylist()], np.int64)
    leakage = np.array(table["leakage"].to_pylist())
    return Faces(table["name"].to_pylist(), pixels(table), labels, leakage)


def pixels(table: pa.Table) -> np.ndarray:
    """Return the column `pixels` of a table, uint8 (n, 48, 48), without a copy where it is one chunk."""
    column = table["pixels"]
    chunk = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    size = SIDE * SIDE
    # Fixed-size binary: one buffer after the validity bitmap holds all pictures.
    whole = np.frombuffer(chunk.buffers()[1], np.uint8) if len(chunk) else np.empty(0, np.uint8)
    start = chunk.offset * size
    return whole[start : start + len(chunk) * size].reshape(-1, SIDE, SIDE)
