"""emotion predict: one bad file loses nothing, and what is impossible is one line that names the remedy."""

import os
import sys
from pathlib import Path

import pytest

from tests.pasted import Capture, Run
from tests.predicting import rows, run

assert run  # a fixture

BAD = {
    "empty.jpg: empty": b"",
    "text.png: not a picture in a supported format": b"hello",
    "cut.jpg: damaged": None,
    "film.mp4: not a video that can be read": b"no film",
}


def test_bad_files_are_reported_and_the_others_classified(run: Run, capsys: Capture):
    names = [message.partition(":")[0] for message in BAD]
    for name, content in zip(names, BAD.values(), strict=True):
        Path(name).write_bytes(Path("two.jpg").read_bytes()[:9000] if content is None else content)
    assert run(*names[:2], "two.jpg", *names[2:], "none.png", "-o", "out", "--csv") == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 4
    assert all(any(line.startswith(f"error: {message}") for line in errors) for message in BAD)
    assert [row["picture"] for row in rows("out/results.csv")] == ["two.jpg", "two.jpg", "none.png"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.jpg"], "nowhere.jpg: there is no such file or folder"),
        (["folder"], "folder: no pictures or videos in this folder"),
        (["below/two.jpg", "two.jpg", "-o", "."], "two.jpg: would be overwritten by an annotated copy"),
        (["two.jpg", "-o", "none.png"], "none.png: a file is in the way"),
        (["two.jpg", "-o", "none.png/below"], "none.png/below: a file is in the way"),
        (["two.jpg", "-o", "/proc/none"], "/proc/none: cannot be created"),
        (["two.jpg", "--json", "--csv"], "--json and --csv both write to the terminal: choose one"),
        (["two.jpg", "--explain", "cnn.keras"], "--explain draws pictures: name a folder for them with -o"),
        (
            ["two.jpg", "--model", "other.onnx"],
            "other.onnx: there is no such model: name small, fer2013 or a file with --model",
        ),
        (["two.jpg", "--model", "two.jpg"], "two.jpg: the name of a model must end in .onnx or .tflite"),
        (["two.jpg", "--detector", "hog"], "there is neither a detector nor a file 'hog'; known are mtcnn, mtcnn-"),
    ],
)
def test_an_impossible_request_is_one_line(run: Run, arguments: list[str], message: str, capsys: Capture):
    for folder in ("folder", "below"):
        Path(folder).mkdir()
    before = Path("two.jpg").read_bytes()
    Path("below/two.jpg").write_bytes(before)
    assert run(*arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {message}")
    assert Path("two.jpg").read_bytes() == before


def test_a_protected_folder_is_named_as_the_user_named_it(run: Run, monkeypatch: pytest.MonkeyPatch, capsys: Capture):
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != "out")  # root may write anywhere
    assert run("two.jpg", "-o", "out") == 1
    assert capsys.readouterr().err == "error: out: nothing may be written there: choose another folder with -o\n"


def test_without_tensorflow_explain_names_the_remedy(run: Run, monkeypatch: pytest.MonkeyPatch, capsys: Capture):
    monkeypatch.setitem(sys.modules, "keras", None)
    assert run("two.jpg", "-o", "out", "--explain", "cnn.keras") == 1
    remedy = "run it after `make setup` or `pip install '.[train]'`"
    assert f"error: --explain needs TensorFlow (keras is not installed): {remedy}" in capsys.readouterr().err
