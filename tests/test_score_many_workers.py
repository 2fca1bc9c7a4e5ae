"""emotion score-many: each row is scored once, by any number of workers, whatever is killed."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from emotion.apps.batch import parts, plan
from emotion.apps.batch.inputs import Inputs, Table
from tests.pasted import Capture, Run, brightness_model, start
from tests.scoring import raw_table, results, rows, run, shades

assert run  # a fixture


def test_one_and_three_workers_write_the_same_bytes(run: Run):
    raw_table("in/a.parquet", shades(600), row_group_size=250)
    for workers in ("1", "3"):
        assert run("in", f"out{workers}", "--chunk", "70", "--workers", workers) == 0
    assert len(results("out1")) == 9 + 2 and results("out1") == results("out3")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_a_killed_run_resumes_and_loses_and_repeats_nothing(run: Run, tmp_path: Path, number: signal.Signals):
    raw_table("in/a.parquet", shades(4_000))
    command = ["score-many", "in", "out", "--chunk", "50", "--workers", "2", "--model", "model.onnx"]
    process = start(*command)
    while len(list(Path("out/scores").glob("part-*"))) < 8:
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL)
    psutil.wait_procs(workers, 60)
    assert not [worker for worker in workers if worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE]
    if number == signal.SIGINT:
        assert errors.splitlines()[-1].startswith("interrupted")
        assert not [name for name in results("out") if ".tmp-" in name]
    before = {name: md5 for name, md5 in results("out").items() if ".tmp-" not in name}
    times = {name: Path("out", name).stat().st_mtime_ns for name in before if name.startswith("scores")}
    assert 8 <= len(before) < 82
    assert run(*command[1:-2]) == 0
    assert run("in", "whole", "--chunk", "50") == 0
    assert results("out") == results("whole") and before.items() <= results("out").items()
    assert times == {name: Path("out", name).stat().st_mtime_ns for name in times}, "finished parts stay"


@pytest.mark.parametrize("damage", [lambda part: part[:100], lambda part: b"\xff" * (len(part) - 8) + part[-8:]])
def test_a_damaged_part_is_written_again(run: Run, damage: Callable[[bytes], bytes]):
    raw_table("in/a.parquet", shades(30))
    assert run("in", "out", "--chunk", "10") == 0
    before = results("out")
    part = Path("out/scores/part-0000001.parquet")
    part.write_bytes(damage(part.read_bytes()))
    assert run("in", "out", "--chunk", "10") == 0
    assert results("out") == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: raw_table("in/b.parquet", shades(5)), "(input files: 1, now 2; input rows: 30, now 35)"),
        (lambda: raw_table("in/a.parquet", shades(31)[1:]), "(input: other contents)"),
        (lambda: brightness_model(Path("model.onnx"), weights_md5="other"), "(model: other contents)"),
        (lambda: ["--chunk", "11"], "(chunk: 10, now 11)"),
        (lambda: ["--detector", "mtcnn"], "(detector: whole, now mtcnn)"),
        (lambda: ["--model", "small"], "(model name: model.onnx, now emotion_small.onnx)"),
    ],
    ids=["file", "content", "model", "chunk", "detector", "name"],
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
        assert run("in", "out", "--chunk", "10") == 1
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
    assert run("in", "out", "--chunk", "10") == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("error: ") and "in/a.parquet: damaged: " in line
    assert len(rows("out/scores")) == 20


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_a_damaged_manifest_is_one_line(run: Run, capsys: Capture, content: bytes):
    raw_table("in/a.parquet", shades(3))
    Path("out").mkdir()
    Path("out/manifest.json").write_bytes(content)
    assert run("in", "out") == 1
    assert capsys.readouterr().err == "error: out/manifest.json: damaged: choose a new folder\n"


def test_a_second_run_into_the_same_folder_is_refused(run: Run, capsys: Capture):
    raw_table("in/a.parquet", shades(3))
    with plan.locked(Path("out")):
        assert run("in", "out") == 1
    assert "out: another run writes there" in capsys.readouterr().err
    assert run("in", "out") == 0


@pytest.mark.parametrize("workers", [1, 3, 50])
def test_spans_cover_each_row_once_in_the_same_parts(workers: int):
    tables = (Table("a", "a", 1003), Table("b", "b", 0), Table("c", "c", 20))
    spans = plan.spans(Inputs(tables, "pixels", True, None, 3, ""), 10, workers)
    covered = [(span.path, row) for span in spans for row in range(span.start, span.start + span.rows)]
    assert covered == [("a", row) for row in range(1003)] + [("c", row) for row in range(20)]
    sizes = [10] * 100 + [3] + [10] * 2
    assert [part for span in spans for part in span.parts()] == list(enumerate(sizes))
    assert len(spans) <= workers * plan.SPANS_PER_WORKER + 2
