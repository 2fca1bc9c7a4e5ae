"""Faces of one part as arrays, and what a network shall answer for them."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emotion.data import dataset
from emotion.errors import InputError
from emotion.labels import EMOTIONS
from tests.source import ROOT

HEADER = ",".join(["name", *EMOTIONS])


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


def test_the_committed_file_stands_for_the_given_labels(faces: dataset.Faces):
    targets = dataset.soft_labels(ROOT / "params/none.csv", faces)
    assert targets.dtype == np.float32
    assert np.array_equal(targets, np.eye(7)[faces.labels])


def test_soft_labels_are_found_by_name_whatever_their_order(faces: dataset.Faces, tmp_path: Path):
    rows = {
        "d": [1, 0, 0, 0, 0, 0, 0],
        "b": [0, 0.5, 0.5, 0, 0, 0, 0],
        "a": [0, 0, 0, 0, 0, 0.25, 0.75],
        "z": [0.2] * 5 + [0, 0],
    }
    lines = [HEADER, *(",".join([name, *map(str, values)]) for name, values in rows.items())]
    (tmp_path / "targets.csv").write_text("\n".join(lines), encoding="utf-8")
    targets = dataset.soft_labels(tmp_path / "targets.csv", faces)
    assert targets.dtype == np.float32
    assert targets.tolist() == [rows["a"], rows["b"], rows["d"]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", f"the first line must be {HEADER}"),
        ("name,anger,disgust\n", f"the first line must be {HEADER}"),
        (f"{HEADER}\na,1,0,0,0,0,0,0\n", "no row for b and 1 more faces: make the file again"),
    ],
)
def test_a_file_that_does_not_fit_the_faces_is_an_error(faces: dataset.Faces, tmp_path: Path, text: str, message: str):
    (tmp_path / "targets.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=f"targets.csv: {message}"):
        dataset.soft_labels(tmp_path / "targets.csv", faces)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("b,0.5,0.5,0,0,0,0", "it must hold a name and 7 probabilities that sum to one"),
        ("b,0.5,0.5,0,0,0,0,0,0", "it must hold a name and 7 probabilities that sum to one"),
        ("b", "it must hold a name and 7 probabilities that sum to one"),
        ("b,0.5,0.4,0,0,0,0,0", "it must hold a name and 7 probabilities that sum to one"),
        ("b,1.5,-0.5,0,0,0,0,0", "it must hold a name and 7 probabilities that sum to one"),
        ("b,nan,1,0,0,0,0,0", "it must hold a name and 7 probabilities that sum to one"),
        ("b,sad,0,0,0,0,0,0", "could not convert string to float: 'sad'"),
        ("b,,0,0,0,0,0,1", "could not convert string to float: ''"),
    ],
)
def test_a_row_that_holds_no_probabilities_is_named_with_its_line(
    faces: dataset.Faces, tmp_path: Path, row: str, message: str
):
    good = "a,0.3333,0.3333,0.3333,0,0,0,0"  # rounded
    text = f"{HEADER}\n{good}\n{row}\n{good.replace('a', 'd', 1)}\n"
    (tmp_path / "targets.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=f"targets.csv line 3: {message}") as error:
        dataset.soft_labels(tmp_path / "targets.csv", faces)
    assert "\n" not in str(error.value)


def test_blank_lines_in_a_file_of_soft_labels_count_for_nothing(faces: dataset.Faces, tmp_path: Path):
    rows = "\n\n".join(f"{name},0,0,0,1,0,0,0" for name in faces.names)
    (tmp_path / "targets.csv").write_text(f"{HEADER}\n{rows}\n\n", encoding="utf-8")
    targets = dataset.soft_labels(tmp_path / "targets.csv", faces)
    assert np.array_equal(targets, np.eye(7)[[3, 3, 3]])
