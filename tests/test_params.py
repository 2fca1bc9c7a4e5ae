"""The loader of params.yaml: one line names the key and the remedy."""

import re
from pathlib import Path

import pytest

from emotion.core import params
from emotion.core.errors import InputError
from emotion.preparation.settings import SplitSettings


def test_all_mistakes_are_told_at_once(tmp_path: Path):
    path = tmp_path / "params.yaml"
    path.write_text("split: {method: official, validation: 0.1, test: 0.1, seed: -1, sed: 1}", encoding="utf-8")
    with pytest.raises(InputError, match=r"split\.seed is -1: .*; unknown key split\.sed; did you mean 'seed'\?"):
        params.load("split", SplitSettings, path)


@pytest.mark.parametrize(
    ("text", "section", "message"),
    [
        (None, "split", "params.yaml is not here: run the command in the project's root folder"),
        ("split: {seed: 1", "split", r"params.yaml line \d: not valid YAML"),
        ("splitt: {}", "split", r"there is no section 'split'; did you mean 'splitt'\?"),
        ("models: {cnn: {}, vgg16: {}}", "models.nope", "there is no section 'models.nope'; known are cnn, vgg16"),
        ("models: {cnn: {}, vgg16: {}}", "models.vgg", "there is no section 'models.vgg'; did you mean 'vgg16'\\?"),
        ("", "split", "there is no section 'split'"),
        ("split:", "split", "split is None"),
        ("models: 3", "models.cnn", "there is no section 'models.cnn'"),
    ],
)
def test_a_missing_file_or_section_is_named(tmp_path: Path, text: str | None, section: str, message: str):
    path = tmp_path / "params.yaml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        params.load(section, SplitSettings, path)
    assert re.search(message, str(error.value))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("5e-05", 0.00005), ("1e-3", 0.001), ("024", 24), ("1_000", 1000), ("on", "on"), ("1:30", "1:30"), ("0o24", 20)],
)
def test_a_value_is_read_as_dvc_reads_it(tmp_path: Path, text: str, value: object):
    from dvc.utils.serialize import load_yaml

    path = tmp_path / "params.yaml"
    path.write_text(f"a: {text}\n", encoding="utf-8")
    assert params.read(path) == load_yaml(str(path)) == {"a": value}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seen: {on: 2026-11-29}", "seen.on is a date, 2026-11-29, which DVC cannot read: write it in quotes"),
        ("models: {1: {seed: 1}}", "the key 1 in models must be text: write '1' in quotes or rename it"),
        ("a: 1\na: 2", "line 2: not valid YAML"),
    ],
)
def test_what_dvc_cannot_handle_is_one_line(tmp_path: Path, text: str, message: str):
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        params.read(path)
