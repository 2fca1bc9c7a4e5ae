"""Zips that are hostile, too large, damaged or of something else are refused in one line, and nothing is written."""

import os
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest

from emotion.core.errors import InputError
from emotion.sources import safe_zip
from tests.archives import memory_below, read_faces, refused, source
from tests.inputs import GRAY, HEADER, make_zip

assert source  # a fixture


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("/train/sad/a.jpg", "not a plain path"),
        ("../train/sad/a.jpg", "not a plain path"),
        ("train/sad/../../../a.jpg", "not a plain path"),
        ("train\\sad\\..\\a.jpg", "not a plain path"),
        ("C:/train/sad/a.jpg", "not a plain path"),
        ("train/sad/a\n.jpg", "not a plain path"),
        (link("train/sad/a.jpg"), "a link"),
        ("train/sad/inner.ZIP", "a zip inside"),
        ("train//sad/a.jpg", "not a plain path"),
    ],
)
def test_a_hostile_entry_is_refused_by_name(source: Path, entry: str | zipfile.ZipInfo, problem: str):
    message = refused(make_zip(source, ("train/sad/good.jpg", b"x"), (entry, b"/etc/passwd")))
    name = entry if isinstance(entry, str) else entry.filename
    assert problem in message and repr(name) in message


def test_an_entry_that_is_there_twice_is_refused_by_name(source: Path):
    with pytest.warns(UserWarning, match="Duplicate"):
        make_zip(source, ("train/sad/a.jpg", b"x"), ("train/sad/a.jpg", b"y"))
    assert "'train/sad/a.jpg': it is in the zip twice" in refused(source)


@pytest.mark.parametrize(
    ("flag", "compression", "problem"),
    [(1, zipfile.ZIP_STORED, "it is encrypted"), (0, zipfile.ZIP_BZIP2, "neither stored nor deflate")],
)
def test_entries_whose_reading_cannot_be_bounded_are_refused(source: Path, flag: int, compression: int, problem: str):
    with zipfile.ZipFile(source, "w", compression) as archive:
        archive.writestr("train/sad/a.jpg", bytes(1 << 20))
    data = bytearray(source.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= flag
    source.write_bytes(data)
    assert f"'train/sad/a.jpg': {problem}" in refused(source).replace("its compression is ", "")


@pytest.mark.parametrize("name", ["train/sad/bomb.jpg", "fer2013.csv"])
def test_a_header_that_lies_about_the_size_costs_no_memory(source: Path, name: str):
    size = 64 << 20
    make_zip(source, (name, bytes(size)))
    source.write_bytes(source.read_bytes().replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    with memory_below(4 << 20):
        assert name in refused(source)


@pytest.mark.parametrize(
    ("limit", "entry", "message"),
    [
        ("MAX_ENTRIES", ("train/sad/c.jpg", b""), "more than the 2 entries"),
        ("MAX_PICTURES_BYTES", ("train/sad/c.jpg", b""), "more than 2 bytes of pictures"),
        ("MAX_CSV_BYTES", ("fer2013.csv", HEADER), "the 2 allowed"),
    ],
)
def test_fixed_limits_hold_for_the_whole_archive(
    source: Path, monkeypatch: pytest.MonkeyPatch, limit: str, entry: tuple[str, bytes], message: str
):
    faces = [("train/sad/a.jpg", b"12"), ("train/sad/b.jpg", b"3")] if limit != "MAX_CSV_BYTES" else []
    make_zip(source, *faces, entry)
    monkeypatch.setattr(safe_zip, limit, 2)
    assert message in refused(source)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(source: Path, monkeypatch: pytest.MonkeyPatch):
    make_zip(source, ("train/sad/a.jpg", b"x"))
    monkeypatch.setattr(safe_zip, "MAX_ARCHIVE_BYTES", 10)
    assert "larger than the 10 bytes" in refused(source)
    table = source.with_name("fer2013.csv")
    table.write_text(HEADER + f"0,{GRAY},Training")
    monkeypatch.setattr(safe_zip, "MAX_CSV_BYTES", 10)
    assert "larger than the 10 bytes" in refused(table)


def test_a_wrong_checksum_is_refused_by_name(source: Path):
    make_zip(source, ("train/sad/a.jpg", b"picture"), deflate=False)
    source.write_bytes(source.read_bytes().replace(b"picture", b"pictuRe"))
    assert "train/sad/a.jpg" in refused(source)


def test_every_truncated_zip_is_refused(source: Path):
    whole = make_zip(source, ("train/sad/a.jpg", os.urandom(100)), ("test/sad/b.jpg", b"y" * 50)).read_bytes()
    for length in range(len(whole)):
        source.write_bytes(whole[:length])
        assert "truncated, damaged or not a zip" in refused(source)


def test_a_damaged_zip_is_read_or_refused_but_never_crashes(source: Path):
    whole = make_zip(source, ("train/sad/a.jpg", b"x" * 99), ("fer/icml.csv", b"y" * 50)).read_bytes()
    rng = np.random.default_rng(7)
    for _ in range(500):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), rng.integers(1, 4)):
            data[place] = rng.integers(256)
        source.write_bytes(data)
        try:
            list(read_faces(source))
        except InputError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "holds no file"),
        ([("train/sad/a.jpg", bytes(safe_zip.MAX_PICTURE_BYTES + 1))], "/sad/a.jpg': 1,048,577 bytes, more than"),
        ([("fer2013.tar.gz", b"x")], "'fer2013.tar.gz': unpack that"),
        ([("train/sad/a.jpg", b"x"), ("fer2013.csv", HEADER)], "more than once"),
        ([("fer2013.csv", HEADER), ("icml_face_data.csv", HEADER)], "more than once"),
    ],
)
def test_a_zip_of_something_else_or_too_much_is_refused(source: Path, entries: list[tuple[str, bytes]], message: str):
    assert message in refused(make_zip(source, *entries))


def test_what_is_no_zip_is_refused(source: Path):
    source.write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(1000))
    assert "not a zip" in refused(source)
    assert "a folder, not a zip" in refused(source.parent)
