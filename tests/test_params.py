"""The loader of params.yaml: one line names the key and the remedy."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from emotion.core import params
from emotion.core.errors import InputError
from emotion.export.settings import ExportSettings
from emotion.preparation.settings import ClassWeightSettings, SplitSettings
from emotion.sources.settings import DataSettings
from emotion.training.schedule import ScheduleSettings
from tests.source import ROOT

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
SCHEMAS = {
    "data": DataSettings,
    "split": SplitSettings,
    "class_weights": ClassWeightSettings,
    "schedule": ScheduleSettings,
    "export": ExportSettings,
}


def _load(tmp_path: Path, section: str, **changes: Any) -> params.Section:
    """Load a section of a copy of params.yaml with other values; None removes a key."""
    values = PARAMS["models"]["cnn"]["fit"]["schedule"] if section == "schedule" else PARAMS[section]
    values = {key: value for key, value in {**values, **changes}.items() if value is not None}
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump({section: values}), encoding="utf-8")
    return params.load(section, SCHEMAS[section], path)


@pytest.mark.parametrize(
    ("section", "changes", "message"),
    [
        ("split", {"sed": 1}, r"unknown key split\.sed; did you mean 'seed'\?"),
        ("split", {"unheard_of": 1}, r"unknown key split\.unheard_of; known are method, validation, test, seed"),
        ("split", {"seed": None}, r"split\.seed is missing"),
        ("split", {"seed": "13"}, r"split\.seed is '13': Input should be a valid integer"),
        ("split", {"seed": True}, r"split\.seed is True: Input should be a valid integer"),
        ("split", {"test": 1.5}, r"split\.test is 1\.5: Input should be less than 0\.5"),
        ("split", {"method": "oficial"}, r"split\.method is 'oficial': Input should be 'official' or 'stratified'"),
        ("class_weights", {"method": "heavy"}, r"class_weights\.method is 'heavy': Input should be 'none', 'bal"),
        ("data", {"source": "web"}, r"data\.source is 'web': Input should be 'kaggle', 'zip', 'sample' or 'folder'"),
        ("data", {"dataset": "fer2013"}, r"data\.dataset is 'fer2013'"),
        ("data", {"sample": {"face": 70, "seed": 1}}, r"unknown key data\.sample\.face; did you mean 'faces'\?"),
        ("data", {"sample": {"faces": 3, "seed": 1}}, r"data\.sample\.faces is 3: .* greater than or equal to 70"),
        ("export", {"models": []}, r"export\.models is \[\]: List should have at least 1 item"),
        ("export", {"max_mb": 0}, r"export\.max_mb is 0: Input should be greater than 0"),
        ("schedule", {"peak_learning_rate": "fast"}, r"schedule\.peak_learning_rate is 'fast': .* a valid number"),
        ("schedule", {"peak_learning_rate": -0.1}, r"schedule\.peak_learning_rate is -0\.1: .* greater than 0"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_the_remedy(tmp_path: Path, section: str, changes: dict, message: str):
    with pytest.raises(InputError, match=message) as error:
        _load(tmp_path, section, **changes)
    assert "\n" not in str(error.value)


def test_all_mistakes_are_told_at_once(tmp_path: Path):
    with pytest.raises(InputError, match=r"split\.seed is -1: .*; unknown key split\.sed; did you mean 'seed'\?"):
        _load(tmp_path, "split", seed=-1, sed=1)


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
