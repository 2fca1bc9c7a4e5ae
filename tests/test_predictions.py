"""The file of predictions."""

from pathlib import Path

import numpy as np
import pytest

from emotion.core import predictions
from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.core.predictions import Predictions

HEADER = ",".join(predictions.COLUMNS)
GOOD = "a,sad,happy,no,0,0,0,1,0,0,0"


def test_what_is_read_is_what_was_written(tmp_path: Path):
    probabilities = np.random.default_rng(1).dirichlet(np.ones(7), 50).astype(np.float32)
    names = [f'Test/sad/"{number}", again.png' for number in range(50)]
    leakage = np.array(predictions.LEAKAGE)[np.arange(50) % 3]
    path = tmp_path / "deep/predictions.csv"
    predictions.write(Predictions(names, np.arange(50) % 7, leakage, probabilities), path)
    found = predictions.read(path)
    assert found.names == names
    assert np.array_equal(found.labels, np.arange(50) % 7)
    assert np.array_equal(found.leakage, leakage)
    assert np.array_equal(found.probabilities.argmax(axis=1), probabilities.argmax(axis=1))
    np.testing.assert_allclose(found.probabilities, probabilities, rtol=1e-5)


def test_a_row_names_the_emotions(tmp_path: Path):
    one = Predictions(["a"], np.array([5]), np.array(["exact"]), np.array([[0, 0, 0, 0.75, 0.25, 0, 0]]))
    predictions.write(one, tmp_path / "predictions.csv")
    header, row = (tmp_path / "predictions.csv").read_text(encoding="utf-8").splitlines()
    assert header == "name,label,predicted_label,leakage," + ",".join(EMOTIONS)
    assert row == "a,sad,happy,exact,0,0,0,0.75,0.25,0,0"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a file of predictions: the first line must be name,label"),
        ("emotion,pixels,Usage\n", "not a file of predictions"),
        (f"{HEADER}\n", "it holds no face: run its predict stage again"),
        (
            f"{HEADER}\n{GOOD}\nb,sad,happy,no,0,0,0,0.9,0,0,0\n",
            "line 3: not a face, its emotion and seven probabilities that sum to one: run its predict",
        ),
        (f"{HEADER}\n{GOOD}\nb,sad,hap", "line 3: not a face"),
        (f"{HEADER}\nb,sed,happy,no,0,0,0,1,0,0,0\n", "line 2: not a face"),
        (f"{HEADER}\nb,sad,happy,no,0,0,0,one,0,0,0\n", "line 2: not a face"),
        (f"{HEADER}\nb,sad,happy,1,0,0,0,1,0,0,0\n", "line 2: not a face"),
    ],
    ids=["empty", "another file", "no face", "sum", "cut off", "unknown emotion", "no number", "an older form"],
)
def test_a_damaged_file_is_an_error_of_one_line(tmp_path: Path, text: str, message: str):
    (tmp_path / "predictions.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=rf"predictions\.csv.*{message}") as error:
        predictions.read(tmp_path / "predictions.csv")
    assert "\n" not in str(error.value)
