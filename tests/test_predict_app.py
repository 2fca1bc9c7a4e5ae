"""emotion predict: pictures and videos in, tables and annotated copies out; one bad file loses nothing."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from emotion.apps import main
from emotion.core.labels import EMOTIONS
from emotion.detection import networks
from tests.pasted import brightness_model, emotion_command, photograph
from tests.source import ROOT

Run = Callable[..., int]
Capture = pytest.CaptureFixture[str]
PLACES = [(60, 100, 150), (380, 150, 180)]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `emotion predict` in a folder with pictures and a model that predicts by brightness; return the exit code."""
    monkeypatch.chdir(tmp_path)
    brightness_model(Path("model.onnx"))
    Image.fromarray(photograph(PLACES)).save("two.jpg", quality=95)
    Image.fromarray(photograph([])).save("none.png")

    return lambda *arguments: emotion_command(monkeypatch, "predict", "--model", "model.onnx", *arguments)


def video(path: str, frames: int = 30, rate: float = 12.5, size: tuple[int, int] = (320, 240)) -> None:
    """Write a video in which a face becomes bright for a single frame."""
    still = cv2.cvtColor(photograph([(100, 60, 120)], *size), cv2.COLOR_RGB2BGR)
    writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"mp4v"), rate, size)
    for number in range(frames):
        writer.write(np.minimum(255, still.astype(int) + 70).astype(np.uint8) if number == 15 else still)
    writer.release()


def rows(path: str) -> list[dict[str, str]]:
    with open(path, encoding="utf-8") as file:
        return list(csv.DictReader(file))


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
    assert "emotion" in capsys.readouterr().out, "the table is for people all the same"


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


def test_an_undecodable_file_name_is_read_and_reported(run: Run, capsys: Capture):
    name = os.fsdecode(b"l\xe4cheln \xff.jpg")
    Path(name).write_bytes(Path("two.jpg").read_bytes())
    Path(f"bad {name}").touch()
    assert run(name, f"bad {name}", "-o", "out", "--csv", "--json") == 1
    assert {row["picture"] for row in rows("out/results.csv")} == {"l\\udce4cheln \\udcff.jpg"}
    assert len(json.loads(Path("out/results.json").read_bytes())) == 2 and Path("out", name).exists()
    assert "error: bad l\\udce4cheln \\udcff.jpg: empty" in capsys.readouterr().err


def test_a_video_keeps_length_rate_and_size_and_its_labels_do_not_flicker(run: Run):
    video("film.mp4")
    assert run("film.mp4", "-o", "out", "--csv") == 0
    made = cv2.VideoCapture("out/film.mp4")
    kinds = (cv2.CAP_PROP_FRAME_COUNT, cv2.CAP_PROP_FPS, cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
    assert [made.get(kind) for kind in kinds] == [30, 12.5, 320, 240]
    found = rows("out/results.csv")
    assert [int(row["frame"]) for row in found] == list(range(30)) and {row["face"] for row in found} == {"1"}
    assert len({row["label"] for row in found}) == 1, "though a single frame looks like another emotion"
    assert len({row["fear"] for row in found}) > 1


def test_videos_and_pictures_can_be_mixed(run: Run, capsys: Capture):
    video("one.mp4", 4)
    video("two.avi", 3)
    assert run("one.mp4", "two.jpg", "two.avi", "-o", "out") == 0
    assert sorted(path.name for path in Path("out").iterdir()) == ["one.mp4", "two.avi.mp4", "two.jpg"]
    *lines, last = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[0] for line in lines] == ["one.mp4"] * 4 + ["two.jpg"] * 2 + ["two.avi"] * 3
    assert last == "out: wrote 1 annotated picture, 2 annotated videos"


def test_it_says_what_it_wrote(run: Run, capsys: Capture):
    assert run("two.jpg", "none.png", "-o", "out", "--csv", "--json") == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "out: wrote 2 annotated pictures, results.csv, results.json"
    Path("empty.jpg").touch()
    assert run("empty.jpg", "-o", "out") == 1
    assert capsys.readouterr().out.splitlines()[-1] == "out: nothing was written"


def test_the_beginning_of_a_truncated_video_is_kept(run: Run, capsys: Capture):
    writer = cv2.VideoWriter("whole.avi", cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    for _ in range(20):
        writer.write(cv2.cvtColor(photograph([(100, 60, 120)], 320, 240), cv2.COLOR_RGB2BGR))
    writer.release()
    content = Path("whole.avi").read_bytes()
    Path("cut.avi").write_bytes(content[: len(content) // 2])
    assert run("cut.avi", "-o", "out", "--csv") == 1
    (error,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    frames = len(rows("out/results.csv"))
    assert error == f"error: cut.avi: damaged: only {frames} of its 20 frames could be read" and 5 < frames < 15
    assert cv2.VideoCapture("out/cut.avi.mp4").get(cv2.CAP_PROP_FRAME_COUNT) == frames


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


def test_no_input_is_overwritten_by_the_copy_of_another(run: Run, capsys: Capture):
    Path("below").mkdir()
    Path("below/two.jpg").write_bytes(Path("two.jpg").read_bytes())
    before = Path("two.jpg").read_bytes()
    assert run("below/two.jpg", "two.jpg", "-o", ".") == 1
    assert capsys.readouterr().err.startswith("error: two.jpg: would be overwritten")
    assert Path("two.jpg").read_bytes() == before


def test_each_input_has_an_annotated_copy_of_its_own(run: Run):
    Image.fromarray(photograph(PLACES)).save("a.gif")
    Image.fromarray(photograph([])).save("a.gif.png")
    assert run("a.gif", "a.gif.png", "-o", "out") == 0
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.gif-2.png", "a.gif.png"]


def test_a_second_run_leaves_out_what_the_first_one_wrote(run: Run):
    for _ in range(2):
        assert run(".", "-o", "out", "--csv") == 0
    assert {row["picture"] for row in rows("out/results.csv")} == {"two.jpg", "none.png"}


def test_a_reader_that_has_left_is_no_error(run: Run):
    command = f"{sys.executable} -m emotion predict --model model.onnx two.jpg | true; exit ${{PIPESTATUS[0]}}"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.jpg"], "nowhere.jpg: there is no such file or folder"),
        (["folder"], "folder: no pictures or videos in this folder"),
        (["two.jpg", "-o", "."], "two.jpg: would be overwritten by an annotated copy"),
        (["two.jpg", "-o", "none.png"], "none.png: a file is in the way"),
        (["two.jpg", "-o", "none.png/below"], "none.png/below: a file is in the way"),
        (["two.jpg", "-o", "/proc/none"], "/proc/none: cannot be created"),
        (["two.jpg", "--json", "--csv"], "--json and --csv both write to the terminal: choose one"),
        (["two.jpg", "--explain", "cnn.keras"], "--explain draws pictures: name a folder for them with -o"),
        (["two.jpg", "--model", "other.onnx"], "other.onnx: there is no such model: `make ship` makes one"),
        (["two.jpg", "--model", "two.jpg"], "two.jpg: the name of a model must end in .onnx or .tflite"),
        (["two.jpg", "--detector", "hog"], "there is neither a detector nor a file 'hog'; known are mtcnn, mtcnn-"),
    ],
)
def test_an_impossible_request_is_one_line(run: Run, arguments: list[str], message: str, capsys: Capture):
    Path("folder").mkdir()
    before = Path("two.jpg").read_bytes()
    assert run(*arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {message}")
    assert Path("two.jpg").read_bytes() == before


def test_without_tensorflow_explain_names_the_remedy(run: Run, monkeypatch: pytest.MonkeyPatch, capsys: Capture):
    monkeypatch.setitem(sys.modules, "keras", None)
    assert run("two.jpg", "-o", "out", "--explain", "cnn.keras") == 1
    message = "error: --explain needs TensorFlow (keras is not installed): run it after `make setup`"
    assert message in capsys.readouterr().err


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
    wrong, missing, other = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert wrong == "error: text.keras: not a Keras model that classifies faces of 48x48 pixels"
    assert other == "error: model.onnx: its labels are not the seven emotions: a, b"
    assert missing.startswith("error: none.keras: there is no such Keras model: `dvc repro` makes")


def test_without_any_model_the_remedy_is_named(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(networks, "PACKAGE", tmp_path / "package")
    monkeypatch.setattr(sys, "argv", ["emotion", "predict", "two.jpg"])
    with pytest.raises(SystemExit, match="models/emotion.onnx: there is no such model: `make ship` makes one"):
        main.run()


def start(*arguments: str) -> subprocess.Popen[bytes]:
    """Start the command as a process of its own."""
    command = [sys.executable, "-m", "emotion", "predict", "--model", "model.onnx", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdin=pipe, stdout=pipe, stderr=pipe)


def test_a_picture_is_read_from_stdin(run: Run):
    good, bad = (start("-", "--csv").communicate(sent) for sent in (Path("two.jpg").read_bytes(), b"hello"))
    assert b"stdin" in good[0] and good[1] == b""
    assert bad[1].startswith(b"error: stdin: not a picture in a supported format")


def test_ctrl_c_keeps_finished_results(run: Run):
    video("long.mp4", 600)
    process = start("two.jpg", "long.mp4", "-o", "out", "--csv")
    assert process.stdout
    for line in process.stdout:
        if line.startswith(b"long.mp4"):
            break
    process.send_signal(signal.SIGINT)
    _, error = process.communicate()
    assert process.returncode == 130 and error == b"interrupted: finished results are kept\n"
    frames = int(cv2.VideoCapture("out/long.mp4").get(cv2.CAP_PROP_FRAME_COUNT))
    assert Path("out/two.jpg").exists() and 0 < frames < 600
    assert max(int(row["frame"] or 0) for row in rows("out/results.csv")) == frames - 1
    assert not list(Path("out").glob(".tmp-*"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict", "https://example.org/a.jpg"),
        ("predict", "a.jpg", "rtsp://camera/a"),
        ("score", "s3://bucket/faces"),
        ("score-many", "gs://faces", "out"),
        ("score-many", "faces", "S3://out"),
        ("api", "--model", "https://example.org/a.onnx"),
    ],
)
def test_an_address_is_refused_as_such(arguments: tuple[str, ...], monkeypatch, capsys: Capture):
    address = next(text for text in arguments if "://" in text)
    assert emotion_command(monkeypatch, *arguments) == 1
    remedy = "addresses are not opened: download it and name the file (`emotion webcam` opens streams)"
    assert capsys.readouterr().err == f"error: {address}: {remedy}\n"


def test_help_shows_an_example_that_can_be_run(monkeypatch, capsys: Capture):
    assert emotion_command(monkeypatch, "--help") == 0
    (example,) = (line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("  emotion "))
    assert main.parser().parse_args(example[1:]).inputs == ["photo.jpg"]


@pytest.mark.parametrize("name", [*main.COMMANDS, "fetch-yunet"])
def test_help_shows_an_example_that_the_command_understands(name: str, monkeypatch, capsys: Capture):
    assert emotion_command(monkeypatch, name, "--help") == 0
    example = capsys.readouterr().out.rstrip().splitlines()[-1].split()
    assert example[:2] == ["emotion", name]
    assert main.parser().parse_args(example[1:]).command == name
