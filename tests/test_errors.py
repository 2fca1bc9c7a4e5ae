"""What a person can act on is one line and an exit code; a bug keeps its traceback."""

import errno
import os

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


def test_ctrl_c_is_one_line_and_exit_code_130(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as stopped:
        errors.run(failing(KeyboardInterrupt()))
    assert stopped.value.code == 130
    assert capsys.readouterr().err.count("\n") == 1
