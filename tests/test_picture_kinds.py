"""Each file of a folder is read or named with its reason, in every command and in the training sources alike."""

import json
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from emotion.core.decoding import UNKNOWN
from emotion.sources.folder import read_faces
from emotion.sources.naming import Found
from tests.inputs import HEIC, encoded, face
from tests.pasted import Capture, Run, brightness_model, emotion_command
from tests.predicting import rows
from tests.serving import PROBLEM, Server, server

assert server  # a fixture

KINDS = {
    "JPEG": ("a.jpg", "b.JPEG", "c.jpe", "d.jfif"),
    "PNG": ("e.png",),
    "WebP": ("f.webp",),
    "BMP": ("g.bmp",),
    "GIF": ("h.gif",),
    "TIFF": ("i.tif", "j.tiff"),
    "AVIF": ("k.avif",),
}
READ = [name for names in KINDS.values() for name in names]
FACE = Image.effect_noise((48, 48), 80)
REMEDY = "HEIC, which is not supported: convert it to JPEG"
NO_PICTURES = "not read: 2 x not a picture by its suffix: mine/happy/labels.csv, mine/happy/notes"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run an `emotion` command in a folder with files of all kinds in mine/happy; return the exit code."""
    monkeypatch.chdir(tmp_path)
    brightness_model(Path("model.onnx"))
    for emotion in ("happy", "sad"):
        Path("mine", emotion).mkdir(parents=True)
        Path("mine", emotion, "0.png").write_bytes(face())
    for kind, names in KINDS.items():
        for name in names:
            Path("mine/happy", name).write_bytes(encoded(FACE, kind))
    for name in ("l.heic", "m.HEIF"):
        Path("mine/happy", name).write_bytes(HEIC)
    for name in ("notes", "labels.csv", ".hidden.txt", "Thumbs.db"):
        Path("mine/happy", name).write_text("hello")

    options = ("--model", "model.onnx", "--detector", "whole")
    return lambda *arguments: emotion_command(monkeypatch, *arguments, *options)


def test_predict_reads_or_names_each_file_of_a_folder(run: Run, capsys: Capture):
    assert run("predict", "mine/happy", "-o", "out", "--csv") == 1
    found = rows("out/results.csv")
    assert [Path(row["picture"]).name for row in found] == ["0.png", *READ]
    assert all(row["label"] for row in found)
    assert capsys.readouterr().err.splitlines() == [
        f"error: mine/happy/l.heic: {REMEDY}",
        f"error: mine/happy/m.HEIF: {REMEDY}",
        NO_PICTURES,
    ]
    assert {path.name for path in Path("out").iterdir()} >= {"d.jfif", "i.tif.png", "k.avif.png"}


def test_score_reads_or_names_each_file_of_a_folder(run: Run, capsys: Capture):
    assert run("score", "mine", "--json") == 1
    out, err = capsys.readouterr()
    assert (json.loads(out)["pictures"], json.loads(out)["scored"]) == (len(READ) + 4, len(READ) + 2)
    assert err.splitlines()[-4:-1] == [f"error: mine/happy/{name}: {REMEDY}" for name in ("l.heic", "m.HEIF")] + [
        NO_PICTURES
    ]


def test_score_many_scores_or_sets_aside_each_file(run: Run, capsys: Capture):
    assert run("score-many", "mine", "out", "--workers", "1") == 0
    scored = pq.read_table("out/scores").to_pylist()
    aside = pq.read_table("out/set_aside").to_pylist()
    assert [Path(row["file"]).name for row in scored] == ["0.png", *READ, "0.png"]
    assert [(row["file"], row["reason"]) for row in aside] == [("happy/l.heic", REMEDY), ("happy/m.HEIF", REMEDY)]
    assert capsys.readouterr().err.splitlines()[-1] == NO_PICTURES


def test_training_reads_or_names_each_file_of_a_folder(run: Run):
    found = Found()
    assert [name for name, _ in read_faces(Path("mine"), "fer2013", found)] == [
        f"All/{name}" for name in ("happy/0.png", *(f"happy/{name}" for name in READ), "sad/0.png")
    ]
    reasons = {"l.heic": REMEDY, "m.HEIF": REMEDY, "labels.csv": UNKNOWN, "notes": UNKNOWN}
    assert found.refused == [(f"mine/happy/{name}", reasons[name]) for name in sorted(reasons)]


def test_the_api_reads_or_names_each_file(server: Server):
    for kind, names in KINDS.items():
        sent = [("images", (name, encoded(FACE, kind))) for name in names]
        response = server.client.post("/v1/predict?detect=false", files=sent)
        assert [len(result["faces"]) for result in response.json()["results"]] == [1] * len(names)
    refused = server.client.post("/v1/predict", files={"images": ("l.heic", HEIC)})
    assert (refused.status_code, refused.headers["content-type"]) == (422, PROBLEM)
    assert refused.json()["detail"] == f"picture 1 (l.heic): {REMEDY}"


@pytest.mark.parametrize("command", ["predict", "score"])
def test_what_cannot_be_opened_in_a_folder_makes_the_exit_code_1(run: Run, command: str, capsys: Capture):
    Path("mine/happy/l.heic").unlink()
    Path("mine/happy/m.HEIF").unlink()
    assert run(command, "mine") == 0
    capsys.readouterr()
    Path("mine/happy/more").symlink_to(Path("mine/sad").absolute())
    Path("mine/happy/gone.jpg").symlink_to("nowhere.jpg")
    os.mkfifo("mine/happy/pipe.png")
    assert run(command, "mine") == 1
    assert capsys.readouterr().err.splitlines()[-3:] == [
        "not read: 1 x a link to a folder: replace it by the folder: mine/happy/more",
        "not read: 2 x neither a file nor a folder: mine/happy/gone.jpg, mine/happy/pipe.png",
        NO_PICTURES,
    ]


def test_of_many_files_that_are_no_pictures_some_are_named_and_all_counted(run: Run, capsys: Capture):
    for number in range(1000):
        Path(f"mine/sad/{number:03}.txt").touch()
    run("predict", "mine/sad")
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("not read: 1,000 x not a picture by its suffix: mine/sad/000.txt, mine/sad/001.txt, ")
    assert line.endswith("mine/sad/019.txt and 980 more")


@pytest.mark.parametrize("command", [["predict"], ["score"], ["score-many", "out"]])
def test_a_folder_without_pictures_says_what_it_holds_instead(command: list[str], run: Run, capsys: Capture):
    Path("texts/happy").mkdir(parents=True)
    Path("texts/happy/a.txt").touch()
    name, *output = command
    assert run(name, "texts", *output) == 1
    assert capsys.readouterr().err.splitlines()[-1].endswith("not a picture by its suffix: texts/happy/a.txt")
