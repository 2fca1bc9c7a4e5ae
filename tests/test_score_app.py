"""emotion score: a model on a person's own labelled pictures."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion.apps import score
from emotion.labels import EMOTIONS
from tests.pasted import brightness_model, emotion_command, photograph

Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `emotion score faces ...`, by a model that knows brightness; return the exit code.

    faces/ holds four faces of each emotion, of which one angry face is happy to the model.
    """
    monkeypatch.chdir(tmp_path)
    brightness_model(Path("model.onnx"))
    for number, emotion in enumerate(EMOTIONS):
        Path("faces", emotion).mkdir(parents=True)
        for count in range(4):
            shade = 3 if (emotion, count) == ("angry", 0) else number
            Image.new("L", (60, 60), round(shade * 255 / 6)).save(f"faces/{emotion}/{count}.png")

    return lambda *arguments: emotion_command(monkeypatch, "score", *arguments, "--model", "model.onnx")


def test_scores_intervals_and_confusion_are_those_of_the_pictures(run: Run, capsys: pytest.CaptureFixture[str]):
    assert run("faces", "--detector", "whole", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["pictures"] == report["scored"] == 28
    assert report["scores"]["accuracy"] == pytest.approx(27 / 28, abs=1e-6)
    low, high = report["intervals"]["accuracy"]
    assert 0.85 < low < 27 / 28 <= high == 1
    expected = 4 * np.eye(7, dtype=int)
    expected[0, 0], expected[0, 3] = 3, 1
    assert report["confusion"] == expected.tolist()
    assert [row["recall"] for row in report["emotions"]] == [0.75, 1, 1, 1, 1, 1, 1]


def test_a_person_reads_the_same(run: Run, capsys: pytest.CaptureFixture[str]):
    assert run("faces", "--detector", "whole") == 0
    out = capsys.readouterr().out
    assert out.startswith("28 of 28 pictures scored; 95 % intervals (bootstrap)\n")
    assert "accuracy           0.964  0.893-1.000" in out
    assert "angry             3        0        0        1        0" in out
    assert run("faces", "--detector", "whole") == 0 and capsys.readouterr().out == out, "the same again"


def test_labels_of_a_model_may_stand_in_another_order(run: Run, capsys: pytest.CaptureFixture[str]):
    turned = [*EMOTIONS[1:], EMOTIONS[0]]
    brightness_model(Path("model.onnx"), labels=turned)
    for number, emotion in enumerate(turned):
        Path("turned", emotion).mkdir(parents=True)
        Image.new("L", (60, 60), round(number * 255 / 6)).save(f"turned/{emotion}/0.png")
    assert run("turned", "--detector", "whole", "--json") == 0
    assert json.loads(capsys.readouterr().out)["scores"]["accuracy"] == 1


def test_of_a_photograph_the_largest_face_counts_and_faceless_ones_are_told(
    run: Run, capsys: pytest.CaptureFixture[str]
):
    Path("own/happy").mkdir(parents=True)
    Image.fromarray(photograph([(40, 60, 90), (300, 150, 200)])).save("own/happy/a.png")
    Image.fromarray(photograph([])).save("own/happy/b.png")
    assert run("own", "--json") == 0
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert (report["pictures"], report["scored"]) == (2, 1)
    assert report["scores"]["roc_auc"] is None and report["intervals"]["recall/sad"] is None
    assert "1 of 2 pictures are not scored: no face found in them (cut-out faces need --detector whole)" in printed.err
    assert run("own") == 0
    assert "roc auc            undefined: some emotions have no faces" in capsys.readouterr().out


def test_bad_files_are_told_and_the_others_scored(run: Run, capsys: pytest.CaptureFixture[str]):
    Path("faces/sad/bad.png").write_text("hello")
    Path("faces/notes.txt").write_text("hello")
    Path("faces/holidays").mkdir()
    assert run("faces", "--detector", "whole") == 1
    printed = capsys.readouterr()
    assert printed.out.startswith("28 of 29 pictures scored") and "error: faces/sad/bad.png: no picture" in printed.err


def test_what_cannot_be_scored_is_one_line(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    Path("empty/happy").mkdir(parents=True)
    Path("other/cats").mkdir(parents=True)
    Path("none/happy").mkdir(parents=True)
    Image.fromarray(photograph([])).save("none/happy/b.png")
    for folder in ("nowhere", "empty", "other", "none"):
        assert run(folder) == 1
    brightness_model(Path("model.onnx"), labels=["a", "b"], outputs=2)
    assert run("faces") == 1
    assert capsys.readouterr().err.splitlines() == [
        "error: nowhere: there is no such folder",
        "error: empty: no pictures in its folders",
        f"error: other: holds no folder of an emotion: {', '.join(EMOTIONS)}",
        "error: none: no face in 1 pictures: cut-out faces need --detector whole",
        "error: model.onnx: tells other emotions apart: a, b",
    ]


def test_without_scikit_learn_it_says_so(run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.delitem(sys.modules, "emotion.evaluation.scores", raising=False)
    monkeypatch.delattr("emotion.evaluation.scores", raising=False)
    assert run("faces") == 1
    assert "error: sklearn is needed and not installed: in the repository `make setup` installs everything" in (
        capsys.readouterr().err
    )


def test_folders_of_emotions_are_known_in_any_case(tmp_path: Path):
    (tmp_path / "Happy/deep").mkdir(parents=True)
    (tmp_path / "Happy/deep/a.jpg").touch()
    ((emotion, path),) = score.collect(tmp_path)
    assert emotion == "happy" and path == tmp_path / "Happy/deep/a.jpg"
