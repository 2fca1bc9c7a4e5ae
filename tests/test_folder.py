"""A folder of one's own pictures: every file is a face under a name that leads back to it, or refused with a reason."""

import io
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from emotion.data import folder
from emotion.data.folder import read_faces
from emotion.errors import InputError
from emotion.labels import EMOTIONS

RNG = np.random.default_rng(2)
NO_PICTURE = "no JPEG, PNG, WebP, BMP or GIF picture"


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder `mine`, named from the working folder, as params.yaml would."""
    monkeypatch.chdir(tmp_path)
    Path("mine").mkdir()
    return Path("mine")


def face() -> bytes:
    Image.fromarray(RNG.integers(0, 256, (48, 48), np.uint8)).save(buffer := io.BytesIO(), "PNG")
    return buffer.getvalue()


def put(root: Path, *paths: str, content: bytes | None = None) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(face() if content is None else content)


def names(root: Path) -> list[str]:
    """Return the names of all faces, having checked that no file was refused."""
    refused: folder.Refused = []
    faces = [name for name, _ in read_faces(root, refused)]
    assert refused == []
    return faces


def refusals(root: Path) -> dict[str, str]:
    refused: folder.Refused = []
    list(read_faces(root, refused))
    assert len(dict(refused)) == len(refused)
    return dict(refused)


def error(root: Path) -> str:
    with pytest.raises(InputError) as caught:
        list(read_faces(root, []))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_pictures_without_split_folders_have_no_official_split(mine: Path):
    put(mine, *(f"{emotion}/1.png" for emotion in EMOTIONS))
    assert names(mine) == [f"All/{emotion}/1.png" for emotion in EMOTIONS]


def test_split_folders_become_the_official_split(mine: Path):
    put(mine, "train/sad/1.png", "validation/sad/1.png", "test/sad/1.png")
    assert sorted(names(mine)) == ["Test/sad/1.png", "Training/sad/1.png", "Validation/sad/1.png"]


@pytest.mark.parametrize("validation", ["val", "valid", "Validation", "VAL"])
def test_folders_may_be_spelt_otherwise(mine: Path, validation: str):
    put(mine, "Train/Happy/1.png", f"{validation}/SAD/1.png")
    assert sorted(names(mine)) == ["Training/happy/1.png", "Validation/sad/1.png"]


def test_faces_have_the_pixels_of_their_files(mine: Path):
    put(mine, "sad/1.png", "sad/2.png", "happy/1.png")
    for name, content in read_faces(mine, []):
        with Image.open(io.BytesIO(content)) as stored, Image.open(mine / name.removeprefix("All/")) as given:
            assert stored.tobytes() == given.tobytes()


def test_files_stay_in_order_however_long_each_takes(mine: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(folder, "BATCH", 7)
    Image.fromarray(np.zeros((3000, 3000), np.uint8)).save(large := io.BytesIO(), "PNG")
    for number in range(20):
        put(mine, f"sad/{number:02}.png", content=large.getvalue() if number % 7 == 0 else face())
    assert names(mine) == [f"All/sad/{number:02}.png" for number in range(20)]


def test_names_lead_back_to_the_files(mine: Path):
    files = ["a b.png", "a.jpg", "a.png", 'it\'s "q", 1.png', "=1+1.png", "new\nline\r.png", "tab\t.png", "100%.png"]
    files += [
        "100%25.png",
        "笑顔.png",
        "улыбка.png",
        "e\u0301.png",
        "\u00e9.png",
        "😀.png",
        "\u202ex.png",
        "back\\slash.png",
    ]
    files += ["nosuffix", "sub/folder/a.png", "sub.png", os.fsdecode(b"\xff\xfe.png")]
    put(mine, *(f"sad/{file}" for file in files))
    found = names(mine)
    assert len(set(found)) == len(files)
    assert all(name.isprintable() and "\\" not in name for name in found)
    assert {"All/sad/a b.png", "All/sad/new%0Aline%0D.png", "All/sad/笑顔.png", "All/sad/sub/folder/a.png"} <= set(
        found
    )
    assert {unquote(name, errors="surrogateescape") for name in found} == {f"All/sad/{file}" for file in files}


def test_folders_that_differ_by_case_are_both_read(mine: Path):
    put(mine, "happy/1.png", "Happy/1.png", "happy/Happy/1.png", "sad/1.png")
    assert sorted(names(mine)) == [
        "All/happy/Happy/1.png",
        "All/happy/happy/1.png",
        "All/happy/happy/Happy/1.png",
        "All/sad/1.png",
    ]


def test_split_folders_that_mean_the_same_are_both_read(mine: Path):
    put(mine, "val/sad/1.png", "valid/sad/1.png", "train/sad/1.png")
    assert sorted(names(mine)) == [
        "Training/sad/1.png",
        "Validation/sad/val/sad/1.png",
        "Validation/sad/valid/sad/1.png",
    ]


def test_hidden_files_and_leftovers_are_passed_over(mine: Path):
    put(mine, "sad/1.png")
    put(mine, "sad/.DS_Store", "sad/._1.png", "sad/Thumbs.db", ".git/config", "__MACOSX/sad/1.png", content=b"")
    put(mine, "sad/.ipynb_checkpoints/1.png", "desktop.ini", content=b"")
    assert names(mine) == ["All/sad/1.png"]


@pytest.mark.parametrize("stranger", ["joy/1.png", "train/1.png", "data/train/sad/1.png", "happy 2/1.png"])
def test_a_folder_of_another_name_is_an_error_that_lists_the_emotions(mine: Path, stranger: str):
    put(mine, "sad/1.png", stranger)
    message = error(mine)
    assert message.startswith("mine/")
    assert ", ".join(EMOTIONS) in message


@pytest.mark.parametrize(
    ("stranger", "named"),
    [("test/joy/1.png", "mine/test/joy"), ("sad/1.png", "mine/sad"), ("test/train/sad/1.png", "mine/test/train")],
)
def test_a_folder_in_the_wrong_place_is_an_error_that_names_it(mine: Path, stranger: str, named: str):
    put(mine, "train/sad/1.png", stranger)
    assert error(mine).startswith(f"{named}: a folder of this name is not known here")


def test_a_file_that_cannot_be_used_is_named_with_its_reason_and_the_others_stay(mine: Path):
    put(mine, "sad/1.png", "train.png")
    put(mine, "sad/a.jpg", "happy/new\nline.jpg", content=b"text")
    put(mine, "README.txt", "happy/empty.png", content=b"")
    put(mine, "sad/cut.png", content=face()[:-300])
    refused: folder.Refused = []
    assert [name for name, _ in read_faces(mine, refused)] == ["All/sad/1.png"]
    assert sorted(refused) == [
        ("mine/README.txt", "not in a folder of an emotion"),
        ("mine/happy/empty.png", NO_PICTURE),
        ("mine/happy/new%0Aline.jpg", NO_PICTURE),
        ("mine/sad/a.jpg", NO_PICTURE),
        ("mine/sad/cut.png", "damaged picture"),
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


def test_links_to_nothing_and_to_themselves_are_refused(mine: Path):
    put(mine, "sad/1.png")
    (mine / "sad/nothing.png").symlink_to("nowhere.png")
    (mine / "sad/loop.png").symlink_to("loop.png")
    assert refusals(mine) == dict.fromkeys(["mine/sad/nothing.png", "mine/sad/loop.png"], "neither a file nor a folder")


def test_links_to_folders_are_not_followed(mine: Path):
    put(mine, "sad/1.png", "sad/sub/2.png", "happy/3.png")
    (mine / "sad/up").symlink_to("..")
    (mine / "sad/sub/here").symlink_to(".")
    (mine / "sad/other").symlink_to("../happy")
    reason = "a link to a folder: DVC would not notice what changes behind it"
    assert refusals(mine) == dict.fromkeys(["mine/sad/up", "mine/sad/sub/here", "mine/sad/other"], reason)


@pytest.mark.parametrize("place", ["fear", "train"])
def test_a_link_in_place_of_a_whole_emotion_or_split_is_an_error(mine: Path, place: str):
    put(mine, "train/sad/1.png" if place == "train" else "sad/1.png")
    put(Path("elsewhere"), "1.png", "sad/1.png")
    if place == "train":
        (mine / "train").rename("was")
    (mine / place).symlink_to("../elsewhere")
    assert error(mine).startswith(f"mine/{place}: a link to a folder: put the folder itself there")


def test_a_pipe_is_not_waited_for(mine: Path):
    put(mine, "sad/1.png")
    os.mkfifo(mine / "sad/2.png")
    assert refusals(mine) == {"mine/sad/2.png": "neither a file nor a folder"}


def test_what_may_not_be_read_is_refused():
    with tempfile.TemporaryDirectory() as readable:  # pytest's own folders are closed to other users
        root = Path(readable)
        put(root, "sad/1.png", "sad/2.png", "sad/closed/3.png", "sad/names/4.png")
        for path, mode in ((".", 0o755), ("sad/2.png", 0), ("sad/closed", 0), ("sad/names", 0o444)):
            (root / path).chmod(mode)
        # Root may read everything, so it becomes somebody else, who may not even import.
        code = (
            "import os, sys; from pathlib import Path; from emotion.data.folder import read_faces; refused = []\n"
            "from PIL import Image; Image.init()\n"
            "if os.getuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
            "print([name for name, _ in read_faces(Path(sys.argv[1]), refused)], *refused, sep='\\n')"
        )
        command = [sys.executable, "-c", code, readable]
        done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True)
        for path in ("closed", "names"):
            (root / "sad" / path).chmod(0o755)
    assert done.stdout.splitlines() == [
        "['All/sad/1.png']",
        str((f"{root}/sad/closed", "cannot be read: Permission denied")),
        str((f"{root}/sad/names/4.png", "neither a file nor a folder")),
        str((f"{root}/sad/2.png", "cannot be read: Permission denied")),
    ], done.stderr


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda root: root.rmdir(), "mine: nothing is there"),
        (lambda root: (root.rmdir(), root.write_bytes(b"PK")), "mine: a file, not a folder"),
        (lambda root: None, "mine: no picture that can be used (refused: none)"),
        (lambda root: (root / "sad").mkdir(), "mine: no picture that can be used (refused: none)"),
        (
            lambda root: put(root, "a.png"),
            "mine: no picture that can be used (refused: 1 x not in a folder of an emotion)",
        ),
        (
            lambda root: put(root, "sad/1.png", "sad/2.png", content=b"text"),
            f"mine: no picture that can be used (refused: 2 x {NO_PICTURE})",
        ),
    ],
    ids=["absent", "a file", "empty", "an empty emotion", "no emotion", "nothing usable"],
)
def test_where_nothing_can_be_used_is_an_error(mine: Path, prepare: Callable[[Path], object], message: str):
    prepare(mine)
    assert error(mine).startswith(message)


def test_a_folder_of_100_000_entries_is_read_piece_by_piece(mine: Path):
    put(mine, "sad/face.png", "happy/face.png")
    for number in range(100_000):
        if number % 50_000 == 0:  # a file can have 65,000 names
            put(mine, f"sad/{number}.jpg", content=bytes(8_000))
            first = mine / f"sad/{number}.jpg"
        else:
            os.link(first, f"{mine}/sad/{number}.jpg")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused: folder.Refused = []
    assert len(list(read_faces(mine, refused))) == 2
    assert len(refused) == 100_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB, of 800,000 that the files have
    shutil.rmtree(mine)  # pytest would keep it for three runs


def test_nothing_is_printed_about_odd_pictures(mine: Path, recwarn: pytest.WarningsRecorder):
    put(mine, "sad/1.png")
    Image.fromarray(np.zeros((10_000, 10_000), np.uint8)).save(mine / "sad/2.png")
    recwarn.clear()
    assert refusals(mine) == {"mine/sad/2.png": "more than 25,000,000 pixels"}
    assert not recwarn.list
