"""Videos as players show them: by predict, the webcam and the example for small boards alike."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from emotion.apps import webcam
from emotion.inference.video import Video
from tests.pasted import brightness_model, emotion_command, photograph, write_video
from tests.predicting import rows
from tests.source import ROOT

COLOURS = {"W": (255, 255, 255), "R": (0, 0, 255), "G": (0, 255, 0), "B": (255, 0, 0)}  # BGR
CORNERS = {
    "as stored": ((1, 0, 0, 1), "WRGB"),
    "90 degrees": ((0, 1, -1, 0), "GWBR"),
    "180 degrees": ((-1, 0, 0, -1), "BGRW"),
    "270 degrees": ((0, -1, 1, 0), "RBWG"),
    "left to right": ((-1, 0, 0, 1), "RWBG"),
    "top to bottom": ((1, 0, 0, -1), "GBWR"),
    "transposed": ((0, 1, 1, 0), "WGRB"),
    "transversed": ((0, -1, -1, 0), "BRGW"),
}


def film(path: Path | str) -> None:
    """Write a film of four coloured quarters: white, red, green, blue."""
    quarters = np.array(list(COLOURS.values()), np.uint8).reshape(2, 2, 3)
    write_video(path, [quarters.repeat(48, axis=0).repeat(80, axis=1)] * 3)


def set_matrix(path: Path, matrix: tuple[int, int, int, int], wide: bool = False) -> None:
    """Write a display matrix into the header of a film's track, as cameras do; `wide`: with times of 64 bits."""
    content = path.read_bytes()
    start = content.index(b"tkhd") + 4
    a, b, c, d = (value << 16 for value in matrix)
    header = content[start : start + 40] + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    if wide:
        times = [struct.pack(">Q", *struct.unpack(">I", header[k : k + 4])) for k in (4, 8, 20)]
        header = b"\1" + header[1:4] + times[0] + times[1] + header[12:20] + times[2] + header[24:]
    content = content[:start] + header + content[start + 76 :]
    for kind in (b"moov", b"trak", b"tkhd") if wide else ():
        place = content.index(kind) - 4
        size = struct.pack(">I", struct.unpack(">I", content[place : place + 4])[0] + 12)
        content = content[:place] + size + content[place + 4 :]
    path.write_bytes(content)


def corners(frame: np.ndarray) -> str:
    """Return the colours of the upper left, upper right, lower left and lower right corner."""
    places = (frame[y, x].astype(int) for y in (10, -10) for x in (10, -10))
    return "".join(min(COLOURS, key=lambda name: np.abs(place - COLOURS[name]).sum()) for place in places)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(("matrix", "expected"), CORNERS.values(), ids=CORNERS)
def test_a_display_matrix_is_obeyed_as_in_chromium_and_ffmpeg(matrix, expected: str, wide: bool, tmp_path: Path):
    film(tmp_path / "film.mov")
    set_matrix(tmp_path / "film.mov", matrix, wide)
    video = Video(tmp_path / "film.mov")
    for _ in range(3):
        frame = video.read()
        assert corners(frame) == expected and frame.flags.c_contiguous
        assert frame.shape[:2] == ((160, 96) if matrix[1] else (96, 160))
    assert video.read() is None and video.length == 3


def test_a_sheared_display_matrix_is_ignored(tmp_path: Path):
    film(tmp_path / "film.mp4")
    set_matrix(tmp_path / "film.mp4", (1, 2, 3, 1))
    assert corners(Video(tmp_path / "film.mp4").read()) == "WRGB"


BROKEN = {
    "empty": b"",
    "text": b"hello, this is no film",
    "no header": struct.pack(">I4sI4s", 16, b"moov", 8, b"tkhd"),
    "cut": struct.pack(">I4sI4s4s", 200, b"moov", 100, b"tkhd", bytes(4)),
    "box without end": struct.pack(">I4sI4s", 16, b"moov", 3, b"trak"),
    "box of 64 bits that is cut": struct.pack(">I4s", 1, b"moov"),
    "boxes in boxes": struct.pack(">I4s", 0, b"moov") * 5000,
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_film_is_not_opened(content: bytes, tmp_path: Path):
    (tmp_path / "film.mp4").write_bytes(content)
    video = Video(tmp_path / "film.mp4")
    assert not video.opened and video.read() is None and video.length == 0


@pytest.mark.parametrize("name", ["12:30.mp4", "rtsp:film.mp4", "100%d.mp4", "a b?c#d.mp4"])
def test_a_file_is_opened_whatever_its_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    film("film.mp4")
    os.rename("film.mp4", name)
    assert Video(name).opened and Video(Path(name)).read() is not None


@pytest.fixture
def selfie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A film in the current folder, shown left to right mirrored: its face, at the left, is seen at the right."""
    monkeypatch.chdir(tmp_path)
    brightness_model(Path("model.onnx"))
    write_video("selfie.mov", [photograph([(20, 60, 120)], 320, 240)[..., ::-1]] * 3)
    set_matrix(Path("selfie.mov"), (-1, 0, 0, 1))
    return "selfie.mov"


def test_predict_finds_the_face_of_a_mirrored_film(selfie: str, monkeypatch: pytest.MonkeyPatch):
    assert emotion_command(monkeypatch, "predict", "--model", "model.onnx", selfie, "--csv", "-o", "out") == 0
    found = rows("out/results.csv")
    assert [int(row["frame"]) for row in found] == [0, 1, 2]
    assert all(170 < int(row["left"]) < 220 for row in found)
    original, made = Video(selfie).read().astype(int), Video(Path("out", selfie + ".mp4")).read()
    assert np.abs(original - made)[:, :160].mean() < 6 < np.abs(original[:, ::-1] - made)[:, :160].mean()


def test_the_example_for_small_boards_finds_it_too(selfie: str):
    command = [sys.executable, str(ROOT / "deploy/raspberry_pi/label_faces.py"), "model.onnx", selfie]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == ["0", "1", "2"] and all(170 < int(line[1]) < 220 for line in lines)


def test_the_webcam_shows_it_as_players_do(selfie: str):
    source = webcam._Source(selfie)
    np.testing.assert_array_equal(source.read(), Video(selfie).read())
    source.close()


def test_a_film_of_odd_sides_keeps_its_last_row_and_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    brightness_model(Path("model.onnx"))
    kind = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter("odd.avi", cv2.CAP_OPENCV_MJPEG, kind, 25, (161, 121))
    for _ in range(3):
        writer.write(np.full((121, 161, 3), 128, np.uint8))
    writer.release()
    assert Video("odd.avi").read().shape == (121, 161, 3)
    assert emotion_command(monkeypatch, "predict", "--model", "model.onnx", "odd.avi", "-o", "out") == 0
    frame = Video("out/odd.avi.mp4").read()
    assert frame.shape == (122, 162, 3) and frame.min() > 110
