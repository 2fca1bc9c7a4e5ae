"""The canonical archive depends on nothing but its pictures."""

import os
import subprocess
import sys
import termios
import zipfile
from pathlib import Path

import pytest

from emotion.core.errors import InputError
from emotion.sources import archive

FACES = [("Training/sad/b.jpg", b"two"), ("PublicTest/angry/a.jpg", b"one"), ("Training/sad/a.jpg", b"three")]


def test_faces_come_back_sorted_by_name(tmp_path: Path):
    assert archive.write(FACES, tmp_path / "faces.zip") == 3
    assert list(archive.read(tmp_path / "faces.zip")) == sorted(FACES)


def test_bytes_depend_on_neither_order_nor_umask_nor_clock(tmp_path: Path):
    archive.write(FACES, tmp_path / "one.zip")
    os.umask(before := os.umask(0o077))
    try:
        os.umask(0o077)
        archive.write(reversed(FACES), tmp_path / "two.zip")
    finally:
        os.umask(before)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    for entry in zipfile.ZipFile(tmp_path / "one.zip").infolist():
        assert entry.date_time == (1980, 1, 1, 0, 0, 0)
        assert entry.compress_type == zipfile.ZIP_STORED


@pytest.mark.parametrize(("faces", "message"), [([], "no picture"), ([FACES[0], FACES[0]], "Training/sad/b.jpg")])
def test_an_archive_that_cannot_be_written_keeps_the_old_one(
    tmp_path: Path, faces: list[tuple[str, bytes]], message: str
):
    target = tmp_path / "faces.zip"
    target.write_bytes(b"the old one")
    with pytest.raises(InputError, match=message):
        archive.write(faces, target)
    assert target.read_bytes() == b"the old one"
    assert os.listdir(tmp_path) == ["faces.zip"]


@pytest.mark.parametrize("damage", [lambda data: data[:-30], lambda data: data.replace(b"three", b"thrEe")])
def test_a_damaged_archive_is_an_error_with_the_remedy(tmp_path: Path, damage):
    target = tmp_path / "faces.zip"
    archive.write(FACES, target)
    target.write_bytes(damage(target.read_bytes()))
    with pytest.raises(InputError, match="dvc repro -f -s download"):
        list(archive.read(target))


SLOW_WRITE = """
import sys, time
from pathlib import Path
from emotion.sources import archive
archive.write(((f"{n}.png", time.sleep(0.001) or b"x") for n in range(600)), Path(sys.argv[1]))
"""


def test_progress_is_shown_in_a_terminal_and_not_in_a_short_log(tmp_path: Path):
    command = [sys.executable, "-c", SLOW_WRITE, str(tmp_path / "faces.zip")]
    terminal, its_end = os.openpty()
    termios.tcsetwinsize(its_end, (24, 80))
    subprocess.run(command, stderr=its_end, check=True)
    assert b"600 pictures" in os.read(terminal, 10_000)
    assert subprocess.run(command, stderr=subprocess.PIPE, check=True).stderr == b""
