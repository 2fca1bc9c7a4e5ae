"""A folder in which the download stage runs."""

from pathlib import Path

import pytest
import yaml

from tests.inputs import DATA, make_zip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with params.yaml and a zip of two faces."""
    monkeypatch.chdir(tmp_path)
    change()
    make_zip(tmp_path / "mine.zip", ("train/sad/Training_1.jpg", b"one"), ("test/sad/PrivateTest_2.jpg", b"two"))
    return tmp_path


def change(**values: object) -> None:
    """Write params.yaml with other values of section `data`."""
    Path("params.yaml").write_text(yaml.safe_dump({"data": DATA | values}))
