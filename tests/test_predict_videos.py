"""emotion predict: videos keep their length, rate and size, and what was read before an end is kept."""

import resource
import signal
from pathlib import Path

import cv2

from tests.pasted import Capture, Run, photograph, start, video, write_video
from tests.predicting import rows, run

assert run  # a fixture


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


def test_the_beginning_of_a_truncated_video_is_kept(run: Run, capsys: Capture):
    write_video("whole.avi", [photograph([(100, 60, 120)], 320, 240)] * 20, codec="MJPG")
    content = Path("whole.avi").read_bytes()
    Path("cut.avi").write_bytes(content[: len(content) // 2])
    assert run("cut.avi", "-o", "out", "--csv") == 1
    (error,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    frames = len(rows("out/results.csv"))
    assert error == f"error: cut.avi: damaged: only {frames} of its 20 frames could be read" and 5 < frames < 15
    assert cv2.VideoCapture("out/cut.avi.mp4").get(cv2.CAP_PROP_FRAME_COUNT) == frames


def test_ctrl_c_keeps_finished_results(run: Run):
    video("long.mp4", 600)
    process = start("predict", "--model", "model.onnx", "two.jpg", "long.mp4", "-o", "out", "--csv")
    assert process.stdout
    for line in process.stdout:
        if line.startswith("long.mp4"):
            break
    process.send_signal(signal.SIGINT)
    _, error = process.communicate()
    assert process.returncode == 130 and error == "interrupted: finished results are kept\n"
    frames = int(cv2.VideoCapture("out/long.mp4").get(cv2.CAP_PROP_FRAME_COUNT))
    assert Path("out/two.jpg").exists() and 0 < frames < 600
    assert max(int(row["frame"] or 0) for row in rows("out/results.csv")) == frames - 1
    assert not list(Path("out").glob(".tmp-*"))


def test_a_full_disk_keeps_the_video_of_the_last_run(run: Run, capsys: Capture):
    video("film.mp4")
    assert run("film.mp4", "-o", "out") == 0
    before = Path("out/film.mp4").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))
    try:
        assert run("film.mp4", "-o", "out") == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert capsys.readouterr().err.startswith("error: out/film.mp4: cannot be written: is the disk full? free some")
    assert Path("out/film.mp4").read_bytes() == before
    assert [path.name for path in Path("out").iterdir()] == ["film.mp4"]
