"""The check at the front of the pipeline, and stages: one line names the key and the remedy."""

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from emotion.core.errors import InputError
from emotion.pretrained.package import PackageSettings
from emotion.sources.settings import DataSettings
from stages import check_inputs, check_params
from tests.source import PARAMS, ROOT
from tools import run_pipeline
from tools.quickstart import merge


def _changed(path: str, value: Any) -> dict[str, Any]:
    """Return all params with another value at a path such as `models.cnn.seed`; None removes what is there."""
    values = copy.deepcopy(PARAMS)
    at = values
    *sections, key = path.split(".")
    for section in sections:
        at = at[section]
    at[key] = value
    if value is None:
        del at[key]
    return values


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params").mkdir()
    (tmp_path / "data/external").mkdir(parents=True)
    (tmp_path / PARAMS["data"]["input"]).touch()
    (tmp_path / "params/none.csv").write_text("name,angry,disgust,fear,happy,neutral,sad,surprise\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("file", ["params.yaml", "params/sample.yaml"])
def test_the_committed_params_are_valid(project: Path, file: str):
    values = merge(PARAMS, yaml.safe_load((ROOT / file).read_text(encoding="utf-8")))
    check_params.check(values)
    assert values["ensemble"]["candidates"] == list(values["models"]), "list every model there"
    assert values["compare"]["models"] == list(values["models"]), "list every model there"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("splt", {}, r"unknown section splt; did you mean 'split'\?"),
        ("split.unheard_of", 1, r"unknown key split\.unheard_of; known are method, validation, test, seed"),
        ("split.seed", None, r"split\.seed is missing"),
        ("split.seed", "13", r"split\.seed is '13': Input should be a valid integer"),
        ("split.seed", True, r"split\.seed is True: Input should be a valid integer"),
        ("split.test", 1.5, r"split\.test is 1\.5: Input should be less than 0\.5"),
        ("split.method", "oficial", r"split\.method is 'oficial': Input should be 'official' or 'stratified'"),
        ("class_weights.method", "heavy", r"class_weights\.method is 'heavy': Input should be 'none', 'bal"),
        ("data.source", "web", r"data\.source is 'web': Input should be 'kaggle', 'zip', 'sample' or 'folder'"),
        ("data.dataset", "fer2013", r"data\.dataset is 'fer2013'"),
        ("data.sample.faces", 3, r"data\.sample\.faces is 3: .* greater than or equal to 70"),
        ("export.models", [], r"export\.models is \[\]: List should have at least 1 item"),
        ("export.max_mb", 0, r"export\.max_mb is 0: Input should be greater than 0"),
        ("models.cnn.fit.schedule.peak_learning_rate", "fast", r"peak_learning_rate is 'fast': .* a valid number"),
        ("models.cnn.fit.schedule.peak_learning_rate", -0.1, r"peak_learning_rate is -0\.1: .* greater than 0"),
        ("models.cnn.fit.epochs", -1, r"models\.cnn\.fit\.epochs is -1: Input should be greater than or equal to 1"),
        ("models.cnn.fit.epochs", 1.5, r"models\.cnn\.fit\.epochs is 1\.5: Input should be a valid integer"),
        ("audit.min_similarity", 1.5, r"audit\.min_similarity is 1\.5: Input should be less than or equal to 1"),
        ("models.cnn.fit.epoch", 1, r"unknown key models\.cnn\.fit\.epoch; did you mean 'epochs'\?"),
        ("models.cnn.fit.augmentation.horizontal_flip", 1, r"augmentation\.horizontal_flip is 1: .* boolean"),
        ("models.cnn.fit.augmentation.rotaton", 1, r"unknown key \S+augmentation\.rotaton; did you mean 'rotation'\?"),
        ("models.cnn.network", "cn", r"^params\.yaml: models\.cnn\.network: .* network 'cn'; did you mean 'cnn'\?"),
        ("models.cnn.build.dens", 4, r"models\.cnn\.build: cnn takes no 'dens'; did you mean 'dense'\?"),
        ("models.cnn.build.dense", None, r"models\.cnn\.build: cnn needs dense$"),
        ("models.cnn.build.dense", 1.5, r"models\.cnn\.build\.dense is 1\.5: Input should be a valid integer"),
        ("models.cnn.build.dropout", True, r"models\.cnn\.build\.dropout is True: Input should be a valid number$"),
        ("models.cnn.build.activation", "rleu", r"build\.activation is 'rleu': Input should be 'relu', 'elu', "),
        ("models.cnn.build.widths", "many", r"models\.cnn\.build\.widths is 'many': Input should be a valid list$"),
        ("models.cnn.build.widths", [4, "4"], r"build\.widths is \[4, '4'\]: Input should be a valid integer$"),
        ("models.vgg16.build.batch_norm", 1, r"vgg16\.build\.batch_norm is 1: Input should be a valid boolean$"),
        ("models.cnn.targets", "data/mine.csv", r"models\.cnn\.targets: there is no file data/mine\.csv"),
        ("distill.distilled.temperatur", 2, r"unknown key distill\.distilled\.temperatur; did you mean 'temperature'"),
        ("compare.models", ["cnn_agu"], r"compare\.models: there is no model 'cnn_agu'; did you mean 'cnn_aug'\?"),
        ("explain.model", "vgg", r"explain\.model: there is no model 'vgg'; did you mean 'vgg16'\?"),
        (
            "distill.resnet_fer.teachers.first",
            "models/resnet_teachr.keras",
            r"teachers\.first: there is no file models/resnet_teachr\.keras, .* mean 'models/resnet_teacher\.keras'\?$",
        ),
        ("models.cnn.seed", 2**33, r"models\.cnn\.seed is 8589934592; it must be at most 2147483647"),
        ("robustness.smaller", [0, 1.1, 1.2, 1.3, 1.4], r"robustness\.smaller is \[0, .*; each must be above 0"),
        ("models.my/cnn", PARAMS["models"]["cnn"], r"models: the name 'my/cnn' may hold letters, digits, _ and - only"),
        ("compare.models", ["cnn"], r"export\.models: mobilenet_faces may be chosen .*, so add it to compare\.models"),
        ("data.exclude", "params/mine.csv", r"data\.exclude: there is no file params/mine\.csv"),
    ],
)
def test_the_check_at_the_front_names_what_is_wrong(project: Path, path: str, value: Any, message: str):
    with pytest.raises(InputError, match=message) as error:
        check_params.check(_changed(path, value))
    assert "\n" not in str(error.value)


def test_a_missing_archive_is_named_with_the_remedy(project: Path):
    values = _changed("data.input", "data/external/mine.zip")
    settings = DataSettings.model_validate(values["data"])
    detector = PackageSettings.model_validate(values["detector"])
    with pytest.raises(InputError, match=r"data\.input: data/external/mine\.zip is missing: put your own archive"):
        check_inputs.check(settings, detector)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate@cn"], r"there is no stage 'evaluate@cn'; did you mean 'evaluate@cnn'\?"),
        (["evalute"], r"there is no stage 'evalute'; did you mean 'evaluate'\?"),
        (["-S", "models.cnn.fit.epoch=2"], r"there is no key models\.cnn\.fit\.epoch; did you mean 'epochs'\?"),
        (["-S", "modls.cnn.seed=2"], r"there is no key modls\.cnn\.seed; did you mean 'models'\?"),
        (["-S", "models.cnn.fit.epochs=0"], r"models\.cnn\.fit\.epochs is 0: "),
        (["-S", "+models.cnn.precison=float16"], r"unknown key models\.cnn\.precison; did you mean 'precision'\?"),
    ],
)
def test_a_misspelt_stage_or_key_gets_a_suggestion(monkeypatch, arguments: list[str], message: str):
    monkeypatch.chdir(ROOT)
    with pytest.raises(InputError, match=message):
        run_pipeline.main(*arguments)


TAKEN = set(re.findall(r"metrics/(\w+)\.json", (ROOT / "dvc.yaml").read_text(encoding="utf-8")))
TAKEN |= {path.stem for path in (ROOT / "models").glob("emotion*.onnx")}


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_a_model_with_the_name_of_another_stages_file_is_refused(project: Path, name: str):
    with pytest.raises(InputError, match=rf"models: the name '{name}' is taken by other files"):
        check_params.check(_changed(f"models.{name}", PARAMS["models"]["cnn"]))


@pytest.mark.parametrize("empty", [None, []])
def test_a_section_of_entries_that_is_empty_or_missing_is_named(monkeypatch, tmp_path: Path, empty: list | None):
    monkeypatch.chdir(tmp_path)
    for values in (PARAMS | {"external": empty}, _changed("external", None)):
        Path("params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
        with pytest.raises(InputError, match=r"external must hold entries by name|there is no section 'external'"):
            run_pipeline.main()
