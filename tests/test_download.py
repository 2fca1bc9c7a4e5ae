"""The download stage as DVC runs it: a command in a folder with params.yaml, then an archive or a one-line error."""

import csv
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

from emotion.core.decoding import UNKNOWN
from tests.inputs import DATA, GRAY, HEADER, make_zip, put

REPOSITORY = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "stages.download"]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(REPOSITORY)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with params.yaml and a zip of two faces."""
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"data": DATA}))
    make_zip(tmp_path / "mine.zip", ("train/sad/Training_1.jpg", b"one"), ("test/sad/PrivateTest_2.jpg", b"two"))
    return tmp_path


def change(folder: Path, **values: object):
    (folder / "params.yaml").write_text(yaml.safe_dump({"data": DATA | values}))


def download(folder: Path, command: list[str] = COMMAND, **options: object) -> subprocess.CompletedProcess[str]:
    options = {"env": ENVIRONMENT, **options}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, **options)


def failure(folder: Path, command: list[str] = COMMAND, **options: object) -> str:
    """Return the one-line error of the stage, having checked that it left nothing behind."""
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


def test_a_zip_becomes_the_archive(folder: Path):
    result = download(folder)
    assert result.stdout.splitlines() == [
        "data/faces.zip: 2 faces from zip",
        "train: 1 face from train; test: 1 face from test/PrivateTest_*; "
        "validation: drawn from train by the stage split",
    ]
    assert names(folder) == ["PrivateTest/sad/PrivateTest_2.jpg", "Training/sad/Training_1.jpg"]
    assert (folder / "metrics/refused.csv").read_bytes() == b"name,reason\n"


def test_a_folder_becomes_the_archive_and_lists_unusable_files(folder: Path):
    put(folder / "mine", "happy/1.jpg", "Sad/2.png", "sad/new\nline, too.bmp")
    put(folder / "mine", "Sad/3.jpg", 'happy/"a", b.jpg', content=b"text")
    change(folder, source="folder", input="mine")
    result = download(folder)
    assert result.stdout.splitlines() == [
        "data/faces.zip: 3 faces from folder",
        "3 faces in no subset: set split.method to stratified",
        f"2 files or rows are not used (2 x {UNKNOWN}): see metrics/refused.csv",
    ]
    assert result.stderr == ""
    assert names(folder) == ["All/happy/1.jpg", "All/sad/Sad/2.png", "All/sad/sad/new%0Aline, too.bmp"]
    assert refused(folder) == [["name", "reason"], ["mine/Sad/3.jpg", UNKNOWN], ['mine/happy/"a", b.jpg', UNKNOWN]]


def test_a_folder_gives_the_same_bytes_whatever_its_order_on_disk(folder: Path):
    for number in range(40):
        put(folder / "mine", f"happy/{39 - number}.png", f"sad/{number}.png")
    put(folder / "mine", *(f"sad/{number}.jpg" for number in range(9, 0, -1)), content=b"text")
    change(folder, source="folder", input="mine")
    outputs = set()
    for _ in range(2):
        assert download(folder).returncode == 0
        outputs.add(tuple((folder / name).read_bytes() for name in ("data/faces.zip", "metrics/refused.csv")))
        shutil.copytree(folder / "mine", folder / "copy")
        shutil.rmtree(folder / "mine")
        (folder / "copy").rename(folder / "mine")
    assert len(outputs) == 1


@pytest.mark.parametrize(
    ("table", "order", "printed"),
    [
        (f"3,{GRAY},Training\n6,{GRAY},PublicTest\n", "fer2013", "train: 1 face from Usage Training; validation: 1"),
        (f"0,{GRAY},Training\n1,{GRAY},test\n7,{GRAY},test\n", "affectnet", "1 x labelled contempt, which is not one"),
        (f"Anger,{GRAY},train\nhappiness,{GRAY},dev\n", "rafdb", "validation: 1 face from Usage dev"),
    ],
)
def test_a_csv_may_name_or_number_its_labels(folder: Path, table: str, order: str, printed: str):
    (folder / "mine.csv").write_text(HEADER + table)
    change(folder, input="mine.csv", label_order=order)
    result = download(folder)
    assert printed in result.stdout, result.stderr
    assert len(names(folder)) == 2


@pytest.mark.parametrize("kind", ["zip", "csv", "folder"])
def test_extra_faces_are_named_so_whatever_their_subset(folder: Path, kind: str):
    if kind == "zip":
        paths = ("train/sad/Training_1.jpg", "test/sad/1.jpg", "train/sad/1.jpg")
        make_zip(folder / "more", *((path, path.encode()) for path in paths))
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


def test_a_failure_keeps_the_last_outputs(folder: Path):
    assert download(folder).returncode == 0
    before = (folder / "data/faces.zip").read_bytes()
    put(folder / "mine", "sad/1.png", content=b"text")
    change(folder, source="folder", input="mine")
    result = download(folder)
    assert result.returncode == 1
    assert f"mine: no usable picture (refused: 1 x {UNKNOWN}" in result.stderr
    assert (folder / "data/faces.zip").read_bytes() == before
    assert (folder / "metrics/refused.csv").read_bytes() == b"name,reason\n"
    assert os.listdir(folder / "data") == ["faces.zip"]


def test_drawn_faces_become_the_same_archive_every_time(folder: Path):
    change(folder, source="sample", input="params.yaml")
    assert download(folder).returncode == 0
    first = (folder / "data/faces.zip").read_bytes()
    assert len(names(folder)) == 70
    assert download(folder).returncode == 0
    assert (folder / "data/faces.zip").read_bytes() == first


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"inputs": "a.zip"}, "unknown key data.inputs; did you mean 'input'?"),
        ({"dataset": "../.."}, "data.dataset is '../..'"),
        ({"input": "other.zip"}, "other.zip: there is no such file"),
        ({"input": "params.yaml"}, "params.yaml: truncated, damaged or not a zip"),
        ({"input": "."}, ".: a folder, not a zip: set data.source to folder"),
        ({"source": "folder"}, "mine.zip: a file, not a folder: correct source, input or extra of `data`"),
        ({"source": "folder", "input": "other"}, "other: there is no such folder"),
        ({"extra": "other"}, "other: there is no such folder"),
        ({"crop": "faces"}, "data.crop is 'faces', which is for photographs in a folder: set data.crop to none"),
    ],
)
def test_wrong_params_are_one_line(folder: Path, values: dict[str, object], message: str):
    change(folder, **values)
    assert message in failure(folder)


def interrupted(folder: Path, number: int) -> tuple[int, str]:
    """Send a signal to the stage while it draws faces, and return its exit code and stderr."""
    change(folder, source="sample", input="params.yaml", sample={"faces": 100_000, "seed": 7})
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
    change(folder)
    assert download(folder).returncode == 0


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
        message = failure(readable, [sys.executable, "-c", code])
    finally:
        shutil.rmtree(readable)
    assert "data/.tmp-" in message
    assert "permission denied: change its owner or its permissions" in message


def test_a_full_disk_is_one_line(folder: Path):
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    make_zip(folder / "mine.zip", *((f"train/sad/{n}.jpg", os.urandom(1 << 19)) for n in range(4)))
    (folder / "data").mkdir()
    # Files on the small disk are visible from inside only.
    script = 'mount -t tmpfs -o size=1m none data || exit 9; "$@"; code=$?; ls -A data; exit $code'
    result = download(folder, ["unshare", "-rm", "sh", "-c", script, "sh", *COMMAND])
    assert result.returncode == 1
    assert result.stdout == ""
    assert "the disk is full: free some space and run the same command again" in result.stderr.splitlines()[-1]
