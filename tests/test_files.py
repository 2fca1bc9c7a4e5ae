"""Files are written completely or stay as they were."""

from pathlib import Path

import pytest

from emotion.core.files import atomic, write_csv, write_json


def test_the_file_appears_only_at_the_end(tmp_path: Path):
    target = tmp_path / "new" / "a.json"
    with atomic(target) as path:
        path.write_text("half")
        assert not target.exists() and path.suffix == ".json" and path.name.startswith(".tmp-")
        path.write_text("whole")
    assert target.read_text() == "whole"
    assert list(target.parent.iterdir()) == [target]


def test_after_an_error_the_old_file_is_unchanged(tmp_path: Path):
    target = tmp_path / "a.json"
    target.write_text("old")
    with pytest.raises(RuntimeError), atomic(target) as path:
        path.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_csv_and_json_files_have_a_line_per_row_and_number(tmp_path: Path):
    write_json(tmp_path / "a.json", {"a": 1, "b": [2]})
    assert (tmp_path / "a.json").read_text() == '{\n  "a": 1,\n  "b": [\n    2\n  ]\n}\n'
    write_csv(tmp_path / "a.csv", [{"face": "1.png", "label": "happy"}, {"face": "2.png", "label": "sad"}])
    assert (tmp_path / "a.csv").read_bytes() == b"face,label\n1.png,happy\n2.png,sad\n"
