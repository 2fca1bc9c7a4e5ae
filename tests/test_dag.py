"""The pipeline really run, once, on few synthetic faces: its stages, and what reruns after a change."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import tiny as dag
from tests.source import ROOT

PARAMS = dag.params()
MODELS = list(PARAMS["models"])
EXPORTED = PARAMS["export"]["models"]
DATA = ["check_params", "check_inputs", "detector", "download", "clean", "audit", "split", "class_weights"]
DATA += ["annotations", *(f"vote_targets@{name}" for name in PARAMS["vote_targets"])]
PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
TESTED = [model for model in PIPELINE["stages"]["robustness"]["foreach"] if model in MODELS]
LEAVES = ["explore", "label_audit", "vote_audit"]  # nothing follows from them


def _all(*stages: str, models: Iterable[str] = MODELS) -> set[str]:
    """Return the names of these stages for each model."""
    return {f"{stage}@{model}" for stage in stages for model in models}


def _students(*files: str) -> list[str]:
    """Return the models that learn from a teacher in one of these files."""
    return [name for name, one in PARAMS["distill"].items() if set(files) & set(one["teachers"].values())]


def _after_training(*models: str) -> set[str]:
    """Return a training's stage and all that follow from it, also by way of the students of these models."""
    students = _students(*(f"models/{model}.keras" for model in models))
    taught = (_all("distill", models=students) | _after_training(*students)) if students else set()
    fitted = _all("train", "describe", models=models)
    fitted |= _all("robustness", models=[model for model in models if model in TESTED])
    explained = {"explain"} if PARAMS["explain"]["model"] in models else set()
    return taught | fitted | explained | _after_prediction(*models)


def _after_prediction(*models: str) -> set[str]:
    """Return the stage that makes predictions and all that follow from it."""
    each = _all("predict", "calibrate", "evaluate", models=models)
    rest = {"choose", "ensemble_choice", "ensemble", "compare", "report"}
    return each | rest | _after_export(*(model for model in models if model in EXPORTED))


def _after_export(*models: str) -> set[str]:
    """Return the stages that export these and what follows from them alone: an exported model may be a teacher."""
    students = _students(*(f"models/{model}.int8.onnx" for model in models))
    taught = (_all("distill", models=students) | _after_training(*students)) if students else set()
    return _all("export", models=models) | taught


def test_every_stage_ran_and_wrote_all_of_its_outputs(tiny: Path):
    stages = dag.lock(tiny)
    assert set(stages) == {*DATA, *LEAVES} | _after_training(*MODELS)
    for name, stage in stages.items():
        for out in stage["outs"]:
            assert (tiny / out["path"]).stat().st_size, f"{name}: {out['path']}"


def test_git_holds_metrics_and_plots_but_no_data(tiny: Path):
    made = {out["path"] for stage in dag.lock(tiny).values() for out in stage["outs"]}
    faces = {path for path in made if path.startswith("plots/faces/")}
    tracked = made & set(dag.git(tiny, "ls-files").split())
    kept = {path for path in made - faces if path.startswith(("metrics/", "plots/"))}
    assert faces and tracked == kept
    assert dag.git(tiny, "status", "--short") == ""


def test_with_nothing_changed_nothing_reruns(tiny: Path):
    assert dag.would_run(tiny) == set()
    assert dag.stale(tiny) == set()


def _longer(model: str) -> str:
    """Return params.yaml with one epoch more for a model."""
    values = dag.params()
    values["models"][model]["fit"]["epochs"] += 1
    return yaml.safe_dump(values)


def _changed(section: str, **values: Any) -> str:
    """Return params.yaml with other values in a section."""
    return yaml.safe_dump({**PARAMS, section: {**PARAMS[section], **values}})


USE_TRAINING = (
    {"check_params", "explain", "label_audit"}
    | _all("train", "predict")
    | _all("export", models=EXPORTED)
    | _all("robustness", models=TESTED)
    | _all("distill", models=PARAMS["distill"])
    | _all("vote_targets", models=PARAMS["vote_targets"])
)


@pytest.mark.parametrize(
    ("file", "text", "changed"),
    [
        ("params.yaml", _longer("cnn"), {"check_params", "train@cnn"}),
        ("params.yaml", _changed("split", seed=14), {"check_params", "split"}),
        ("params.yaml", _changed("predict", tta_flip=False), {"check_params"} | _all("predict")),
        ("params.yaml", _changed("ensemble", max_members=1), {"check_params", "ensemble_choice"}),
        ("emotion/models/resnet_fer.py", None, {"check_params", "train@distilled"}),
        ("emotion/training/loop.py", None, USE_TRAINING),
        ("emotion/report/page.html", None, {"report"}),
        ("emotion/__init__.py", None, set()),
    ],
    ids=["a model's params", "seed", "tta_flip", "max_members", "a network", "training", "a template", "a docstring"],
)
def test_a_change_makes_stale_what_uses_it_and_nothing_else(tiny: Path, file: str, text: str | None, changed: set[str]):
    code = (tiny / file).read_text(encoding="utf-8") + "# a remark\n"
    with dag.edited(tiny / file, text or code):
        assert dag.stale(tiny) == changed


def test_a_dry_run_tells_what_follows_from_a_change(tiny: Path):
    with dag.edited(tiny / "params.yaml", _longer("cnn")):
        # The check is first in the pipeline, so everything follows from it if its output changes, which it never does.
        assert _after_training("cnn") <= dag.would_run(tiny)


def test_checked_params_rerun_nothing_but_what_they_affect(tiny: Path):
    before = (tiny / "dvc.lock").read_text(encoding="utf-8")
    with dag.edited(tiny / "params.yaml", _changed("ensemble", max_members=1)):
        told = dag.dvc(tiny, "repro", "class_weights")
    assert re.findall(r"^Running stage '(.+)'", told, re.MULTILINE) == ["check_params"]
    (tiny / "dvc.lock").write_text(before, encoding="utf-8")
    dag.dvc(tiny, "repro", "check_params")


def test_files_that_python_and_editors_leave_make_nothing_stale(tiny: Path):
    folder = tiny / "emotion/training"
    left = [folder / "loop.py~", folder / ".loop.py.swp", folder / "#loop.py#", folder / ".#loop.py"]
    for file in left[:-1]:
        file.write_text("x", encoding="utf-8")
    left[-1].symlink_to("nobody@nowhere")  # as Emacs does for an unsaved buffer
    code = "import sys; sys.dont_write_bytecode = False; import emotion.training.schedule"
    environment = {key: value for key, value in dag.environment(tiny).items() if key != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-c", code], cwd=tiny, env=environment, check=True)
    try:
        assert list(folder.glob("__pycache__/*.pyc"))
        assert dag.stale(tiny) == set()
    finally:
        for file in left:
            file.unlink()
        shutil.rmtree(folder / "__pycache__")
