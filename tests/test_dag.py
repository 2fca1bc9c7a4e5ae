"""The pipeline really run, once, on few synthetic faces: its stages, and what reruns after a change."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import tiny as dag

PARAMS = dag.params()
DATA = {"check_params", "check_inputs", "detector", "annotations", "download", "clean", "audit", "split",
        "class_weights", "vote_targets@votes_and_labels"}  # fmt: skip
LEAVES = {"explore", "label_audit", "vote_audit"}  # nothing follows from them
SHARED = {"distill@distilled", "ensemble_choice", "ensemble", "compare", "choose", "explain", "report"}


def _each(*stages: str) -> set[str]:
    """Return the names of these stages for each model."""
    return {f"{stage}@{model}" for stage in stages for model in dag.MODELS}


TRAINING = SHARED | _each(*dag.OF_EACH_MODEL)


def test_every_stage_ran_and_wrote_all_of_its_outputs(tiny: Path):
    stages = dag.lock(tiny)
    assert set(stages) == DATA | LEAVES | TRAINING
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


def _changed(section: str, **values: Any) -> str:
    """Return params.yaml with other values in a section."""
    return yaml.safe_dump({**PARAMS, section: {**PARAMS[section], **values}})


USE_TRAINING = _each("train", "predict", "export", "robustness") | {
    "check_params", "distill@distilled", "explain", "label_audit", "vote_targets@votes_and_labels"
}  # fmt: skip


@pytest.mark.parametrize(
    ("file", "text", "changed"),
    [
        ("params.yaml", _changed("models", cnn=PARAMS["models"]["cnn"] | {"seed": 2}), {"check_params", "train@cnn"}),
        ("params.yaml", _changed("split", seed=14), {"check_params", "split"}),
        ("params.yaml", _changed("predict", tta_flip=False), {"check_params"} | _each("predict")),
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


def test_all_that_follows_from_a_training_reruns_after_it_and_nothing_else(tiny: Path):
    with dag.edited(tiny / "stages/train.py", (tiny / "stages/train.py").read_text(encoding="utf-8") + "# a remark\n"):
        assert dag.would_run(tiny) == TRAINING


def test_checked_params_rerun_nothing_but_what_they_affect(tiny: Path):
    before = (tiny / "dvc.lock").read_text(encoding="utf-8")
    with dag.edited(tiny / "params.yaml", _changed("ensemble", max_members=1)):
        told = dag.dvc(tiny, "repro", "class_weights")
    assert re.findall(r"^Running stage '(.+)'", told, re.MULTILINE) == ["check_params"]
    (tiny / "dvc.lock").write_text(before, encoding="utf-8")


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
