"""What a network shall answer for each face, from a file and for a file."""

from pathlib import Path

import numpy as np
import pytest

from emotion.data import soft_labels
from emotion.data.dataset import Faces
from emotion.errors import InputError
from emotion.labels import EMOTIONS
from tests.source import ROOT

HEADER = ",".join(["name", *EMOTIONS])


@pytest.fixture
def faces() -> Faces:
    pixels = np.zeros((3, 48, 48), np.uint8)
    labels = np.array([EMOTIONS.index(label) for label in ("sad", "angry", "surprise")])
    return Faces(["a", "b", "d"], pixels, labels, np.array(["no"] * 3))


def test_the_committed_file_stands_for_the_given_labels(faces: Faces):
    targets = soft_labels.read(ROOT / "params/none.csv", faces)
    assert targets.dtype == np.float32
    assert np.array_equal(targets, np.eye(7)[faces.labels])


def test_soft_labels_are_found_by_name_whatever_their_order(faces: Faces, tmp_path: Path):
    rows = {
        "d": [1, 0, 0, 0, 0, 0, 0],
        "b": [0, 0.5, 0.5, 0, 0, 0, 0],
        "a": [0, 0, 0, 0, 0, 0.25, 0.75],
        "z": [0.2] * 5 + [0, 0],
    }
    lines = [HEADER, *(",".join([name, *map(str, values)]) for name, values in rows.items())]
    (tmp_path / "targets.csv").write_text("\n".join(lines), encoding="utf-8")
    targets = soft_labels.read(tmp_path / "targets.csv", faces)
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
def test_a_file_that_does_not_fit_the_faces_is_an_error(faces: Faces, tmp_path: Path, text: str, message: str):
    (tmp_path / "targets.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=f"targets.csv: {message}"):
        soft_labels.read(tmp_path / "targets.csv", faces)


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
def test_a_row_that_holds_no_probabilities_is_named_with_its_line(faces: Faces, tmp_path: Path, row: str, message: str):
    good = "a,0.3333,0.3333,0.3333,0,0,0,0"  # rounded
    text = f"{HEADER}\n{good}\n{row}\n{good.replace('a', 'd', 1)}\n"
    (tmp_path / "targets.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=f"targets.csv line 3: {message}") as error:
        soft_labels.read(tmp_path / "targets.csv", faces)
    assert "\n" not in str(error.value)


def test_blank_lines_in_a_file_of_soft_labels_count_for_nothing(faces: Faces, tmp_path: Path):
    rows = "\n\n".join(f"{name},0,0,0,1,0,0,0" for name in faces.names)
    (tmp_path / "targets.csv").write_text(f"{HEADER}\n{rows}\n\n", encoding="utf-8")
    targets = soft_labels.read(tmp_path / "targets.csv", faces)
    assert np.array_equal(targets, np.eye(7)[[3, 3, 3]])


def test_what_is_written_is_read_again(faces: Faces, tmp_path: Path):
    probabilities = np.random.default_rng(1).dirichlet(np.ones(7), 3)
    soft_labels.write(tmp_path / "targets.csv", faces.names, probabilities)
    np.testing.assert_allclose(soft_labels.read(tmp_path / "targets.csv", faces), probabilities, atol=1e-6)


def test_targets_are_the_mean_of_the_teachers_and_a_share_of_the_given_label(faces: Faces):
    one, other = (np.random.default_rng(seed).dirichlet(np.ones(7), 3) for seed in (1, 2))
    given = soft_labels.one_hot(faces)
    targets = soft_labels.taught([one, other], given, share=0.25, temperature=1.0)
    assert targets.dtype == np.float32
    np.testing.assert_allclose(targets, 0.25 * given + 0.375 * (one + other), atol=1e-6)


def test_a_higher_temperature_brings_answers_nearer_to_each_other(faces: Faces):
    sure = np.array([[0.94, *[0.01] * 6]] * 3)
    given = soft_labels.one_hot(faces)
    cold, warm = (soft_labels.taught([sure], given, 0.0, temperature)[0] for temperature in (1.0, 2.0))
    assert warm.sum() == pytest.approx(1, abs=1e-6)
    assert warm[0] / warm[1] == pytest.approx((cold[0] / cold[1]) ** 0.5, rel=1e-4)


def test_an_answer_of_zero_stays_a_number(faces: Faces):
    certain = np.eye(7)[[0, 1, 2]]
    assert np.isfinite(soft_labels.taught([certain], soft_labels.one_hot(faces), 0.0, 4.0)).all()
