"""emotion score: evaluate a model on a person's own labelled pictures."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion.core.labels import EMOTIONS
from tests.pasted import Capture, Run, brightness_model, emotion_command, photograph


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `emotion score ...` with a model that predicts by brightness; return the exit code.

    faces/ holds four faces of each emotion, of which the model takes one angry face for happy.
    """
    monkeypatch.chdir(tmp_path)
    brightness_model(Path("model.onnx"))
    for number, emotion in enumerate(EMOTIONS):
        Path("faces", emotion).mkdir(parents=True)
        for count in range(4):
            shade = 3 if (emotion, count) == ("angry", 0) else number
            Image.new("L", (60, 60), round(shade * 255 / 6)).save(f"faces/{emotion}/{count}.png")

    return lambda *arguments: emotion_command(monkeypatch, "score", *arguments, "--model", "model.onnx")


def test_scores_intervals_and_confusion_match_the_pictures(run: Run, capsys: Capture):
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


def test_the_text_report_shows_the_same_scores(run: Run, capsys: Capture):
    assert run("faces", "--detector", "whole") == 0
    out = capsys.readouterr().out
    assert out.startswith("28 of 28 pictures scored; 95 % confidence intervals (bootstrap)\n")
    assert "accuracy           0.964  0.893-1.000" in out
    assert "angry             3        0        0        1        0" in out
    assert run("faces", "--detector", "whole") == 0 and capsys.readouterr().out == out, "the same again"


def test_a_models_labels_may_have_another_order(run: Run, capsys: Capture):
    turned = [*EMOTIONS[1:], EMOTIONS[0]]
    brightness_model(Path("model.onnx"), labels=turned)
    for number, emotion in enumerate(turned):
        Path("turned", emotion).mkdir(parents=True)
        Image.new("L", (60, 60), round(number * 255 / 6)).save(f"turned/{emotion}/0.png")
    assert run("turned", "--detector", "whole", "--json") == 0
    assert json.loads(capsys.readouterr().out)["scores"]["accuracy"] == 1


def test_the_largest_face_counts_and_faceless_pictures_are_reported(run: Run, capsys: Capture):
    Path("own/happy").mkdir(parents=True)
    Image.fromarray(photograph([(40, 60, 90), (300, 150, 200)])).save("own/happy/a.png")
    Image.fromarray(photograph([])).save("own/happy/b.png")
    assert run("own", "--json") == 0
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert (report["pictures"], report["scored"]) == (2, 1)
    assert report["scores"]["roc_auc"] is None and report["intervals"]["recall/sad"] is None
    assert "1 of 2 pictures are not scored: no face found (face crops need --detector whole)" in printed.err
    assert run("own") == 0
    assert "roc auc            undefined: some emotions have no faces" in capsys.readouterr().out


def test_bad_files_are_reported_and_the_others_scored(run: Run, capsys: Capture):
    Path("faces/sad/bad.png").write_text("hello")
    Path("faces/notes.txt").write_text("hello")
    Path("faces/holidays").mkdir()
    assert run("faces", "--detector", "whole") == 1
    printed = capsys.readouterr()
    assert printed.out.startswith("28 of 29 pictures scored") and "error: faces/sad/bad.png: not a" in printed.err


def test_an_unusable_folder_model_or_output_is_one_line(run: Run, capsys: Capture):
    for folder in ("empty/happy", "other/cats", "none/happy", "out"):
        Path(folder).mkdir(parents=True)
    Image.fromarray(photograph([])).save("none/happy/b.png")
    for folder in ("nowhere", "empty", "other", "none"):
        assert run(folder) == 1
    assert run("faces", "-o", "out") == 1
    assert run("faces", "-o", "model.onnx/scores.json") == 1
    brightness_model(Path("model.onnx"), labels=["a", "b"], outputs=2)
    assert run("faces") == 1
    assert capsys.readouterr().err.splitlines() == [
        "error: nowhere: there is no such folder",
        "error: empty: no pictures in its folders",
        f"error: other: holds no folder named after an emotion: {', '.join(EMOTIONS)}",
        "error: none: no picture can be scored: 1 no face found (face crops need --detector whole)",
        "error: out: a folder: -o names the file of the scores, such as scores.json",
        "error: model.onnx: a file is in the way: choose another folder with -o",
        "error: model.onnx: its labels are not the seven emotions: a, b",
    ]


def relabelled(names: str) -> None:
    """Copy faces/ under other names of its folders, in the order of EMOTIONS, into a wrapper folder."""
    for emotion, name in zip(EMOTIONS, names.split(), strict=True):
        shutil.copytree(f"faces/{emotion}", f"other/faces (1)/{name}/cropped")


@pytest.mark.parametrize(
    ("names", "order"),
    [
        ("Anger DISGUST Fear Happiness neutral Sadness Surprised", "fer2013"),
        ("0 1 2 3 6 4 5", "fer2013"),
        ("6 5 4 1 0 2 3", "affectnet"),
        ("6 3 2 4 7 5 1", "rafdb"),
    ],
)
def test_folders_may_have_any_names_or_numbers_of_the_field(run: Run, capsys: Capture, names: str, order: str):
    relabelled(names)
    assert run("other", "--detector", "whole", "--label-order", order, "-o", "out.json") == 0
    assert json.loads(Path("out.json").read_text())["scores"]["accuracy"] == pytest.approx(27 / 28, abs=1e-6)
    assert ("labels are numbers, in the order " + order in capsys.readouterr().err) == names[0].isdecimal()


def test_other_labels_are_counted_apart(run: Run, capsys: Capture):
    for name in ("contempt", "None"):
        shutil.copytree("faces/sad", f"faces/{name}")
    Image.new("L", (60, 60)).save("faces/beside.png")
    assert run("faces", "--detector", "whole", "--json") == 0
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert (report["pictures"], report["scored"], sum(report["not_scored"].values())) == (37, 28, 9)
    assert "4 of 37 pictures are not scored: labelled contempt, which is not one of the seven emotions" in printed.err
    assert "1 of 37 pictures are not scored: in no folder of an emotion" in printed.err


def test_a_folder_of_an_unknown_name_or_of_several_subsets_is_one_line(run: Run, capsys: Capture):
    shutil.copytree("faces", "joyful/faces")
    shutil.copytree("faces/happy", "joyful/faces/joy")
    shutil.copytree("faces", "data/train")
    shutil.copytree("faces", "data/test")
    for subset in ("train", "test"):
        shutil.copytree("faces/sad", f"below/sad/{subset}")
    Path("linked/sad").mkdir(parents=True)
    Path("linked/happy").symlink_to("../faces/happy")
    for folder in ("joyful", "data", "below", "linked"):
        assert run(folder) == 1
    unknown, several, below, link = capsys.readouterr().err.splitlines()
    assert unknown.startswith("error: joyful/faces/joy: its name is not that of an emotion")
    assert several == "error: data: holds test and train: score one of them, such as data/test"
    assert below == "error: below: holds */test and */train: score one of them, copied into a folder of its own"
    assert link == "error: linked/happy: a link to a folder: replace it by the folder"
    assert run("data/test", "--detector", "whole") == 0
