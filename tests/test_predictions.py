"""The file of answers."""

from pathlib import Path

import numpy as np
import pytest

from emotion.errors import InputError
from emotion.evaluation import predictions
from emotion.evaluation.predictions import Predictions
from emotion.labels import EMOTIONS

HEADER = ",".join(predictions.COLUMNS)
GOOD = "a,sad,happy,no,0,0,0,1,0,0,0"


def test_what_is_read_is_what_was_written(tmp_path: Path):
    probabilities = np.random.default_rng(1).dirichlet(np.ones(7), 50).astype(np.float32)
    names = [f'Test/sad/"{number}", again.png' for number in range(50)]
    written = Predictions(names, np.arange(50) % 7, np.array(predictions.LEAKS)[np.arange(50) % 3], probabilities)

    predictions.write(written, tmp_path / "deep/answers.csv")
    found = predictions.read(tmp_path / "deep/answers.csv")

    assert found.names == written.names
    assert np.array_equal(found.labels, written.labels)
    assert np.array_equal(found.leaked, written.leaked)
    assert np.array_equal(found.probabilities.argmax(axis=1), probabilities.argmax(axis=1))
    np.testing.assert_allclose(found.probabilities, probabilities, rtol=1e-5)


def test_a_row_names_the_emotions(tmp_path: Path):
    answers = Predictions(["a"], np.array([5]), np.array(["exact"]), np.array([[0, 0, 0, 0.75, 0.25, 0, 0]]))
    predictions.write(answers, tmp_path / "answers.csv")
    header, row = (tmp_path / "answers.csv").read_text(encoding="utf-8").splitlines()
    assert header == "name,label,predicted,leaked," + ",".join(EMOTIONS)
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
def test_a_file_that_is_none_is_an_error_of_one_line(tmp_path: Path, text: str, message: str):
    (tmp_path / "answers.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=rf"answers\.csv.*{message}") as error:
        predictions.read(tmp_path / "answers.csv")
    assert "\n" not in str(error.value)
