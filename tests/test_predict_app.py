"""emotion predict: which pictures it reads, and the tables and annotated copies that it writes."""

import csv
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion import EmotionClassifier
from emotion.apps import predict
from emotion.core.labels import EMOTIONS
from tests.pasted import Capture, Run, brightness_model, photograph
from tests.predicting import PLACES, rows, run

assert run  # a fixture


def test_the_table_has_each_face_and_each_picture_without_one(run: Run, capsys: Capture):
    assert run("two.jpg", "none.png") == 0
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split() == ["picture", "frame", "face", "box", "emotion", "next"]
    assert [line.split()[:2] for line in lines] == [["two.jpg", "1"], ["two.jpg", "2"], ["none.png", "no"]]
    assert "no face found" in lines[2] and "%" in lines[0]


def test_annotated_copies_have_the_size_of_their_pictures_and_boxes(run: Run):
    assert run("two.jpg", "none.png", "-o", "out") == 0
    assert sorted(path.name for path in Path("out").iterdir()) == ["none.png", "two.jpg"]
    drawn, plain = (np.asarray(Image.open(path)).astype(int) for path in ("out/two.jpg", "two.jpg"))
    assert drawn.shape == plain.shape
    changed = np.abs(drawn - plain).max(axis=2) > 60
    assert changed[:, 60:210].any() and changed[:, 380:560].any() and not changed[:, 250:350].any()
    np.testing.assert_array_equal(np.asarray(Image.open("out/none.png")), np.asarray(Image.open("none.png")))


def test_csv_and_json_hold_the_same_predictions(run: Run, capsys: Capture):
    assert run("two.jpg", "none.png", "-o", "out", "--csv", "--json") == 0
    table, listed = rows("out/results.csv"), json.loads(Path("out/results.json").read_text("utf-8"))
    assert [row["picture"] for row in table] == [row["picture"] for row in listed] == ["two.jpg", "two.jpg", "none.png"]
    for row, one in zip(table[:2], listed[:2], strict=True):
        assert row["label"] == one["label"] and float(row["happy"]) == one["probabilities"]["happy"]
        left, top, width, height = one["box"]
        assert [int(row[name]) for name in ("left", "top", "width", "height")] == [left, top, width, height]
        assert len(one["landmarks"]) == 5
        assert all(left <= x <= left + width and top <= y <= top + height for x, y in one["landmarks"])
        assert sum(float(row[emotion]) for emotion in EMOTIONS) == pytest.approx(1, abs=1e-5)
    assert table[2]["label"] == "" and listed[2]["face"] is None
    header, *_, last = capsys.readouterr().out.splitlines()
    assert "emotion" in header, "the table is for people all the same"
    assert last == "out: wrote 2 annotated pictures, results.csv, results.json"


@pytest.mark.parametrize("kind", ["--json", "--csv"])
def test_without_a_folder_the_terminal_gets_csv_or_json_alone(run: Run, kind: str, capsys: Capture):
    assert run("two.jpg", kind) == 0
    out = capsys.readouterr().out
    assert len(json.loads(out) if kind == "--json" else list(csv.DictReader(io.StringIO(out)))) == 2


def test_all_pictures_of_folders_are_read_and_keep_their_relative_paths(run: Run):
    for name in ("in/a/two.jpg", "in/b/two.jpg", "in/.hidden/two.jpg", "in/b/notes.txt"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(Path("two.jpg").read_bytes())
    assert run("in", "two.jpg", "in/a/two.jpg", "-o", "out") == 0
    made = sorted(str(path.relative_to("out")) for path in Path("out").rglob("*.*"))
    assert made == ["a/two.jpg", "b/two.jpg", "two-2.jpg", "two.jpg"]


def test_large_pictures_are_classified_a_few_at_a_time(run: Run, capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    names = [f"{number}.png" for number in range(5)]
    for name in names:
        Path(name).write_bytes(Path("none.png").read_bytes())
    sizes = []
    monkeypatch.setattr(predict, "MAX_BATCH_PIXELS", 2 * 640 * 480 - 1)
    classify = EmotionClassifier.predict
    monkeypatch.setattr(
        EmotionClassifier, "predict", lambda self, batch: sizes.append(len(batch)) or classify(self, batch)
    )
    assert run(*names, "--csv") == 0
    assert sizes == [2, 2, 1]
    assert [line.split(",")[0] for line in capsys.readouterr().out.splitlines()[1:]] == names


def test_face_crops_are_classified_without_detection(run: Run, capsys: Capture):
    Image.new("L", (48, 48), 128).save("face.png")
    assert run("face.png", "--detector", "whole", "--csv") == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("face.png,,1,0,0,48,48,1.0,happy,")


def test_faces_below_the_minimum_score_are_left_out(run: Run, capsys: Capture):
    assert run("two.jpg", "--min-detection-score", "0.9999999") == 0
    assert "no face found" in capsys.readouterr().out


def test_faces_below_the_minimum_size_are_left_out(run: Run, capsys: Capture):
    assert run("two.jpg", "--min-face-size", "250") == 0
    assert "no face found" in capsys.readouterr().out
    assert run("two.jpg", "--min-face-size", "0") == 2 and "0 is too small" in capsys.readouterr().err
    assert run("two.jpg", "--min-face-size", "big") == 2 and "'big' is not a whole number" in capsys.readouterr().err


def test_an_undecodable_file_name_is_read_and_reported(run: Run, capsys: Capture):
    name = os.fsdecode(b"l\xe4cheln \xff.jpg")
    Path(name).write_bytes(Path("two.jpg").read_bytes())
    Path(f"bad {name}").touch()
    assert run(name, f"bad {name}", "-o", "out", "--csv", "--json") == 1
    assert {row["picture"] for row in rows("out/results.csv")} == {"l\\udce4cheln \\udcff.jpg"}
    assert len(json.loads(Path("out/results.json").read_bytes())) == 2 and Path("out", name).exists()
    assert "error: bad l\\udce4cheln \\udcff.jpg: empty" in capsys.readouterr().err


def test_the_longest_names_have_copies_of_their_own(run: Run):
    for letter in "ab":
        Path(letter + 246 * "x" + ".jpg").write_bytes(Path("two.jpg").read_bytes())
    Path("two.jpg").unlink()
    assert run(".", "-o", "out") == 0
    assert len(list(Path("out").glob("*xx.jpg"))) == 1 and len(list(Path("out").glob("*xx-2.jpg"))) == 1


def test_it_says_if_it_wrote_nothing(run: Run, capsys: Capture):
    Path("empty.jpg").touch()
    assert run("empty.jpg", "-o", "out") == 1
    assert capsys.readouterr().out.splitlines()[-1] == "out: nothing was written"


def test_each_input_has_an_annotated_copy_of_its_own(run: Run):
    Image.fromarray(photograph(PLACES)).save("a.gif")
    Image.fromarray(photograph([])).save("a.gif.png")
    assert run("a.gif", "a.gif.png", "-o", "out") == 0
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.gif-2.png", "a.gif.png"]


def test_a_second_run_leaves_out_what_the_first_one_wrote(run: Run):
    for _ in range(2):
        assert run(".", "-o", "out", "--csv") == 0
    assert {row["picture"] for row in rows("out/results.csv")} == {"two.jpg", "none.png"}


def test_explain_draws_each_face_beside_its_heatmap(run: Run, capsys: Capture):
    import keras  # here: the other tests need no TensorFlow

    keras.utils.set_random_seed(1)  # the heatmap of some random weights is zero everywhere
    face = keras.Input((48, 48, 1))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3, strides=4)(face))
    keras.Model(face, keras.layers.Dense(7, activation="softmax")(x)).save("tiny.keras")
    Path("text.keras").write_text("hello")
    assert run("two.jpg", "none.png", "-o", "out", "--explain", "tiny.keras") == 0
    assert [path.name for path in Path("out/explained").iterdir()] == ["two.jpg.png"]
    drawn = np.asarray(Image.open("out/explained/two.jpg.png").convert("RGB")).astype(int)
    assert np.ptp(drawn, axis=2).max() > 50, "faces are gray, heatmaps are not"
    for name in ("text.keras", "none.keras"):
        assert run("two.jpg", "-o", "out", "--explain", name) == 1
    brightness_model(Path("model.onnx"), labels=["a", "b"], outputs=2)
    assert run("two.jpg", "-o", "out", "--explain", "tiny.keras") == 1
    brightness_model(Path("model.onnx"), weights_md5="0" * 32)
    assert run("two.jpg", "-o", "out", "--explain", "tiny.keras") == 1
    wrong, missing, other, mixed_up = [
        line for line in capsys.readouterr().err.splitlines() if line.startswith("error")
    ]
    assert wrong == "error: text.keras: not a Keras model that classifies faces of 48x48 pixels"
    assert other == "error: model.onnx: its labels are not the seven emotions: a, b"
    assert mixed_up.startswith("error: tiny.keras: the network that predicts was exported from another Keras model")
    assert missing.startswith("error: none.keras: there is no such Keras model: `dvc repro` makes")
