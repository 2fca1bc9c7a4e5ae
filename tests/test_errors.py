"""What a person can act on is one line and an exit code; a bug keeps its traceback."""

import errno
import os
import subprocess
import sys

import pytest

from emotion.core import errors
from emotion.core.errors import InputError
from tests.source import ROOT

BUGS = [KeyError("x"), TypeError("x"), OSError("nothing known"), OSError(errno.EBADF, "bad descriptor")]


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


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_keeps_its_traceback(bug: Exception):
    with pytest.raises(type(bug)):
        errors.run(failing(bug))


def test_ctrl_c_is_one_line_and_exit_code_130(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as stopped:
        errors.run(failing(KeyboardInterrupt()))
    assert stopped.value.code == 130
    assert capsys.readouterr().err.count("\n") == 1


def test_a_stage_called_with_other_arguments_than_its_own_says_its_usage():
    command = [sys.executable, "-m", "stages.evaluate", "cnn", "vgg16"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: usage: python -m stages.evaluate NAME\n"


def test_main_is_called_with_the_arguments_given():
    seen = []

    def main(model: str, folder: str = ".") -> None:
        seen.append((model, folder))

    errors.run(main, "cnn")
    errors.run(main, "cnn", "elsewhere")
    assert seen == [("cnn", "."), ("cnn", "elsewhere")]
    with pytest.raises(SystemExit, match=r"^error: usage: python -m [\w.]+ MODEL FOLDER$"):
        errors.run(main)
