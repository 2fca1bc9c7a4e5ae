"""What a person can act on is one line and an exit code; a bug keeps its traceback."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emotion import errors
from emotion.errors import InputError


def failing(error: BaseException):
    def main() -> None:
        raise error

    return main


def test_an_input_error_is_one_line_and_exit_code_1():
    with pytest.raises(SystemExit) as stopped:
        errors.run(failing(InputError("faces.zip: truncated: get it again")))
    assert stopped.value.code == "error: faces.zip: truncated: get it again"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.ENOENT, errno.EDQUOT])
def test_a_file_error_names_the_file_and_the_remedy(number: int):
    with pytest.raises(SystemExit) as stopped:
        errors.run(failing(OSError(number, os.strerror(number), "data/x.parquet")))
    message = str(stopped.value.code)
    assert message.startswith("error: data/x.parquet: ") and message.count("\n") == 0 and message.count(":") >= 3


@pytest.mark.parametrize("bug", [KeyError("x"), OSError("nothing known"), OSError(errno.EBADF, "bad descriptor")])
def test_a_bug_keeps_its_traceback(bug: Exception):
    with pytest.raises(type(bug)):
        errors.run(failing(bug))


def test_ctrl_c_in_a_stage_is_one_line_and_leaves_no_file(tmp_path: Path, root: Path):
    (tmp_path / "params.yaml").write_text(
        "data: {source: sample, input: params.yaml, dataset: a/b, sample: {faces: 100000, seed: 7}}\n"
    )
    command = [sys.executable, "-m", "stages.download"]
    environment = os.environ | {"PYTHONPATH": str(root)}
    stage = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    while not list(tmp_path.glob("data/.tmp-*")):
        assert stage.poll() is None
        time.sleep(0.05)
    stage.send_signal(signal.SIGINT)
    stderr = stage.communicate(timeout=60)[1]
    assert stage.returncode == 130
    assert "interrupted: nothing is lost" in stderr and "Traceback" not in stderr
    assert list(tmp_path.glob("data/*")) == [] == list(tmp_path.glob("data/.tmp-*"))
