"""Faces of one part as arrays."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emotion.data import dataset
from emotion.labels import EMOTIONS


@pytest.fixture
def faces(tmp_path: Path) -> dataset.Faces:
    pixels = [bytes([number]) * 2304 for number in range(4)]
    columns = {
        "name": ["a", "b", "c", "d"],
        "label": ["sad", "angry", "happy", "surprise"],
        "pixels": pa.array(pixels, pa.binary(2304)),
        "part": ["train", "train", "validation", "train"],
        "leaked": ["no", "exact", "near", "no"],
    }
    pq.write_table(pa.table(columns), tmp_path / "learn.parquet")
    return dataset.load(tmp_path / "learn.parquet", "train")


def test_load_gives_the_faces_of_one_part_in_their_order(faces: dataset.Faces):
    assert faces.names == ["a", "b", "d"]
    assert faces.pixels.shape == (3, 48, 48) and faces.pixels.dtype == np.uint8
    assert faces.pixels[:, 0, 0].tolist() == [0, 1, 3]
    assert [EMOTIONS[label] for label in faces.labels] == ["sad", "angry", "surprise"]
    assert faces.leaked.tolist() == ["no", "exact", "no"]
