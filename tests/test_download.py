"""The download stage as DVC runs it: a command in a folder with params.yaml, one archive or one line of complaint."""

import csv
import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import pytest
import yaml
from test_folder import put
from test_kaggle import environment, server  # noqa: F401
from test_layouts import GRAY, HEADER, make_zip

REPOSITORY = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "stages.download"]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(REPOSITORY)}
DATA = {
    "source": "zip",
    "input": "mine.zip",
    "crop": "none",
    "dataset": "msambare/fer2013",
    "sample": {"faces": 70, "seed": 7},
    "extra": "params/none.csv",
    "exclude": "params/none.csv",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with params.yaml and a zip of two faces."""
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"data": DATA}))
    make_zip(tmp_path / "mine.zip", ("train/sad/Training_1.jpg", b"one"), ("test/sad/PrivateTest_2.jpg", b"two"))
    return tmp_path


def change(folder: Path, **values: object) -> None:
    (folder / "params.yaml").write_text(yaml.safe_dump({"data": DATA | values}))


def download(folder: Path, command: list[str] = COMMAND, **options: object) -> subprocess.CompletedProcess[str]:
    options = {"env": ENVIRONMENT, **options}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, **options)


def failure(folder: Path, command: list[str] = COMMAND, **options: object) -> str:
    """Return the one line in which the stage tells what is wrong, having checked that it left nothing behind."""
    result = download(folder, command, **options)
    lines = result.stderr.splitlines()
    assert result.returncode == 1
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("error: ")
    assert not (folder / "data").exists() or os.listdir(folder / "data") == []
    return lines[0]


def names(folder: Path) -> list[str]:
    return zipfile.ZipFile(folder / "data/faces.zip").namelist()


def refused(folder: Path) -> list[list[str]]:
    with open(folder / "metrics/refused.csv", newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_a_zip_becomes_the_archive(folder: Path) -> None:
    result = download(folder)
    assert result.stdout == "data/faces.zip: 2 faces from zip\n"
    assert names(folder) == ["PrivateTest/sad/PrivateTest_2.jpg", "Training/sad/Training_1.jpg"]
    assert (folder / "metrics/refused.csv").read_bytes() == b"name,reason\n"


def test_a_folder_becomes_the_archive_and_tells_what_it_cannot_use(folder: Path) -> None:
    put(folder / "mine", "happy/1.jpg", "Sad/2.png", "sad/new\nline, too.bmp")
    put(folder / "mine", "Sad/3.jpg", 'happy/"a", b.jpg', content=b"text")
    change(folder, source="folder", input="mine")
    result = download(folder)
    assert result.stdout == (
        "data/faces.zip: 3 faces from folder\n2 files cannot be used: metrics/refused.csv tells which and why\n"
    )
    assert result.stderr == ""
    assert names(folder) == ["All/happy/1.jpg", "All/sad/Sad/2.png", "All/sad/sad/new%0Aline, too.bmp"]
    reason = "no JPEG, PNG, WebP, BMP or GIF picture"
    assert refused(folder) == [["name", "reason"], ["mine/Sad/3.jpg", reason], ['mine/happy/"a", b.jpg', reason]]


def test_a_folder_gives_the_same_bytes_every_time(folder: Path) -> None:
    for number in range(40):
        put(folder / "mine", f"happy/{39 - number}.png", f"sad/{number}.png")
    put(folder / "mine", *(f"sad/{number}.jpg" for number in range(9, 0, -1)), content=b"text")
    change(folder, source="folder", input="mine")
    outputs = set()
    for copy in ("mine", "copy"):  # a copy's files stand on the disk in another order
        if copy == "copy":
            shutil.copytree(folder / "mine", folder / "copy")
            shutil.rmtree(folder / "mine")
            (folder / "copy").rename(folder / "mine")
        assert download(folder).returncode == 0
        outputs.add(tuple((folder / name).read_bytes() for name in ("data/faces.zip", "metrics/refused.csv")))
    assert len(outputs) == 1


@pytest.mark.parametrize("kind", ["zip", "csv", "folder"])
def test_extra_faces_join_as_such_whatever_part_they_had(folder: Path, kind: str) -> None:
    if kind == "zip":
        make_zip(
            folder / "more", ("train/sad/Training_1.jpg", b"1"), ("test/sad/1.jpg", b"2"), ("train/sad/1.jpg", b"3")
        )
        expected = ["Extra/sad/Test/1.jpg", "Extra/sad/Training/1.jpg", "Extra/sad/Training/Training_1.jpg"]
    elif kind == "csv":
        (folder / "more.csv").write_text(HEADER + f"4,{GRAY},Training\n4,{GRAY},PrivateTest\n")
        expected = ["Extra/sad/PrivateTest/PrivateTest_00000002.png", "Extra/sad/Training/Training_00000001.png"]
    else:
        put(folder / "more", "train/sad/1.png", "test/sad/1.png", "test/sad/sub/1.png")
        put(folder / "more", "test/sad/2.png", content=b"text")
        expected = ["Extra/sad/Test/1.png", "Extra/sad/Test/sub/1.png", "Extra/sad/Training/1.png"]
    change(folder, extra="more.csv" if kind == "csv" else "more")
    result = download(folder)
    assert result.stdout.startswith(f"data/faces.zip: {2 + len(expected)} faces from zip and more")
    assert names(folder) == [*expected, "PrivateTest/sad/PrivateTest_2.jpg", "Training/sad/Training_1.jpg"]
    assert len(refused(folder)) == (2 if kind == "folder" else 1)


def test_a_failure_leaves_what_was_there(folder: Path) -> None:
    assert download(folder).returncode == 0
    before = (folder / "data/faces.zip").read_bytes()
    put(folder / "mine", "sad/1.png", content=b"text")
    change(folder, source="folder", input="mine")
    result = download(folder)
    assert result.returncode == 1
    assert "mine: no picture that can be used (refused: 1 x no JPEG" in result.stderr
    assert (folder / "data/faces.zip").read_bytes() == before
    assert (folder / "metrics/refused.csv").read_bytes() == b"name,reason\n"
    assert os.listdir(folder / "data") == ["faces.zip"]


def test_a_bare_csv_becomes_the_archive(folder: Path) -> None:
    (folder / "mine.csv").write_text(HEADER + f"4,{GRAY},Training\n")
    change(folder, input="mine.csv")
    assert download(folder).returncode == 0
    assert names(folder) == ["Training/sad/Training_00000001.png"]


def test_kaggle_becomes_the_archive(folder: Path, server, environment: dict[str, str]) -> None:  # noqa: F811
    server.content = (folder / "mine.zip").read_bytes()
    change(folder, source="kaggle", input="params.yaml")
    result = download(folder, env=environment | {"KAGGLE_USERNAME": "me", "KAGGLE_KEY": "secret"})
    assert result.stdout == "data/faces.zip: 2 faces from kaggle\n"
    assert names(folder) == ["PrivateTest/sad/PrivateTest_2.jpg", "Training/sad/Training_1.jpg"]
    server.seen.clear()
    assert download(folder, env=environment).returncode == 0  # what was downloaded once is enough
    assert server.seen == []


def test_drawn_faces_become_the_same_archive_every_time(folder: Path) -> None:
    change(folder, source="sample", input="params.yaml")
    assert download(folder).returncode == 0
    first = (folder / "data/faces.zip").read_bytes()
    assert len(names(folder)) == 70
    assert download(folder).returncode == 0
    assert (folder / "data/faces.zip").read_bytes() == first


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"source": "zipp"}, "data.source is 'zipp'"),
        ({"inputs": "a.zip"}, "unknown key data.inputs; did you mean 'input'?"),
        ({"dataset": "../.."}, "data.dataset is '../..'"),
        ({"sample": {"faces": 70, "sed": 7}}, "unknown key data.sample.sed; did you mean 'seed'?"),
        ({"input": "other.zip"}, "other.zip: no file is there"),
        ({"input": "params.yaml"}, "params.yaml: truncated, damaged or not a zip"),
        ({"input": "."}, ".: a folder, not a zip: set data.source to folder"),
        ({"source": "folder"}, "mine.zip: a file, not a folder: look at source, input and extra of `data`"),
        ({"source": "folder", "input": "other"}, "other: nothing is there"),
        ({"extra": "other"}, "other: nothing is there"),
        ({"crop": "faces"}, "data.crop is 'faces', which is for photographs in a folder: set data.crop to none"),
        ({"crop": "face"}, "data.crop is 'face'"),
        ({"extra": "params.yaml"}, "params.yaml: truncated, damaged or not a zip"),
    ],
)
def test_wrong_params_are_one_line(folder: Path, values: dict[str, object], message: str) -> None:
    change(folder, **values)
    assert message in failure(folder)


def test_two_pictures_with_one_name_are_one_line(folder: Path) -> None:
    make_zip(folder / "mine.zip", ("a/train/sad/1.jpg", b"one"), ("b/train/sad/1.jpg", b"two"))
    assert "Training/sad/1.jpg: two pictures have this name" in failure(folder)


def test_a_killed_stage_leaves_no_archive(folder: Path) -> None:
    change(folder, source="sample", input="params.yaml", sample={"faces": 100_000, "seed": 7})
    process = subprocess.Popen(COMMAND, cwd=folder, env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    while not list(folder.glob("data/.tmp-*")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (folder / "data/faces.zip").exists()
    change(folder)
    assert download(folder).returncode == 0


def test_ctrl_c_leaves_nothing(folder: Path) -> None:
    change(folder, source="sample", input="params.yaml", sample={"faces": 100_000, "seed": 7})
    # A shell starts what it puts into the background, this test perhaps, with Ctrl-C switched off.
    terminal = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(
        COMMAND, cwd=folder, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True, preexec_fn=terminal
    )
    while not list(folder.glob("data/.tmp-*")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate()
    assert process.returncode == 130
    assert "interrupted" in complaint.splitlines()[-1]
    assert os.listdir(folder / "data") == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root can act as another user")
def test_a_folder_that_may_not_be_written_is_one_line(folder: Path) -> None:
    readable = Path(tempfile.mkdtemp())  # pytest's own folders are closed to other users
    shutil.copytree(folder, readable, dirs_exist_ok=True)
    (readable / "data").mkdir()
    readable.chmod(0o755)
    # The other user need not be able to run this Python, so it becomes that user after its imports.
    code = "import os; from emotion import errors; from stages.download import main; "
    code += "os.setgroups([]); os.setgid(65534); os.setuid(65534); errors.run(main)"
    try:
        message = failure(readable, [sys.executable, "-c", code])
    finally:
        shutil.rmtree(readable)
    assert "data/.tmp-" in message
    assert "permission denied: change its owner or its permissions" in message


def test_a_full_disk_is_one_line(folder: Path) -> None:
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    make_zip(folder / "mine.zip", *((f"train/sad/{n}.jpg", os.urandom(1 << 19)) for n in range(4)))
    (folder / "data").mkdir()
    # The stage's own exit code and what it left are told from inside, where the small disk is.
    script = 'mount -t tmpfs -o size=1m none data || exit 9; "$@"; code=$?; ls -A data; exit $code'
    result = download(folder, ["unshare", "-rm", "sh", "-c", script, "sh", *COMMAND])
    assert result.returncode == 1
    assert result.stdout == ""
    assert "the disk is full: free some space and run the same command again" in result.stderr.splitlines()[-1]
