"""emotion predict: a picture from stdin, streams that are closed, and readers that leave early."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pasted import Capture, Run
from tests.predicting import rows, run
from tests.source import ROOT

assert run  # a fixture


def test_a_picture_is_read_from_stdin(run: Run, capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    for sent, code in ((Path("two.jpg").read_bytes(), 0), (b"hello", 1)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(sent)))
        assert run("-", "--csv") == code
    out, err = capsys.readouterr()
    assert out.count("\nstdin,") == 2 and err.startswith("error: stdin: not a picture in a supported format")


def piped(arguments: str, reader: str, **variables: str) -> tuple[int, str]:
    """Return exit code and stderr of the command, whose output goes to a reader that leaves early."""
    command = f"{sys.executable} -m emotion predict --model model.onnx {arguments} | {reader}"
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | variables
    done = subprocess.run(
        ["bash", "-c", f"{command}; exit ${{PIPESTATUS[0]}}"], env=environment, capture_output=True, text=True
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("arguments", ["two.jpg", "--help", "two.jpg >&-", "two.jpg none.png 2>&-"])
def test_a_reader_that_has_left_or_a_closed_stream_is_no_error(run: Run, arguments: str):
    assert piped(arguments, "true", PYTHONUNBUFFERED="") == (0, "")


def test_a_picture_from_a_closed_stdin_is_one_line(run: Run):
    assert piped("- <&-", "cat") == (1, "error: stdin: empty\n")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_left_hides_no_error(run: Run, unbuffered: str):
    Path("empty.jpg").touch()
    assert piped("empty.jpg -o out", "true", PYTHONUNBUFFERED=unbuffered) == (1, "error: empty.jpg: empty\n")


def test_files_are_finished_after_a_reader_has_left(run: Run):
    Path("many").mkdir()
    for number in range(300):  # more lines than the pipe and Python's buffer hold
        Path(f"many/{number:0200}.jpg").write_bytes(Path("none.png").read_bytes())
    assert piped("--detector whole many -o out --csv", "head -1") == (0, "")
    assert len(rows("out/results.csv")) == 300
