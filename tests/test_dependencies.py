"""What dvc.yaml says of each stage is what its code and the protocol need: no folder less, no folder more."""

import ast
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from dvc.repo import Repo

from tests.source import ROOT, example_model, library_folder, parse, python_files, reached

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
SAMPLE = yaml.safe_load((ROOT / "params/sample.yaml").read_text(encoding="utf-8"))
NETWORKS = [path for path in python_files("emotion/models") if path.stem != "__init__"]
VALIDATION = ("plots/predictions/validation/", "plots/predictions/validation_tta/")  # what predict may give choosers
MAX_LINES = 300  # of dvc.yaml: a newcomer sees the pipeline at one glance
CHECK = "check_params"  # reads the test faces' archive, as text of params alone


class Stage(NamedTuple):
    """A stage as DVC expands it, with its files as text."""

    cmd: str
    deps: list[str]
    outs: list[str]


Pipeline = dict[str, Stage]


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """All stages of dvc.yaml by name: train@cnn, train@cnn_aug ...; with another data set that is scored."""
    folder = tmp_path_factory.mktemp("pipeline")
    shutil.copy(ROOT / "dvc.yaml", folder)
    other = {
        "folder": "data/external/other",
        "label_order": "rafdb",
        "detector": "whole",
        "model": "models/emotion.onnx",
    }
    (folder / "params.yaml").write_text(yaml.safe_dump(PARAMS | {"external": {"other": other}}), encoding="utf-8")
    Repo.init(str(folder), no_scm=True).close()
    stages = Repo(str(folder)).index.stages
    return {one.name: Stage(one.cmd, _paths(one.deps, folder), _paths(one.outs, folder)) for one in stages}


def _paths(files: Iterable[Any], folder: Path) -> list[str]:
    return [Path(one.fs_path).relative_to(folder).as_posix() for one in files]


def _needed(stage: str) -> set[str]:
    """Return the code that a stage runs, at the grain of a folder: its script, folders and its network's file."""
    name, _, item = stage.partition("@")
    script = Path("stages", f"{name}.py")
    folders = {library_folder(path) for path in reached(script)} - {None}
    found = {str(script), *(f"emotion/{folder}" for folder in folders)}
    if name == "train":  # the registry imports the network by its name
        found.add(f"emotion/models/{PARAMS['models'][item]['network']}.py")
    if name == "label_audit":
        found.add(f"emotion/models/{PARAMS['label_audit']['network']}.py")
    if name == CHECK:  # it reads what each network's `build` takes
        found.add("emotion/models")
    return found


def test_the_code_of_a_stage_in_dvc_yaml_is_what_its_imports_reach(pipeline: Pipeline):
    problems = []
    for name, stage in pipeline.items():
        declared = {dep for dep in stage.deps if dep.startswith(("stages/", "emotion/"))}
        needed = _needed(name)
        problems += [f"{name}: missing in deps of dvc.yaml: {path}" for path in sorted(needed - declared)]
        problems += [f"{name}: superfluous in deps of dvc.yaml: {path}" for path in sorted(declared - needed)]
    assert not problems, "\n".join(problems)


def test_dvc_yaml_is_readable_at_one_glance():
    assert len((ROOT / "dvc.yaml").read_text(encoding="utf-8").splitlines()) <= MAX_LINES


def test_every_stage_follows_the_checks(pipeline: Pipeline):
    """Else a typo or a missing archive would cost the last outputs."""
    assert "data/params_checked.txt" in pipeline["check_inputs"].deps
    assert "data/inputs_checked.txt" in pipeline["download"].deps


def test_every_stage_has_its_script_and_every_script_its_stage(pipeline: Pipeline):
    scripts = {path.stem for path in python_files("stages")} - {"__init__"}
    assert {name.partition("@")[0] for name in pipeline} == scripts
    for name, stage in pipeline.items():
        script, _, item = name.partition("@")
        assert stage.cmd == f"python -m stages.{script} {item}".strip()


def test_no_stage_reruns_when_what_people_run_changes():
    for script in set(python_files("stages")) - {Path("stages/external.py")}:  # which scores what people run
        found = {str(path) for path in reached(script) if path.parts[1] in ("inference", "apps")}
        assert not found, f"{script} reaches {sorted(found)}"


def test_test_faces_are_read_by_predict_and_robustness_alone(pipeline: Pipeline):
    readers = {name.partition("@")[0] for name, stage in pipeline.items() if _reads(stage, "data/test.parquet")}
    assert readers == {"predict", "robustness"}


def test_only_what_scores_reads_what_test_faces_led_to(pipeline: Pipeline):
    tainted = {"data/test.parquet"}
    before: set[str] = set()
    while before != tainted:
        before = set(tainted)
        for stage in pipeline.values():
            if any(_reads(stage, path) for path in before):
                tainted |= {out for out in stage.outs if not out.startswith(VALIDATION)}
    assert {"plots/predictions/test/cnn.csv", "plots/predictions/test_tta/cnn.csv"} <= tainted
    assert {"plots/scores/cnn.json", "metrics/cnn.json", "metrics/ensemble.json"} <= tainted
    for name, stage in pipeline.items():
        read = sorted(path for path in tainted if _reads(stage, path))
        if name.partition("@")[0] not in ("predict", "robustness", "evaluate", "ensemble", "compare", "report"):
            assert not read, f"{name} depends on {read}, which hold what only a final score may see"


@pytest.mark.parametrize(
    ("folder", "wanted"),
    [
        ("validation", {"calibrate", "evaluate", "choose"}),
        ("validation_tta", {"calibrate", "evaluate", "ensemble_choice", "ensemble"}),
        ("test", {"evaluate", "compare"}),
        ("test_tta", {"evaluate", "ensemble"}),
    ],
)
def test_predictions_are_read_by_what_they_are_for_and_nothing_else(pipeline: Pipeline, folder: str, wanted: set[str]):
    """What is shipped is chosen without TTA; ensembles average with TTA."""
    files = [f"plots/predictions/{folder}/{model}.csv" for model in PARAMS["models"]]
    readers = {name.partition("@")[0] for name, stage in pipeline.items() if any(_reads(stage, f) for f in files)}
    assert readers == wanted


def _reads(stage: Stage, path: str) -> bool:
    """Return whether a stage depends on a file or on a folder that holds it."""
    return any(path == dep or path.startswith(f"{dep}/") for dep in stage.deps)


def test_no_stage_depends_on_a_folder_into_which_it_writes(pipeline: Pipeline):
    for name, stage in pipeline.items():
        folders = {Path(dep) for dep in stage.deps if not Path(dep).suffix}
        assert Path("models") not in folders, f"{name}: name each file of models/: its .gitignore looks like a change"
        for out in stage.outs:
            assert folders.isdisjoint(Path(out).parents), f"{name} reads the folder into which it writes {out}"


def test_targets_of_every_model_are_a_file_in_git():
    for name, model in PARAMS["models"].items():
        path = model.get("targets")
        assert path, f"models.{name} has no targets: params/none.csv stands for the labels"
        tracked = subprocess.run(["git", "ls-files", "--error-unmatch", path], cwd=ROOT, capture_output=True)
        in_git = tracked.returncode == 0 if (ROOT / ".git").exists() else (ROOT / path).is_file()
        made = any(path.startswith(f"{folder}/") for folder in ("data", "plots", "metrics"))
        assert in_git or made, f"models.{name}.targets: {path} is not in git"


@pytest.mark.parametrize("model", PARAMS["models"])
def test_sample_params_make_every_model_smaller(model: str):
    smaller = SAMPLE["models"].get(model, {})
    assert "build" in smaller and "epochs" in smaller.get("fit", {}), (
        f"params/sample.yaml: make models.{model} small (build and fit.epochs), else `make quickstart` takes hours"
    )


def test_the_commented_example_is_no_model_of_the_params():
    """Else its comment would not be true any more, and the tests of its network would be those of the model."""
    assert example_model()["network"] not in {model["network"] for model in PARAMS["models"].values()}


@pytest.mark.parametrize("network", NETWORKS, ids=lambda path: path.stem)
def test_a_network_is_one_function_without_default_values(network: Path):
    builder = _builder(network)
    assert ast.get_docstring(builder), f"{network}: build needs a docstring"
    assert not builder.args.args, f"{network}: build takes arguments by name alone: build(*, classes, ...)"
    defaults = [default for default in builder.args.kw_defaults if default is not None]
    assert not defaults, f"{network}: build has default values: each number stands in params.yaml"
    used = {model["network"] for model in [*PARAMS["models"].values(), example_model()]}
    assert network.stem in used, f"no model uses {network}"


def _builder(network: Path) -> ast.FunctionDef:
    (builder,) = [node for node in parse(network).body if isinstance(node, ast.FunctionDef) and node.name == "build"]
    return builder
