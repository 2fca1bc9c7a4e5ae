"""Soft targets: read from a file, written to one, and made from the predictions of teachers."""

from pathlib import Path

import numpy as np
import pytest

from emotion.core.dataset import Faces
from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.training import soft_targets
from tests.source import ROOT

HEADER = ",".join(["name", *EMOTIONS])
NO_PROBABILITIES = "it must hold a name and 7 probabilities that sum to one"
LABELS = np.array([EMOTIONS.index(label) for label in ("sad", "angry", "surprise")])
FACES = Faces(["a", "b", "d"], np.zeros((3, 48, 48), np.uint8), LABELS, np.array(["no"] * 3))
ONE_HOT = soft_targets.one_hot(FACES)


def _read(folder: Path, *lines: str, partial: bool = False) -> np.ndarray:
    path = folder / "targets.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return soft_targets.read(path, FACES, partial=partial)


def _distilled(predictions: list[np.ndarray], *, label_weight: float = 0.0, temperature: float = 1.0) -> np.ndarray:
    return soft_targets.distilled(predictions, ONE_HOT, label_weight=label_weight, temperature=temperature)


def test_the_committed_file_without_rows_stands_for_one_hot_labels():
    targets = soft_targets.read(ROOT / "params/none.csv", FACES)
    assert targets.dtype == np.float32
    assert np.array_equal(targets, np.eye(7)[LABELS])


def test_targets_are_found_by_name_in_any_order_with_blank_lines(tmp_path: Path):
    rows = {
        "d": [1, 0, 0, 0, 0, 0, 0],
        "b": [0, 0.5, 0.5, 0, 0, 0, 0],
        "a": [0, 0, 0, 0, 0, 0.25, 0.75],
        "z": [0.2] * 5 + [0, 0],
    }
    lines = [",".join([name, *map(str, values)]) for name, values in rows.items()]
    targets = _read(tmp_path, HEADER, "", *lines, "")
    assert targets.dtype == np.float32
    assert targets.tolist() == [rows["a"], rows["b"], rows["d"]]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], f"the first line must be {HEADER}"),
        (["name,anger,disgust"], f"the first line must be {HEADER}"),
        ([HEADER, "a,1,0,0,0,0,0,0"], "no row for b and 1 more faces: make the file again"),
    ],
)
def test_a_file_that_does_not_fit_the_faces_is_an_error(tmp_path: Path, lines: list[str], message: str):
    with pytest.raises(InputError, match=f"targets.csv: {message}"):
        _read(tmp_path, *lines)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("b,0.5,0.5,0,0,0,0", NO_PROBABILITIES),
        ("b,0.5,0.5,0,0,0,0,0,0", NO_PROBABILITIES),
        ("b", NO_PROBABILITIES),
        ("b,0.5,0.4,0,0,0,0,0", NO_PROBABILITIES),
        ("b,1.5,-0.5,0,0,0,0,0", NO_PROBABILITIES),
        ("b,nan,1,0,0,0,0,0", NO_PROBABILITIES),
        ("b,sad,0,0,0,0,0,0", "could not convert string to float: 'sad'"),
        ("b,,0,0,0,0,0,1", "could not convert string to float: ''"),
    ],
)
def test_a_row_without_valid_probabilities_is_named_with_its_line(tmp_path: Path, row: str, message: str):
    rounded = "0.3333,0.3333,0.3333,0,0,0,0"
    with pytest.raises(InputError, match=f"targets.csv line 3: {message}") as error:
        _read(tmp_path, HEADER, f"a,{rounded}", row, f"d,{rounded}")
    assert "\n" not in str(error.value)


def test_distilled_targets_mix_the_mean_of_the_teachers_with_the_labels():
    one, other = (np.random.default_rng(seed).dirichlet(np.ones(7), 3) for seed in (1, 2))
    targets = _distilled([one, other], label_weight=0.25)
    assert targets.dtype == np.float32
    np.testing.assert_allclose(targets, 0.25 * ONE_HOT + 0.375 * (one + other), atol=1e-6)


def test_a_temperature_of_two_takes_the_root_of_odds():
    confident = np.array([[0.94, *[0.01] * 6]] * 3)
    cold, warm = (_distilled([confident], temperature=temperature)[0] for temperature in (1.0, 2.0))
    assert warm.sum() == pytest.approx(1, abs=1e-6)
    assert warm[0] / warm[1] == pytest.approx((cold[0] / cold[1]) ** 0.5, rel=1e-4)


def test_a_probability_of_zero_gives_finite_targets():
    assert np.isfinite(_distilled([np.eye(7)[[0, 1, 2]]], temperature=4.0)).all()


def test_targets_of_votes_are_their_shares_and_the_label_where_there_are_none():
    counts = np.zeros((3, 10), int)
    counts[0, [0, 3, 7, 9]] = (3, 1, 4, 2)  # contempt and not a face count for nothing
    counts[1, 8] = 10
    targets = soft_targets.of_votes(counts, np.eye(7)[[5, 2, 6]], 0.5)
    assert targets.dtype == np.float32
    assert targets.tolist() == [[0.375, 0, 0, 0.125, 0, 0.5, 0], np.eye(7)[2].tolist(), np.eye(7)[6].tolist()]


def test_faces_without_a_row_keep_their_labels_where_that_is_wanted(tmp_path: Path):
    targets = _read(tmp_path, HEADER, "a,0.5,0.5,0,0,0,0,0", partial=True)
    assert targets[0].tolist() == [0.5, 0.5, 0, 0, 0, 0, 0]
    assert np.array_equal(targets[1:], ONE_HOT[1:])
