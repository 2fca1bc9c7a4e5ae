"""What a pull request is told, and the workflows that tell it."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest
import yaml

from tests import tiny
from tests.source import ROOT
from tools import pull_request

CHARTS = [
    name for entry in yaml.safe_load((ROOT / "stages/dvc.yaml").read_text(encoding="utf-8"))["plots"] for name in entry
]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with this one's pipeline and results, whose second commit gives cnn a poor score."""
    folder = tmp_path_factory.mktemp("repository")
    for name in ("metrics", "plots", ".dvc/plots"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("faces"))
    files = ("dvc.yaml", "stages/dvc.yaml", "dvc.lock", "params.yaml", ".ci/pending_runs.txt")
    for name in (*files, ".dvc/config", ".dvc/.gitignore"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    tiny.git(folder, "init", "--quiet")
    tiny.commit(folder, "results")
    scores = json.loads((folder / "metrics/cnn.json").read_text(encoding="utf-8"))
    scores["test"]["accuracy"] = 0.001
    (folder / "metrics/cnn.json").write_text(json.dumps(scores), encoding="utf-8")
    tiny.commit(folder, "a poor score")
    return folder


def _report(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from emotion.core import errors;"
    code += " from tools import pull_request;"
    command = [sys.executable, "-c", f"{code} errors.run(pull_request.main)", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_the_report_has_changed_scores_and_every_chart(repository: Path, tmp_path: Path):
    done = _report(repository, "HEAD~1", str(tmp_path))
    assert done.returncode == 0, done.stderr
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    before = json.loads((ROOT / "metrics/cnn.json").read_text(encoding="utf-8"))["test"]["accuracy"]
    _, scores, every_metric = re.split(r"## Scores compared with HEAD~1|<details>", report)
    for table in (scores, every_metric):
        (row,) = [line for line in table.splitlines() if line.startswith("| metrics")]
        assert [cell.strip() for cell in row.split("|")[1:5]] == [
            "metrics/cnn.json",
            "test.accuracy",
            f"{before:.5g}",
            "0.001",
        ]
    assert re.findall(r"!\[.*\]\((.*)\.png\)", report) == CHARTS
    for name in CHARTS:
        picture = cv2.imread(str(tmp_path / f"{name}.png"))
        assert picture is not None and min(picture.shape[:2]) > 200 and picture.std() > 5, f"{name} is empty"
    assert "<script src" not in (tmp_path / "all_charts/index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("files", [["metrics/cnn.json"], []], ids=["scores", "all metrics"])
def test_a_table_says_that_nothing_has_changed(repository: Path, monkeypatch: pytest.MonkeyPatch, files: list[str]):
    monkeypatch.chdir(repository)
    assert pull_request._metrics("HEAD", files) == "Nothing has changed."


def test_an_unknown_revision_is_one_line_and_writes_nothing(repository: Path, tmp_path: Path):
    done = _report(repository, "no-such-branch", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "no-such-branch" in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_targets_and_scripts_that_exist(path: Path):
    steps = [step for job in _workflow(path)["jobs"].values() for step in job["steps"]]
    commands = "\n".join(step.get("run", "") for step in steps)
    targets = re.findall(r"^make (?:[A-Z]+=\S+ )*([a-z-]+)", commands, re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(re.search(rf"^([a-z-]+ )*{target}( [a-z-]+)*:", makefile, re.MULTILINE) for target in targets)
    assert all((ROOT / script).exists() for script in re.findall(r"^bash (\S+)", commands, re.MULTILINE))
    assert targets or "bash .ci/run" in commands


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_permissions_and_a_timeout(path: Path):
    workflow = _workflow(path)
    assert workflow["permissions"]
    assert all(job["timeout-minutes"] for job in workflow["jobs"].values())


def test_code_of_a_pull_request_sees_no_secret_but_its_own_token():
    for path in WORKFLOWS:
        workflow = _workflow(path)
        if "pull_request" in workflow[True]:  # YAML 1.1 reads the key `on` as a boolean
            assert set(re.findall(r"secrets\.(\w+)", path.read_text(encoding="utf-8"))) <= {"GITHUB_TOKEN"}
        assert "pull_request_target" not in workflow[True]


def _workflow(path: Path) -> dict[Any, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
