"""The faces of one part as arrays."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

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
