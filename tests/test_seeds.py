"""`make seeds`: the same model with other seeds, as DVC experiments."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import tiny as dag
from tests.source import ROOT


@pytest.fixture
def repository(tiny: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    shutil.copytree(tiny, folder)
    return folder


def _seeds(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = dag.environment(folder) | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tools.seeds", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def _read_an_archive_that_git_ignores(folder: Path) -> None:
    """Bring the committed run to the state that a user's own zip gives: neither git nor DVC's cache holds its input."""
    (folder / "data/external").mkdir(parents=True, exist_ok=True)
    (folder / "data/external/fer2013.zip").write_bytes(b"drawn faces do not need it")
    dag.write_params(folder, dag.params() | {"data": dag.params()["data"] | {"input": "data/external/fer2013.zip"}})
    dag.dvc(folder, "repro", "download")
    dag.git(folder, "commit", "--quiet", "-am", "an archive")


def test_each_seed_is_an_experiment_of_this_commit_and_is_run_once(repository: Path):
    _read_an_archive_that_git_ignores(repository)
    committed = json.loads((repository / "metrics/cnn.json").read_text(encoding="utf-8"))
    first = _seeds(repository, "--models", "cnn", "--seeds", "1", "2")
    assert first.returncode == 0, first.stderr
    stages = ["train@cnn", "predict@cnn", "calibrate@cnn", "evaluate@cnn"]
    assert [line for line in first.stdout.splitlines() if "Running" in line] == [
        f"Running stage '{s}':" for s in stages
    ]
    scores = json.loads((repository / "docs/seeds.json").read_text(encoding="utf-8"))["cnn"]
    assert scores["1"]["test"] == committed["test"]["accuracy"]
    assert scores["2"].keys() == scores["1"].keys()
    assert dag.git(repository, "status", "--short", "--", ".", ":!docs", ":!.seeds") == ""
    experiments = dag.dvc(repository, "exp", "list", "--name-only").split()
    assert experiments == ["seed-cnn-2"]
    reference = dag.git(repository, "for-each-ref", "--format=%(refname)", "refs/exps/**/seed-cnn-2").strip()
    assert json.loads(dag.git(repository, "show", f"{reference}:metrics/cnn.json")) != committed
    assert "models:\n  cnn:\n    network: cnn\n    targets: params/none.csv\n    seed: 2\n" in dag.git(
        repository, "show", f"{reference}:params.yaml"
    )

    again = _seeds(repository, "--models", "cnn", "--seeds", "2")
    assert "experiment" in first.stdout and "experiment" not in again.stdout

    # Cut off, it goes on, also where git has the scores of an earlier time.
    dag.git(repository, "add", "--intent-to-add", "docs/seeds.json")
    assert _seeds(repository, "--models", "cnn_aug", "--seeds", "1").returncode == 0
    kept = json.loads((repository / "docs/seeds.json").read_text(encoding="utf-8"))
    assert kept.keys() == {"cnn", "cnn_aug"} and kept["cnn"] == {"2": scores["2"]}


def test_what_is_not_committed_is_named_before_anything_runs(repository: Path):
    (repository / "params.yaml").write_text((repository / "params.yaml").read_text() + "# a remark\n")
    done = _seeds(repository, "--models", "cnn", "--seeds", "2")
    assert done.returncode == 1
    assert done.stderr == "error: params.yaml is not committed: commit it first, an experiment belongs to a commit\n"


def test_an_unknown_model_is_named_with_the_right_one(repository: Path):
    done = _seeds(repository, "--models", "cnn_agu")
    assert done.stderr == "error: params.yaml: there is no model 'cnn_agu'; did you mean 'cnn_aug'?\n"
