"""emotion score-many: each row is scored once, by any number of workers, whatever is killed."""

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from benchmarks import bulk_scoring
from benchmarks import results as benchmark_results
from emotion import EmotionClassifier
from emotion.apps.batch import cluster, parts, plan
from emotion.apps.batch.inputs import Inputs, Table
from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from tests.inputs import encoded
from tests.pasted import brightness_model, emotion_command, photograph
from tests.source import ROOT

Run = Callable[..., int]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `emotion score-many` in an empty folder, with a model that predicts by brightness; return the exit code."""
    monkeypatch.chdir(tmp_path)
    brightness_model(Path("model.onnx"))
    return lambda *arguments: emotion_command(monkeypatch, "score-many", "--model", "model.onnx", *arguments)


def shades(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 1, 1), np.uint8).repeat(48, 1).repeat(48, 2)


def raw_table(path: str, faces: np.ndarray, **options: int) -> None:
    """Write faces as the pipeline does, as fixed-size binary."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    pixels = pa.array([face.tobytes() for face in faces], pa.binary(48 * 48))
    pq.write_table(pa.table({"name": [f"{n}.png" for n in range(len(faces))], "pixels": pixels}), path, **options)


def rows(folder: str) -> list[dict]:
    """Return the rows of all parts, in the order of their names."""
    paths = sorted(Path(folder).glob("part-*.parquet"))
    return [row for path in paths for row in pq.read_table(path).to_pylist()]


def results(folder: str) -> dict[str, str]:
    """Return the MD5 of each file in and below a folder, unfinished ones of a killed run included."""
    files = (path for path in Path(folder).rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): hashlib.md5(path.read_bytes()).hexdigest() for path in files}


def test_predictions_of_raw_pixels_are_those_of_the_classifier(run: Run):
    faces = np.random.default_rng(1).integers(0, 256, (70, 48, 48), np.uint8) // 2 + shades(70) // 2
    raw_table("in/sub/a.parquet", faces[:30], row_group_size=7)
    raw_table("in/sub/b.parquet", faces[30:])
    assert run("in", "out", "--chunk", "20") == 0
    found = rows("out/scores")
    assert [(row["file"], row["row"]) for row in found] == [
        *(("sub/a.parquet", n) for n in range(30)),
        *(("sub/b.parquet", n) for n in range(40)),
    ]
    assert [row["name"] for row in found[28:32]] == ["28.png", "29.png", "0.png", "1.png"]
    assert [pq.read_metadata(path).num_rows for path in sorted(Path("out/scores").iterdir())] == [20, 10, 20, 20]
    expected = [result.faces[0] for result in EmotionClassifier("model.onnx", detector="whole").predict(list(faces))]
    assert [row["label"] for row in found] == [face.label for face in expected] and len({f.label for f in expected}) > 3
    for row, face in zip(found, expected, strict=True):
        assert (row["face"], row["left"], row["top"], row["width"], row["height"]) == (1, 0, 0, 48, 48)
        np.testing.assert_allclose([row[label] for label in EMOTIONS], list(face.probabilities.values()), atol=1e-6)


@pytest.mark.parametrize("nested", [False, True], ids=["bytes", "hugging face"])
def test_bad_rows_are_set_aside_with_a_reason_and_the_others_scored(run: Run, nested: bool):
    good = encoded(shades(1)[0])
    values = [good, None, good, b"", b"no picture", good, good[: len(good) // 2], good, good]
    Path("in").mkdir()
    column = pa.array(values, pa.binary())
    if nested:
        column = pa.array([{"bytes": value, "path": "x"} for value in values])
    pq.write_table(pa.table({"image": column}), "in/a.parquet", row_group_size=2)
    assert run("in", "out", "--chunk", "3") == 0
    assert [row["row"] for row in rows("out/scores")] == [0, 2, 5, 7, 8]
    aside = {row["row"]: row["reason"] for row in rows("out/set_aside")}
    assert list(aside) == [1, 3, 4, 6] and aside[1] == aside[3] == "empty"
    assert aside[4].startswith("not a picture in a") and aside[6].startswith("damaged")


def test_pixels_of_another_size_are_set_aside(run: Run):
    pq.write_table(pa.table({"pixels": pa.array([b"x" * 2304, b"x" * 100, None], pa.binary())}), "a.parquet")
    assert run("a.parquet", "out") == 0
    assert [row["row"] for row in rows("out/scores")] == [0]
    assert [row["reason"] for row in rows("out/set_aside")] == [
        "100 bytes instead of 2,304 gray pixels (48 x 48)",
        "empty",
    ]


def test_pictures_in_nested_folders_are_scored_in_order_of_their_names(run: Run, capsys: Capture):
    odd = os.fsdecode(b"c/\xff.png")
    for name in ("b.png", "a/deep/x.jpg", odd, ".hidden/y.png"):
        Path("in", name).parent.mkdir(parents=True, exist_ok=True)
        Path("in", name).write_bytes(encoded(shades(1)[0]))
    Path("in/a/bad.png").write_bytes(b"")
    assert run("in", "out", "--chunk", "2") == 0
    assert [row["file"] for row in rows("out/scores")] == ["a/deep/x.jpg", "b.png", "c/\\xff.png"]
    assert [(row["file"], row["reason"]) for row in rows("out/set_aside")] == [("a/bad.png", "empty")]
    message = "rows: 4; faces scored: 3 (out/scores); rows set aside: 1 (out/set_aside)\n"
    assert capsys.readouterr().out == message


def test_faces_in_photographs_are_detected(run: Run):
    Path("in").mkdir()
    Image.fromarray(photograph([(60, 100, 150), (380, 150, 180)])).save("in/two.png")
    Image.fromarray(photograph([])).save("in/none.png")
    assert run("in", "out", "--detector", "mtcnn") == 0
    found = rows("out/scores")
    assert [(row["file"], row["face"]) for row in found] == [("two.png", 1), ("two.png", 2)]
    assert 40 < found[0]["left"] < 100 and 360 < found[1]["left"] < 420
    assert [(row["file"], row["reason"]) for row in rows("out/set_aside")] == [("none.png", "no face found")]


def test_one_and_three_workers_write_the_same_bytes(run: Run):
    raw_table("in/a.parquet", shades(600), row_group_size=250)
    for workers in ("1", "3"):
        assert run("in", f"out{workers}", "--chunk", "70", "--workers", workers) == 0
    assert len(results("out1")) == 9 + 2 and results("out1") == results("out3")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_a_killed_run_resumes_and_loses_and_repeats_nothing(run: Run, tmp_path: Path, number: signal.Signals):
    raw_table("in/a.parquet", shades(8_000))
    command = ["score-many", "in", "out", "--chunk", "50", "--workers", "2", "--model", "model.onnx"]
    with Path("log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "emotion", *command], env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=log
        )
    while len(list(Path("out/scores").glob("part-*"))) < 8:
        assert process.poll() is None, Path("log").read_text()
        time.sleep(0.005)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    assert process.wait(60) == (130 if number == signal.SIGINT else -signal.SIGKILL)
    psutil.wait_procs(workers, 60)
    assert not [worker for worker in workers if worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE]
    if number == signal.SIGINT:
        assert Path("log").read_text().strip().splitlines()[-1].lower().startswith("interrupted")
        assert not [name for name in results("out") if ".tmp-" in name]
    before = {name: md5 for name, md5 in results("out").items() if ".tmp-" not in name}
    times = {name: Path("out", name).stat().st_mtime_ns for name in before if name.startswith("scores")}
    assert 8 <= len(before) < 162
    assert run(*command[1:-2]) == 0
    assert run("in", "whole", "--chunk", "50", "--workers", "1") == 0
    assert results("out") == results("whole") and before.items() <= results("out").items()
    assert times == {name: Path("out", name).stat().st_mtime_ns for name in times}, "finished parts stay"


def test_a_truncated_part_is_written_again(run: Run):
    raw_table("in/a.parquet", shades(30))
    assert run("in", "out", "--chunk", "10") == 0
    before = results("out")
    part = Path("out/scores/part-0000001.parquet")
    part.write_bytes(part.read_bytes()[:100])
    assert run("in", "out", "--chunk", "10") == 0
    assert results("out") == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: raw_table("in/b.parquet", shades(5)), "input was"),
        (lambda: raw_table("in/a.parquet", shades(31)[1:]), "input was"),
        (lambda: brightness_model(Path("model.onnx"), weights_md5="other"), "model was"),
        (lambda: ["--chunk", "11"], "chunk was 10, is 11"),
        (lambda: ["--detector", "mtcnn"], "detector was whole, is mtcnn"),
    ],
    ids=["file", "content", "model", "chunk", "detector"],
)
def test_a_folder_of_other_inputs_or_options_is_refused(run: Run, capsys: Capture, change: Callable, message: str):
    raw_table("in/a.parquet", shades(30))
    assert run("in", "out", "--chunk", "10") == 0
    before = results("out")
    others = change()
    capsys.readouterr()
    assert run("in", "out", "--chunk", "10", *(others if isinstance(others, list) else [])) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: out: was started with other inputs or options (") and message in line
    assert results("out") == before


def test_a_full_disk_is_one_line_and_finished_parts_are_kept(
    run: Run, capsys: Capture, monkeypatch: pytest.MonkeyPatch
):
    raw_table("in/a.parquet", shades(30))

    def full(_: int) -> None:
        if len(list(Path("out/scores").glob("part-*"))) == 2:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as context:
        context.setattr(parts.os, "fsync", full)
        assert run("in", "out", "--chunk", "10", "--workers", "1") == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: while writing: the disk is full")
    assert sorted(results("out/scores")) == ["part-0000000.parquet", "part-0000001.parquet"]
    assert run("in", "out", "--chunk", "10") == 0
    assert len(rows("out/scores")) == 30


def test_a_damaged_row_group_is_one_line_and_finished_parts_are_kept(run: Run, capsys: Capture):
    raw_table("in/a.parquet", shades(30), row_group_size=10)
    content = bytearray(Path("in/a.parquet").read_bytes())
    start = pq.read_metadata("in/a.parquet").row_group(2).column(1).data_page_offset
    content[start : start + 8] = b"\xff" * 8
    Path("in/a.parquet").write_bytes(content)
    assert run("in", "out", "--chunk", "10", "--workers", "1") == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("error: ") and "in/a.parquet: damaged: " in line
    assert len(rows("out/scores")) == 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "out"], "nowhere: there is no such file or folder"),
        (["empty", "out"], "empty: holds neither Parquet files"),
        (["mixed", "out"], "mixed: holds Parquet files and pictures"),
        (["bad.parquet", "out"], "bad.parquet: not a Parquet file"),
        (["rowless.parquet", "out"], "rowless.parquet: its Parquet files hold no rows"),
        (["text.parquet", "out"], "text.parquet: no column pixels, image, picture, bytes: name the pictures' column"),
        (["text.parquet", "out", "--column", "words"], "text.parquet: column words is of type string"),
        (["in", "in/out"], "in/out: lies inside the input"),
        (["in", "bad.parquet"], "bad.parquet: is, or lies below, a file"),
        (["in", "mixed"], "mixed: holds a.parquet and no manifest.json"),
        (["in", "out", "--ray", "127.0.0.1:1"], "--ray 127.0.0.1:1: nobody listens there (Connection refused)"),
        (["in", "out", "--ray", "nonsense"], "--ray nonsense: write HOST:PORT"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_impossible_request_is_one_line(run: Run, capsys: Capture, arguments: list[str], message: str):
    for folder in ("empty", "mixed"):
        Path(folder).mkdir()
    Path("mixed/b.png").write_bytes(encoded(shades(1)[0]))
    Path("bad.parquet").write_bytes(b"PAR1 not at all")
    pq.write_table(pa.table({"words": ["x"]}), "text.parquet")
    raw_table("rowless.parquet", shades(0))
    for path in ("mixed/a.parquet", "in/a.parquet"):
        raw_table(path, shades(3))
    assert run(*arguments) == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert len(lines) == 1 and lines[0].startswith(f"error: {message}")
    assert not Path("out/scores").exists()


def test_a_second_run_into_the_same_folder_is_refused(run: Run, capsys: Capture):
    raw_table("in/a.parquet", shades(3))
    with plan.locked(Path("out")):
        assert run("in", "out") == 1
    assert "out: another run writes there" in capsys.readouterr().err
    assert run("in", "out") == 0


def test_a_missing_library_is_a_line_that_names_the_remedy(run: Run, tmp_path: Path):
    (tmp_path / "pyarrow.py").write_text("raise ModuleNotFoundError('', name='pyarrow')")
    command = [sys.executable, "-m", "emotion", "score-many", "in", "out"]
    path = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    message = subprocess.run(command, env=path, capture_output=True, text=True).stderr
    remedy = "run `make setup` and use .venv/bin/python"
    assert message == f"error: score-many needs pyarrow, which is not installed: {remedy}\n"


@pytest.mark.parametrize("workers", [1, 3, 50])
def test_spans_cover_each_row_once_in_the_same_parts(workers: int):
    tables = (Table("a", "a", 1003), Table("b", "b", 0), Table("c", "c", 20))
    spans = plan.spans(Inputs(tables, "pixels", True, None, 3, ""), 10, workers)
    parts = {}
    for span in spans:
        start = span.start
        for number, rows_ in span.parts():
            assert number not in parts
            parts[number] = [(span.path, row) for row in range(start, start + rows_)]
            start += rows_
    assert sorted(parts) == list(range(103)) and max(map(len, parts.values())) == 10
    everything = [row for _, part in sorted(parts.items()) for row in part]
    assert everything == [("a", n) for n in range(1003)] + [("c", n) for n in range(20)]
    assert 1 <= len(spans) <= workers * plan.SPANS_PER_WORKER + 2


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", None])
def test_a_server_that_is_no_ray_cluster_is_reported_at_once(answer: bytes | None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cluster, "TIMEOUT", 0.3)

    def serve() -> socket.socket:
        connection, _ = server.accept()
        if answer is not None:
            connection.sendall(answer)
            with contextlib.suppress(OSError):  # who has read enough may have hung up first
                connection.shutdown(socket.SHUT_WR)
        return connection

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        connection = pool.submit(serve)
        with pytest.raises(InputError, match=r"^--ray 127.0.0.1:\d+: no Ray cluster responds there: "):
            cluster.require_head(f"127.0.0.1:{server.getsockname()[1]}")
        connection.result().close()


def test_a_cluster_writes_the_same_bytes(run: Run, capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster

    pictures = [encoded(photograph([(60, 100, 150), (380, 150, 180)])), *map(encoded, shades(20))]
    pq.write_table(pa.table({"image": pa.array(pictures, pa.binary())}), "a.parquet", row_group_size=7)
    options = ("a.parquet", "--detector", "mtcnn", "--chunk", "4")
    assert run(*options, "here", "--workers", "1") == 0
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 100_000_000})
    try:
        cluster.add_node(num_cpus=1, object_store_memory=100_000_000)
        assert run(*options, "out", "--ray", cluster.address) == 0
    finally:
        cluster.shutdown()
    assert results("out") == results("here")
    assert (len(rows("out/scores")), len(rows("out/set_aside"))) == (2, 20)


def test_the_benchmark_records_throughput_and_memory(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(benchmark_results, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(bulk_scoring, "PAUSE", 0.05)
    few = ("--faces", "300", "--own-faces", "200", "--ways", "processes", "--workers", "1")
    bulk_scoring.main("--model", "model.onnx", *few)
    summary = json.loads(Path("results.json").read_text())["bulk_scoring"]
    (measured,) = summary["runs"]
    assert measured["share"] == pytest.approx(measured["faces_s"] / summary["own_faces_s"], abs=1e-3)
    assert measured["most_mb"] > 30 and measured["seconds"] > 0
