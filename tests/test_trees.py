"""Data sets as people have them: the same faces, subsets and labels from a folder and from a zip of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.sources import folder, layouts
from emotion.sources.naming import Found
from tests.inputs import encoded, face, make_zip, put

STRAY = ("README.md", "README.dataset.txt", "train/_annotations.csv", "docs/paper.pdf")
DESKTOP = (
    ".DS_Store",
    "__MACOSX/train/sad/._1.png",
    "train/sad/Thumbs.db",
    "train/.ipynb_checkpoints/1.png",
    ".git/a.zip",
    "desktop.ini",
)
# By tree, each picture's official subset and label.
TREES = {
    "kaggle": {"train/sad/1.png": "Training/sad", "test/sad/1.png": "Test/sad"},
    "roboflow": {"train/Sad/1.png": "Training/sad", "valid/Sad/1.png": "Validation/sad", "test/Sad/1.png": "Test/sad"},
    "wrapped": {
        "archive (3)/data set/Training/happiness/1.png": "Training/happy",
        "archive (3)/data set/dev/happiness/1.png": "Validation/happy",
        "archive (3)/data set/testing/happiness/1.png": "Test/happy",
    },
    "FER+": {
        "FER2013Train/anger/1.png": "Training/angry",
        "FER2013Valid/anger/1.png": "Validation/angry",
        "FER2013Test/anger/PrivateTest_1.png": "Test/angry",
    },
    "FER-2013": {
        "train/sad/Training_1.png": "Training/sad",
        "test/sad/PublicTest_1.png": "PublicTest/sad",
        "test/sad/PrivateTest_1.png": "PrivateTest/sad",
    },
    "a name says less than a folder": {
        "train/sad/PublicTest_1.png": "Training/sad",
        "val/sad/PrivateTest_1.png": "Validation/sad",
        "test/sad/PublicTest_2.png": "Test/sad",
    },
    "inside out": {"sad/train/1.png": "Training/sad", "sad/test/1.png": "Test/sad", "fear/test/2.png": "Test/fear"},
    "deeper": {"images/train/people/sad/a/b/1.png": "Training/sad", "images/test/sad/1.png": "Test/sad"},
    "train inside train": {"train/train/sad/1.png": "Training/sad", "train/val/sad/1.png": "Validation/sad"},
    "no subset": {"CK+48/anger/1.png": "All/angry", "CK+48/sadness/1.png": "All/sad"},
    "two names of a label": {"happy/1.png": "All/happy", "Happiness/1.png": "All/happy", "HA/1.png": "All/happy"},
    "two names of a subset": {"val/sad/1.png": "Validation/sad", "dev/sad/1.png": "Validation/sad"},
    "numbers": {"train/0/1.png": "Training/angry", "test/6/1.png": "Test/neutral"},
}


def both(root: Path, tree: dict[str, bytes], order: str = "fer2013") -> Iterator[tuple[list[str], Found]]:
    """Yield the names of the faces, and what else was found, from a folder of these files and from a zip of them."""
    for path, content in tree.items():
        put(root / "mine", path, content=content)
    make_zip(root / "mine.zip", *tree.items())
    for read, source in ((folder.read_faces, "mine"), (layouts.read_faces, "mine.zip")):
        found = Found()
        yield sorted(name for name, _ in read(root / source, order, found)), found


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES.keys())
def test_a_tree_gives_the_same_split_as_a_folder_and_as_a_zip(tmp_path: Path, tree: dict[str, str]):
    content = {path: face() for path in tree} | dict.fromkeys((*STRAY, *DESKTOP), b"")
    (names, found), (zipped, same) = both(tmp_path, content)
    assert sorted("/".join(name.split("/")[:2]) for name in names) == sorted(tree.values())
    assert zipped == names and same.subsets == found.subsets
    assert len(set(names)) == len(tree), "no two pictures share a name"
    assert found.subsets.total() == len(tree)
    for one in (found, same):
        assert sorted(path.partition("mine")[2].removeprefix(".zip") for path, _ in one.refused) == sorted(
            f"/{path}" for path in STRAY
        )


def test_a_line_says_which_folder_became_which_subset(tmp_path: Path):
    tree = ("a/Train/sad/1.png", "a/Train/fear/2.png", "a/test/sad/PublicTest_1.png", "a/test/sad/PrivateTest_1.png")
    for _, found in both(tmp_path, {path: face() for path in tree}):
        assert list(found.lines()) == [
            "train: 2 faces from a/Train; validation: 1 face from a/test/PublicTest_*; "
            "test: 1 face from a/test/PrivateTest_*"
        ]


def test_pictures_of_a_zip_become_the_faces_of_the_folder(tmp_path: Path):
    large = encoded(Image.effect_noise((120, 90), 80), mode="RGB")
    comment = PngInfo()
    comment.add_text("Comment", "x" * 2_000_000, zip=True)  # more than Pillow unpacks
    odd = encoded(Image.effect_noise((60, 60), 80), pnginfo=comment)
    tree = {"train/sad/large.png": large, "train/sad/odd.png": odd, "train/sad/1.png": face()}
    list(both(tmp_path, tree))
    of_folder = dict(folder.read_faces(tmp_path / "mine", "fer2013", Found()))
    of_zip = dict(layouts.read_faces(tmp_path / "mine.zip", "fer2013", Found()))
    for name in ("Training/sad/large.png", "Training/sad/odd.png"):
        assert of_zip[name] == of_folder[name]
    assert of_zip["Training/sad/1.png"] == tree["train/sad/1.png"], "a face of FER-2013 keeps its bytes"


def test_faces_that_are_none_of_the_seven_are_counted_apart(tmp_path: Path):
    tree = {f"train/{name}": face() for name in ("sad/1.png", "contempt/1.png", "contempt/2.png", "none/1.png")}
    for names, found in both(tmp_path, tree):
        assert names == ["Training/sad/1.png"]
        other = "which is not one of the seven emotions"
        counts = f"2 x labelled contempt, {other}; 1 x labelled none, {other}"
        assert list(found.lines())[1] == f"3 files or rows are not used ({counts}): see metrics/refused.csv"


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("affectnet", ["All/angry/of_6.png", "All/neutral/of_0.png"]),
        ("fer2013", ["All/angry/of_0.png", "All/neutral/of_6.png"]),
    ],
)
def test_folders_that_are_numbers_follow_the_label_order(tmp_path: Path, order: str, expected: list[str]):
    for names, found in both(tmp_path, {"0/of_0.png": face(), "6/of_6.png": face()}, order):
        assert names == expected
        assert found.order == order and any(line.startswith("labels are numbers") for line in found.lines())


@pytest.mark.parametrize(
    ("paths", "named", "remedy"),
    [
        (("train/sad/1.png", "train/joy/1.png"), "/train/joy", "rename or remove it"),
        (("sad/1.png", "joy/deeper/1.jpg"), "/joy/deeper", f"its folders must be emotions ({', '.join(EMOTIONS)})"),
        (("sad/1.png", "train/1.png"), "/train", "its name is not that of an emotion"),
        (("train/1/1.png", "train/7/1.png"), "/train/7", "label order (fer2013, affectnet, rafdb)"),
        (("train/sad/1.png", "train/1/1.png"), "/train/1", "with numbers alone"),
        (("train/sad/1.png", "holdout/sad/1.png"), "/holdout/sad", "move it into train, validation or test"),
        (("sad/1.png", "sad/happy/1.png"), "/sad/happy", "rename one of these folders"),
    ],
)
def test_a_folder_that_says_too_little_is_named(tmp_path: Path, paths: tuple[str, ...], named: str, remedy: str):
    put(tmp_path / "mine", *paths)
    make_zip(tmp_path / "mine.zip", *((path, face()) for path in paths))
    for read, source in ((folder.read_faces, "mine"), (layouts.read_faces, "mine.zip")):
        with pytest.raises(InputError) as caught:
            list(read(tmp_path / source, "fer2013", Found()))
        assert f"{source}{named}: " in str(caught.value) and remedy in str(caught.value)
