"""A folder of your own pictures: every file is a face whose name leads back to it, or refused with a reason."""

import io
import os
import shutil
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from emotion.core.decoding import DAMAGED
from emotion.core.decoding import UNKNOWN as NO_PICTURE
from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.sources import folder
from emotion.sources.naming import Found
from tests.inputs import face, put


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder `mine`, named from the working folder, as params.yaml would."""
    monkeypatch.chdir(tmp_path)
    Path("mine").mkdir()
    return Path("mine")


def read_faces(root: Path, found: Found | None = None, order: str = "fer2013") -> Iterator[tuple[str, bytes]]:
    return folder.read_faces(root, order, found or Found())


def names(root: Path) -> list[str]:
    """Return the names of all faces, having checked that no file was refused."""
    found = Found()
    faces = [name for name, _ in read_faces(root, found)]
    assert found.refused == []
    return faces


def refusals(root: Path) -> dict[str, str]:
    list(read_faces(root, found := Found()))
    assert len(dict(found.refused)) == len(found.refused)
    return dict(found.refused)


def error(root: Path) -> str:
    with pytest.raises(InputError) as caught:
        list(read_faces(root))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_faces_have_the_pixels_of_their_files(mine: Path):
    put(mine, "sad/1.png", "sad/2.png", "happy/1.png")
    for name, content in read_faces(mine):
        with Image.open(io.BytesIO(content)) as stored, Image.open(mine / name.removeprefix("All/")) as given:
            assert stored.tobytes() == given.tobytes()


def test_files_stay_in_order_however_long_each_takes(mine: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(folder, "BATCH", 7)
    Image.fromarray(np.zeros((3000, 3000), np.uint8)).save(large := io.BytesIO(), "PNG")
    for number in range(20):
        put(mine, f"sad/{number:02}.png", content=large.getvalue() if number % 7 == 0 else face())
    assert names(mine) == [f"All/sad/{number:02}.png" for number in range(20)]


def test_names_lead_back_to_the_files(mine: Path):
    files = ["a b.png", "a.jpg", "a.png", 'it\'s "q", 1.png', "=1+1.png", "new\nline\r.png", "tab\t.png", "100%.png",
             "100%25.png", "笑顔.png", "улыбка.png", "e\u0301.png", "\u00e9.png", "😀.png", "\u202ex.png",
             "back\\slash.png", "nosuffix", "sub/folder/a.png", "sub.png", os.fsdecode(b"\xff\xfe.png")]  # fmt: skip
    put(mine, *(f"sad/{file}" for file in files))
    found = names(mine)
    assert len(set(found)) == len(files)
    assert all(name.isprintable() and "\\" not in name for name in found)
    expected = {"All/sad/a b.png", "All/sad/new%0Aline%0D.png", "All/sad/笑顔.png", "All/sad/sub/folder/a.png"}
    assert expected <= set(found)
    assert {unquote(name, errors="surrogateescape") for name in found} == {f"All/sad/{file}" for file in files}


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (
            ["happy/1.png", "Happy/1.png", "happy/Happy/1.png", "sad/1.png"],
            ["All/happy/Happy/1.png", "All/happy/happy/1.png", "All/happy/happy/Happy/1.png", "All/sad/1.png"],
        ),
        (
            ["val/sad/1.png", "valid/sad/1.png", "train/sad/1.png"],
            ["Training/sad/1.png", "Validation/sad/val/sad/1.png", "Validation/sad/valid/sad/1.png"],
        ),
    ],
    ids=["case", "subset"],
)
def test_folders_of_the_same_meaning_are_all_read(mine: Path, paths: list[str], expected: list[str]):
    put(mine, *paths)
    assert sorted(names(mine)) == expected


@pytest.mark.parametrize(
    ("known", "unknown", "named"),
    [
        ("sad/1.png", "joy/1.png", "mine/joy"),
        ("sad/1.png", "train/1.png", "mine/train"),
        ("train/sad/1.png", "holdout/1.png", "mine/holdout"),
        ("sad/1.png", "joy/deeper/1.jpg", "mine/joy/deeper"),
    ],
)
def test_an_unknown_folder_is_an_error_that_lists_the_emotions(mine: Path, known: str, unknown: str, named: str):
    put(mine, known, unknown)
    message = error(mine)
    assert message.startswith(f"{named}: its name is not that of an emotion: its folders must be")
    assert ", ".join(EMOTIONS) in message


def test_an_unusable_file_is_refused_with_its_reason(mine: Path):
    put(mine, "sad/1.png", "train.png")
    put(mine, "sad/a.jpg", "happy/new\nline.jpg", content=b"text")
    put(mine, "README.txt", "happy/empty.png", content=b"")
    put(mine, "sad/cut.png", content=face()[:-300])
    found = Found()
    assert [name for name, _ in read_faces(mine, found)] == ["All/sad/1.png"]
    assert sorted(found.refused) == [
        ("mine/README.txt", "not in a folder of an emotion"),
        ("mine/happy/empty.png", "empty"),
        ("mine/happy/new%0Aline.jpg", NO_PICTURE),
        ("mine/sad/a.jpg", NO_PICTURE),
        ("mine/sad/cut.png", DAMAGED),
        ("mine/train.png", "not in a folder of an emotion"),
    ]


def test_a_file_too_large_to_be_a_picture_is_not_read(mine: Path):
    put(mine, "sad/1.png", "sad/2.png")
    os.truncate(mine / "sad/2.png", 1 << 40)  # takes no room on the disk
    assert refusals(mine) == {"mine/sad/2.png": "more than 67,108,864 bytes"}


def test_links_to_pictures_are_followed(mine: Path):
    put(Path("elsewhere"), "1.png")
    (mine / "sad").mkdir()
    (mine / "sad/link.png").symlink_to(Path("elsewhere/1.png").absolute())
    Path("root").symlink_to("mine")
    assert names(Path("root")) == ["All/sad/link.png"]


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


def test_a_folder_of_many_files_is_read_in_batches(mine: Path):
    put(mine, "sad/face.png", "happy/face.png")
    put(mine, "sad/first.jpg", content=bytes(100_000))
    for number in range(4_000):
        os.link(mine / "sad/first.jpg", mine / f"sad/{number}.jpg")
    tracemalloc.start()  # the process's own peak may be higher already
    assert len(list(read_faces(mine, found := Found()))) == 2
    assert len(found.refused) == 4_001
    assert tracemalloc.get_traced_memory()[1] < 200_000_000  # bytes, of 400 million that the files have
    tracemalloc.stop()
    shutil.rmtree(mine)  # pytest would keep it for three runs


def test_nothing_is_printed_about_odd_pictures(mine: Path, recwarn: pytest.WarningsRecorder):
    put(mine, "sad/1.png")
    Image.fromarray(np.zeros((10_000, 10_000), np.uint8)).save(mine / "sad/2.png")
    recwarn.clear()
    assert refusals(mine) == {"mine/sad/2.png": "more than 25,000,000 pixels: make it smaller"}
    assert not recwarn.list
