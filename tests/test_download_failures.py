"""The download stage fails with one line and leaves the last outputs, or nothing."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from emotion.core.decoding import UNKNOWN
from emotion.core.errors import InputError
from stages import download as stage
from tests.downloading import change, folder
from tests.inputs import make_zip, put
from tests.source import ROOT

assert folder  # a fixture
COMMAND = [sys.executable, "-m", "stages.download"]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}


def run(*command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)


def test_a_failure_keeps_the_last_outputs(folder: Path):
    stage.main()
    before = (folder / "data/faces.zip").read_bytes()
    put(folder / "mine", "sad/1.png", content=b"text")
    change(source="folder", input="mine")
    with pytest.raises(InputError, match=re.escape(f"mine: no usable picture (refused: 1 x {UNKNOWN}")):
        stage.main()
    assert (folder / "data/faces.zip").read_bytes() == before
    assert (folder / "metrics/refused.csv").read_bytes() == b"name,reason\n"
    assert os.listdir(folder / "data") == ["faces.zip"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"inputs": "a.zip"}, "unknown key data.inputs; did you mean 'input'?"),
        ({"dataset": "../.."}, "data.dataset is '../..'"),
        ({"input": "other.zip"}, "other.zip: there is no such file"),
        ({"extra": "other"}, "other: there is no such folder: correct source, input or extra of `data`"),
        ({"crop": "faces"}, "data.crop is 'faces', which is for photographs in a folder: set data.crop to none"),
    ],
)
def test_wrong_params_are_one_line(folder: Path, values: dict[str, object], message: str):
    change(**values)
    with pytest.raises(InputError, match=re.escape(message)) as error:
        stage.main()
    assert "\n" not in str(error.value) and not list(folder.glob("data/*"))


def interrupted(folder: Path, number: int) -> tuple[int, str]:
    """Send a signal to the stage while it draws faces, and return its exit code and stderr."""
    change(source="sample", input="params.yaml", sample={"faces": 100_000, "seed": 7})
    # A shell starts what it puts into the background, this test perhaps, with Ctrl-C switched off.
    command = ["env", "--default-signal=INT", *COMMAND]
    process = subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    while not list(folder.glob("data/.tmp-*")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    _, stderr = process.communicate()
    return process.returncode, stderr


def test_a_killed_stage_leaves_no_archive(folder: Path):
    assert interrupted(folder, signal.SIGKILL)[0] == -signal.SIGKILL
    assert not (folder / "data/faces.zip").exists()
    change()
    stage.main()


def test_ctrl_c_leaves_nothing(folder: Path):
    code, stderr = interrupted(folder, signal.SIGINT)
    # Not always the last line: tqdm adds one of its own if the signal comes while its bar is created.
    assert code == 130 and any(line.startswith("interrupted") for line in stderr.splitlines())
    assert os.listdir(folder / "data") == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root can act as another user")
def test_a_folder_without_write_permission_is_one_line(folder: Path):
    readable = Path(tempfile.mkdtemp())  # pytest's own folders are closed to other users
    shutil.copytree(folder, readable, dirs_exist_ok=True)
    (readable / "data").mkdir()
    readable.chmod(0o755)
    # Another user may not be able to run this Python, so it becomes that user after its imports.
    code = "import os; from emotion.core import errors; from stages.download import main; "
    code += "os.setgroups([]); os.setgid(65534); os.setuid(65534); errors.run(main)"
    try:
        done = run(sys.executable, "-c", code, cwd=readable)
        assert os.listdir(readable / "data") == []
    finally:
        shutil.rmtree(readable)
    assert done.returncode == 1 and done.stderr.startswith("error: data/.tmp-") and done.stderr.count("\n") == 1
    assert "permission denied: change its owner or its permissions" in done.stderr


def test_a_full_disk_is_one_line(folder: Path):
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    make_zip(folder / "mine.zip", *((f"train/sad/{n}.jpg", os.urandom(1 << 19)) for n in range(4)))
    (folder / "data").mkdir()
    # Files on the small disk are visible from inside only.
    script = 'mount -t tmpfs -o size=1m none data || exit 9; "$@"; code=$?; ls -A data; exit $code'
    result = run("unshare", "-rm", "sh", "-c", script, "sh", *COMMAND)
    assert (result.returncode, result.stdout) == (1, "")
    assert "the disk is full: free some space and run the same command again" in result.stderr.splitlines()[-1]
