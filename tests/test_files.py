"""A file is there completely, or as it was before."""

from pathlib import Path

import pytest

from emotion.files import atomic


def test_the_file_appears_only_at_the_end(tmp_path: Path):
    target = tmp_path / "new" / "a.json"
    with atomic(target) as path:
        path.write_text("half")
        assert not target.exists()
        path.write_text("whole")
    assert target.read_text() == "whole"
    assert list(target.parent.iterdir()) == [target]


def test_after_an_error_the_old_file_is_as_it_was(tmp_path: Path):
    target = tmp_path / "a.json"
    target.write_text("old")
    with pytest.raises(RuntimeError), atomic(target) as path:
        path.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_the_temporary_file_keeps_the_suffix_that_writers_choose_the_format_by(tmp_path: Path):
    with atomic(tmp_path / "a.png") as path:
        path.touch()
        assert path.suffix == ".png" and path.name.startswith(".tmp-")
