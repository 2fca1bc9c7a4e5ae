"""A folder of your own pictures, and how its faces are read or refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from emotion.sources import folder
from emotion.sources.naming import Found
from tests.archives import refused


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder `mine`, named from the working folder, as params.yaml would."""
    monkeypatch.chdir(tmp_path)
    Path("mine").mkdir()
    return Path("mine")


def read_faces(root: Path, found: Found | None = None) -> Iterator[tuple[str, bytes]]:
    return folder.read_faces(root, "fer2013", found or Found())


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
    return refused(root, read_faces)
