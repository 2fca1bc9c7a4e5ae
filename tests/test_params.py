"""The loader of params.yaml: what is wrong is told in one line that names the key and the remedy."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from emotion import params
from emotion.data.auditing import AuditSettings
from emotion.data.gallery import ExploreSettings
from emotion.data.removal import DefectSettings
from emotion.data.sources import DataSettings
from emotion.data.splitting import SplitSettings
from emotion.errors import InputError
from emotion.training.schedule import ScheduleSettings
from stages.choose import ExportedModels
from stages.class_weights import ClassWeightSettings
from tests.source import ROOT

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
SCHEMAS = {
    "data": DataSettings,
    "split": SplitSettings,
    "class_weights": ClassWeightSettings,
    "schedule": ScheduleSettings,
    "export": ExportedModels,
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
        ("schedule", {"peak": "1e-3"}, r"schedule\.peak is '1e-3': .* \(YAML reads 1e-3 as text: write 0\.001\)"),
        ("schedule", {"peak": "5E2"}, r"write 500\)"),
        ("schedule", {"peak": -0.1}, r"schedule\.peak is -0\.1: Input should be greater than 0"),
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


@pytest.mark.parametrize("file", ["params.yaml", "params.sample.yaml"])
def test_every_section_and_key_is_read_by_the_schema_of_a_stage(file: str, tmp_path: Path, monkeypatch):
    """Schemas refuse unknown keys, so a file that all of them accept holds nothing superfluous."""
    from emotion.evaluation.comparison import CompareSettings
    from emotion.evaluation.ensembling import EnsembleSettings
    from emotion.evaluation.parts import EvaluateSettings
    from emotion.explanation.robustness import RobustnessSettings
    from emotion.export.parity import ExportSettings
    from emotion.training.machine import MachineSettings
    from emotion.training.views import PredictSettings
    from stages.calibrate import CalibrateSettings
    from stages.explain import ExplainSettings
    from stages.label_audit import LabelAuditSettings
    from stages.teach import TeachSettings
    from stages.teach_again import TeachAgainSettings
    from stages.train import ModelSettings
    from tools.quickstart import merge
    from tools.study_grid import StudySettings
    from tools.tune_settings import TuneSettings

    values = merge(PARAMS, yaml.safe_load((ROOT / file).read_text(encoding="utf-8")))
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    schemas = {"data": DataSettings, "split": SplitSettings, "class_weights": ClassWeightSettings}
    schemas |= {"audit": AuditSettings, "defects": DefectSettings, "explore": ExploreSettings}
    schemas |= {"label_audit": LabelAuditSettings, "training": MachineSettings, "export": ExportSettings}
    schemas |= {"teach": TeachSettings, "teach_again": TeachAgainSettings}
    schemas |= {"predict": PredictSettings, "ensemble": EnsembleSettings}
    schemas |= {"calibrate": CalibrateSettings, "evaluate": EvaluateSettings, "compare": CompareSettings}
    schemas |= {"explain": ExplainSettings, "robustness": RobustnessSettings, "study": StudySettings}
    schemas |= {"tune": TuneSettings}
    assert set(values) == {*schemas, "models"}
    for section, schema in schemas.items():
        params.load(section, schema)
    for model in values["models"]:
        params.load(f"models.{model}", ModelSettings)
    assert set(params.load("export", ExportedModels).models) <= set(values["models"])
    assert params.load("ensemble", EnsembleSettings).candidates == list(values["models"]), "list every model there"
    assert params.load("compare", CompareSettings).models == list(values["models"]), "list every model there"
    assert params.load("explain", ExplainSettings).model in values["models"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fit": {"epochs": -1}}, r"models\.cnn\.fit\.epochs is -1: Input should be greater than or equal to 1"),
        ({"fit": {"epochs": 1.5}}, r"models\.cnn\.fit\.epochs is 1\.5: Input should be a valid integer"),
        ({"fit": {"epoch": 1}}, r"unknown key models\.cnn\.fit\.epoch; did you mean 'epochs'\?"),
        ({"fit": {"augment": {"flip": 1}}}, r"models\.cnn\.fit\.augment\.flip is 1: .* boolean"),
        ({"fit": {"augment": {"rotaton": 1}}}, r"unknown key \S+augment\.rotaton; did you mean 'rotation'\?"),
    ],
)
def test_a_wrong_value_of_a_model_is_named(tmp_path: Path, change: dict, message: str):
    from stages.train import ModelSettings

    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump({"models": {"cnn": _deep(PARAMS["models"]["cnn"], change)}}), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        params.load("models.cnn", ModelSettings, path)


def _deep(values: dict, change: dict) -> dict:
    """Return values with the changes in place, new keys too."""
    merged = {
        key: _deep(values.get(key, {}), value) if isinstance(value, dict) else value for key, value in change.items()
    }
    return {**values, **merged}


@pytest.mark.parametrize(
    ("network", "change", "message"),
    [
        ("cnn", {"dropout": 1.5}, "models.x.build: cnn cannot be built: .*1.5"),
        ("cnn", {"activation": "rleu"}, r"^models\.x\.build\.activation is 'rleu': Input should be 'relu', 'elu', "),
        ("cnn", {"widths": "many"}, r"^models\.x\.build\.widths is 'many': Input should be a valid list$"),
        ("cnn", {"widths": [4, "4"]}, r"^models\.x\.build\.widths is \[4, '4'\]: Input should be a valid integer$"),
        ("cnn", {"dense": 1.5}, r"^models\.x\.build\.dense is 1\.5: Input should be a valid integer"),
        ("cnn", {"dropout": True}, r"^models\.x\.build\.dropout is True: Input should be a valid number$"),
        ("cnn", {"dens": 4}, "models.x.build: cnn takes no 'dens'; did you mean 'dense'\\?"),
        ("cnn", {"dense": None}, "models.x.build: cnn needs dense$"),
        ("vgg16", {"weights_sha256": None}, "models.x.build: vgg16 needs weights_sha256$"),
        ("vgg16", {"batch_norm": 1}, r"^models\.x\.build\.batch_norm is 1: Input should be a valid boolean$"),
        ("vgg16", {"weights": "imagenet"}, r"vgg16 cannot be built: .*batch_norm: true goes with weights: scratch$"),
        ("vgg", {}, "models.x.build: there is no network 'vgg'; did you mean 'vgg16'\\?"),
        ("resnet50v2", {"weights": "no/such/file.h5"}, "models.x.build: resnet50v2 cannot be built: .*no/such/file.h5"),
    ],
)
def test_a_wrong_network_or_build_is_told_in_one_line(network: str, change: dict, message: str):
    from emotion.models import registry

    build = {**PARAMS["models"].get(network, PARAMS["models"]["cnn"])["build"], **change}
    with pytest.raises(InputError, match=message) as error:
        registry.build(network, {key: value for key, value in build.items() if value is not None}, "models.x.build")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "params_text", "message"),
    [
        (["stages.train", "cn"], "models: {cnn: {}}", "there is no section 'models.cn'; did you mean 'cnn'?"),
        (["stages.split"], "split: {method: official, validaton: 0.1}", "did you mean 'validation'?"),
        (["stages.split"], None, "params.yaml is not here"),
        (["stages.clean"], "", "data/faces.zip: it does not exist: run `dvc repro`"),
    ],
)
def test_a_stage_exits_with_one_line_and_no_traceback(
    tmp_path: Path, monkeypatch, arguments: list[str], params_text: str | None, message: str
):
    if params_text is not None:
        (tmp_path / "params.yaml").write_text(params_text, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1 and message in lines[0], done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["params.yaml"] * (params_text is not None)
