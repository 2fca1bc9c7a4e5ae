"""The faces of one subset as arrays."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from emotion.core import dataset
from emotion.core.labels import EMOTIONS


def test_load_returns_the_faces_of_one_subset_in_their_order(tmp_path: Path):
    pixels = [bytes([number]) * 2304 for number in range(4)]
    columns = {
        "name": ["a", "b", "c", "d"],
        "label": ["sad", "angry", "happy", "surprise"],
        "pixels": pa.array(pixels, pa.binary(2304)),
        "subset": ["train", "train", "validation", "train"],
        "leakage": ["no", "exact", "near", "no"],
    }
    pq.write_table(pa.table(columns), tmp_path / "learn.parquet")
    faces = dataset.load(tmp_path / "learn.parquet", "train")
    assert faces.names == ["a", "b", "d"]
    assert faces.pixels.shape == (3, 48, 48) and faces.pixels.dtype == np.uint8
    assert faces.pixels[:, 0, 0].tolist() == [0, 1, 3]
    assert [EMOTIONS[label] for label in faces.labels] == ["sad", "angry", "surprise"]
    assert faces.leakage.tolist() == ["no", "exact", "no"]
