"""A folder of your own pictures: every face has a name that leads back to its file."""

import io
import os
import shutil
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from emotion.sources import folder
from emotion.sources.naming import Found
from tests.archives import memory_below
from tests.folders import mine, names, read_faces
from tests.inputs import face, put

assert mine  # a fixture


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


def test_links_to_pictures_are_followed(mine: Path):
    put(Path("elsewhere"), "1.png")
    (mine / "sad").mkdir()
    (mine / "sad/link.png").symlink_to(Path("elsewhere/1.png").absolute())
    Path("root").symlink_to("mine")
    assert names(Path("root")) == ["All/sad/link.png"]


def test_a_folder_of_many_files_is_read_in_batches(mine: Path):
    put(mine, "sad/face.png", "happy/face.png")
    put(mine, "sad/first.jpg", content=bytes(100_000))
    for number in range(4_000):
        os.link(mine / "sad/first.jpg", mine / f"sad/{number}.jpg")
    with memory_below(200_000_000):  # of 400 million bytes that the files have
        assert len(list(read_faces(mine, found := Found()))) == 2
    assert len(found.refused) == 4_001
    shutil.rmtree(mine)  # pytest would keep it for three runs
