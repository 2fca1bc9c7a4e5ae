"""The download stage: faces of a zip, a CSV file, a folder or drawn ones become the same archive."""

import csv
import zipfile
from pathlib import Path

import pytest

from emotion.core.decoding import DAMAGED, UNKNOWN
from emotion.sources.naming import OUTSIDE
from stages import download
from tests.downloading import change, folder
from tests.inputs import GRAY, HEADER, face, make_zip, put

assert folder  # a fixture
Capture = pytest.CaptureFixture[str]


def names() -> list[str]:
    return zipfile.ZipFile("data/faces.zip").namelist()


def refused() -> list[list[str]]:
    with open("metrics/refused.csv", newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_a_zip_becomes_the_archive(folder: Path, capsys: Capture):
    download.main()
    assert capsys.readouterr().out.splitlines() == [
        "data/faces.zip: 2 faces from zip",
        "train: 1 face from train; test: 1 face from test/PrivateTest_*; "
        "validation: drawn from train by the stage split",
    ]
    assert names() == ["PrivateTest/sad/PrivateTest_2.jpg", "Training/sad/Training_1.jpg"]
    assert (folder / "metrics/refused.csv").read_bytes() == b"name,reason\n"


def test_a_folder_becomes_the_archive_and_lists_unusable_files(folder: Path, capsys: Capture):
    put(folder / "mine", "happy/1.jpg", "Sad/2.png", "sad/new\nline, too.bmp")
    put(folder / "mine", "z.txt", "Sad/3.jpg", 'happy/"a", b.jpg', content=b"text")
    put(folder / "mine", "happy/empty.png", content=b"")
    put(folder / "mine", "sad/cut.png", content=face()[:-300])
    change(source="folder", input="mine")
    download.main()
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines() == [
        "data/faces.zip: 3 faces from folder",
        "3 faces in no subset: set split.method to stratified",
        f"5 files or rows are not used (1 x {DAMAGED}; 1 x empty; 2 x {UNKNOWN}; 1 x {OUTSIDE}): "
        "see metrics/refused.csv",
    ]
    assert names() == ["All/happy/1.jpg", "All/sad/Sad/2.png", "All/sad/sad/new%0Aline, too.bmp"]
    assert refused() == [
        ["name", "reason"],
        ["mine/Sad/3.jpg", UNKNOWN],
        ['mine/happy/"a", b.jpg', UNKNOWN],
        ["mine/happy/empty.png", "empty"],
        ["mine/sad/cut.png", DAMAGED],
        ["mine/z.txt", OUTSIDE],
    ]


@pytest.mark.parametrize(
    ("table", "order", "printed"),
    [
        (f"3,{GRAY},Training\n6,{GRAY},PublicTest\n", "fer2013", "train: 1 face from Usage Training; validation: 1"),
        (f"0,{GRAY},Training\n1,{GRAY},test\n7,{GRAY},test\n", "affectnet", "1 x labelled contempt, which is not one"),
        (f"Anger,{GRAY},train\nhappiness,{GRAY},dev\n", "rafdb", "validation: 1 face from Usage dev"),
    ],
)
def test_a_csv_may_name_or_number_its_labels(folder: Path, table: str, order: str, printed: str, capsys: Capture):
    (folder / "mine.csv").write_text(HEADER + table)
    change(input="mine.csv", label_order=order)
    download.main()
    assert printed in capsys.readouterr().out
    assert len(names()) == 2


@pytest.mark.parametrize("kind", ["zip", "csv", "folder"])
def test_extra_faces_are_named_so_whatever_their_subset(folder: Path, kind: str, capsys: Capture):
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
    change(extra="more.csv" if kind == "csv" else "more")
    download.main()
    assert capsys.readouterr().out.startswith(f"data/faces.zip: {2 + len(expected)} faces from zip and more")
    assert names() == [*expected, "PrivateTest/sad/PrivateTest_2.jpg", "Training/sad/Training_1.jpg"]
    assert len(refused()) == (2 if kind == "folder" else 1)


def test_drawn_faces_become_the_archive(folder: Path):
    change(source="sample", input="params.yaml")
    download.main()
    assert len(names()) == 70
