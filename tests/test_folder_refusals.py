"""A folder of your own pictures: a file that is no face is refused with a reason, one without a face is an error."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion.core.decoding import UNKNOWN as NO_PICTURE
from tests.folders import error, mine, refusals
from tests.inputs import put

assert mine  # a fixture


def test_a_file_too_large_to_be_a_picture_is_not_read(mine: Path):
    put(mine, "sad/1.png", "sad/2.png")
    os.truncate(mine / "sad/2.png", 1 << 40)  # takes no room on the disk
    assert refusals(mine) == {"mine/sad/2.png": "more than 67,108,864 bytes"}


def test_pipes_and_links_to_nothing_or_themselves_are_refused(mine: Path):
    put(mine, "sad/1.png")
    (mine / "sad/nothing.png").symlink_to("nowhere.png")
    (mine / "sad/loop.png").symlink_to("loop.png")
    os.mkfifo(mine / "sad/pipe.png")
    refused = [f"mine/sad/{name}.png" for name in ("nothing", "loop", "pipe")]
    assert refusals(mine) == dict.fromkeys(refused, "neither a file nor a folder")


def test_links_to_folders_are_not_followed(mine: Path):
    put(mine, "sad/1.png", "sad/sub/2.png", "happy/3.png")
    (mine / "sad/up").symlink_to("..")
    (mine / "sad/sub/here").symlink_to(".")
    (mine / "sad/other").symlink_to("../happy")
    links = ["mine/sad/up", "mine/sad/sub/here", "mine/sad/other"]
    assert refusals(mine) == dict.fromkeys(links, "a link to a folder: replace it by the folder")


@pytest.mark.parametrize("place", ["fear", "train"])
def test_a_link_instead_of_a_whole_emotion_or_subset_is_an_error(mine: Path, place: str):
    put(mine, "train/sad/1.png" if place == "train" else "sad/1.png")
    put(Path("elsewhere"), "1.png", "sad/1.png")
    if place == "train":
        (mine / "train").rename("was")
    (mine / place).symlink_to("../elsewhere")
    assert error(mine).startswith(f"mine/{place}: a link to a folder: replace it by the folder")


def test_files_and_folders_without_permission_are_refused():
    with tempfile.TemporaryDirectory() as readable:  # pytest's own folders are closed to other users
        root = Path(readable)
        put(root, "sad/1.png", "sad/2.png", "sad/closed/3.png", "sad/names/4.png")
        for path, mode in ((".", 0o755), ("sad/2.png", 0), ("sad/closed", 0), ("sad/names", 0o444)):
            (root / path).chmod(mode)
        # Root may read everything, so it becomes another user, who may not even import.
        code = (
            "import os, sys; from pathlib import Path; from emotion.sources.folder import read_faces\n"
            "from emotion.sources.naming import Found; found = Found()\n"
            "from PIL import Image; Image.init()\n"
            "if os.getuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
            "names = [name for name, _ in read_faces(Path(sys.argv[1]), 'fer2013', found)]\n"
            "print(names, *sorted(found.refused), sep='\\n')"
        )
        command = [sys.executable, "-c", code, readable]
        done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True)
        for path in ("closed", "names"):
            (root / "sad" / path).chmod(0o755)
    assert done.stdout.splitlines() == [
        "['All/sad/1.png']",
        str((f"{root}/sad/2.png", "cannot be read: Permission denied")),
        str((f"{root}/sad/closed", "cannot be read: Permission denied")),
        str((f"{root}/sad/names/4.png", "neither a file nor a folder")),
    ], done.stderr


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda root: root.rmdir(), "mine: there is no such folder"),
        (lambda root: (root.rmdir(), root.write_bytes(b"PK")), "mine: a file, not a folder"),
        (lambda root: None, "mine: no usable picture (refused: none)"),
        (lambda root: (root / "sad").mkdir(), "mine: no usable picture (refused: none)"),
        (lambda root: put(root, "a.png"), "mine: no usable picture (refused: 1 x not in a folder of an emotion)"),
        (
            lambda root: put(root, "sad/1.png", "sad/2.png", content=b"text"),
            f"mine: no usable picture (refused: 2 x {NO_PICTURE})",
        ),
    ],
    ids=["absent", "a file", "empty", "an empty emotion", "no emotion", "nothing usable"],
)
def test_a_folder_without_a_usable_picture_is_an_error(mine: Path, prepare: Callable[[Path], object], message: str):
    prepare(mine)
    assert error(mine).startswith(message)


def test_nothing_is_printed_about_odd_pictures(mine: Path, recwarn: pytest.WarningsRecorder):
    put(mine, "sad/1.png")
    Image.fromarray(np.zeros((10_000, 10_000), np.uint8)).save(mine / "sad/2.png")
    recwarn.clear()
    assert refusals(mine) == {"mine/sad/2.png": "more than 25,000,000 pixels: make it smaller"}
    assert not recwarn.list
