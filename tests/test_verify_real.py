"""`make verify-real`: one model trained again from dvc.lock, in a repository whose training takes no time."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests import tiny
from tests.source import ROOT
from tools import verify_real

PIPELINE = """\
stages:
  clean: {cmd: mkdir -p data && cp raw.txt data/faces, deps: [raw.txt], outs: [data/faces]}
  train:
    foreach: ${models}
    do:
      cmd: python stages/train.py ${key}
      deps: [stages/train.py, data/faces]
      params: ["models.${key}"]
      outs: ["models/${key}.keras"]
      metrics: ["metrics/training/${key}.json": {cache: false}]
"""
TRAIN = """\
import json, os, pathlib, sys

model, faces = sys.argv[1], pathlib.Path("data/faces").read_text()
checkpoint = pathlib.Path(".checkpoints") / model
if "CUT" in os.environ:
    checkpoint.parent.mkdir()
    checkpoint.write_text(faces)
    os.killpg(0, 9)
print("goes on" if checkpoint.exists() else "begins")
checkpoint.unlink(missing_ok=True)
for name in ("models", "metrics/training"):
    pathlib.Path(name).mkdir(parents=True, exist_ok=True)
pathlib.Path(f"models/{model}.keras").write_text(faces + os.environ.get("ROUNDING", ""))
versions = {"tensorflow": "2.21.0", "keras": "3.15.1", "numpy": os.environ.get("NUMPY", "2.4.6")}
pathlib.Path(f"metrics/training/{model}.json").write_text(json.dumps({"versions": versions}))
"""
PENDING = "# none yet\ntrain@vgg16\n"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a committed run."""
    folder = tmp_path_factory.mktemp("ran") / "repository"
    texts = {
        ".dvc/config": "[core]\n    analytics = false\n    check_update = false\n",
        ".gitignore": "/data\n/models\n/.dvc/tmp\n/.dvc/cache\n/.dvc/config.local\n/.verify\n/.checkpoints\n",
        "dvc.yaml": PIPELINE,
        "params.yaml": "models: {cnn: {seed: 1}, vgg16: {seed: 1}}\n",
        "pending_runs.txt": PENDING,
        "raw.txt": "faces",
        "stages/train.py": TRAIN,
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    tiny.git(folder, "init", "--quiet")
    tiny.dvc(folder, "repro", "--quiet", "train@cnn")
    tiny._commit(folder, "a run")
    return folder


@pytest.fixture
def repository(ran: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "a repository"
    shutil.copytree(ran, folder)
    return folder


def _verify(folder: Path, model: str = "cnn", **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.verify_real", model]
    environment = tiny.environment(folder) | {"PYTHONPATH": str(ROOT)} | variables
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=folder, env=environment, text=True, start_new_session=True, **pipes) as process:
        said = process.communicate()
    # What was killed with it is a zombie until init collects it, and DVC believes until then that it holds a lock.
    psutil.wait_procs([one for one in psutil.process_iter() if _group(one.pid) == process.pid], 60)
    return subprocess.CompletedProcess(command, process.returncode, *said)


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def test_the_same_bytes_are_identical_and_the_machine_is_written_down_once(repository: Path):
    cache = sorted((repository / ".dvc/cache").rglob("*"))
    done = _verify(repository)
    assert done.returncode == 0, done.stderr
    told = "identical: metrics/training/cnn.json, models/cnn.keras; docs/machines.json says so"
    assert done.stdout.splitlines()[-1] == told
    machines = (repository / "docs/machines.json").read_text(encoding="utf-8")
    (machine,) = json.loads(machines)["cnn"]["machines"]
    assert list(machine) == ["cpu", "python", "tensorflow", "keras", "numpy"]
    assert _verify(repository).returncode == 0, "what it wrote is in nobody's way"
    assert (repository / "docs/machines.json").read_text(encoding="utf-8") == machines
    assert tiny.git(repository, "status", "--short") == "?? docs/\n"
    assert sorted((repository / ".dvc/cache").rglob("*")) == cache


def test_other_bytes_are_named_with_versions_and_cpu_of_both(repository: Path):
    done = _verify(repository, ROUNDING="up", NUMPY="2.5.5")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "error: train@cnn does not give the bytes of dvc.lock here"
    lines = [line.split() for line in done.stdout.splitlines()]
    named = [line[0] for line in lines if line[1:2] == ["dvc.lock"]]
    assert named == ["metrics/training/cnn.json", "models/cnn.keras"]
    assert ["numpy", "2.4.6", "2.5.5"] in lines and ["keras", "3.15.1", "3.15.1"] in lines
    assert any(line[:2] == ["cpu", "unknown"] for line in lines)
    assert not (repository / "docs").exists()

    assert _verify(repository).returncode == 0
    rounded = _verify(repository, ROUNDING="up").stdout
    assert "unknown" not in rounded, "where it was reproduced is known now"
    assert "models/cnn.keras" in rounded and "metrics/training/cnn.json  dvc.lock" not in rounded


def test_cut_off_the_same_command_goes_on_from_the_checkpoint(repository: Path):
    assert _verify(repository, CUT="1").returncode == -9
    done = _verify(repository)
    assert "goes on\n" in done.stdout and "identical: " in done.stdout


def test_a_model_without_a_committed_run_is_refused(repository: Path):
    assert _verify(repository, "cn").stderr == "error: params.yaml: there is no model 'cn'; did you mean 'cnn'?\n"
    awaited = "error: pending_runs.txt names train@vgg16: its run is still to come; choose another model\n"
    assert _verify(repository, "vgg16").stderr == awaited
    (repository / "pending_runs.txt").write_text("")
    (repository / "stages/train.py").write_text(f"{TRAIN}# a remark\n")
    tiny._commit(repository, "no run after it")
    assert _verify(repository, "vgg16").stderr.startswith("error: dvc.lock has no train@vgg16: run `dvc repro train@")
    stale = "error: train@cnn: its code, params or data are not those of dvc.lock: `make check` says which"
    assert _verify(repository).stderr.splitlines()[-1] == stale


def test_data_that_the_cache_does_not_hold_are_named_with_what_brings_them(repository: Path):
    shutil.rmtree(repository / ".dvc/cache")
    done = _verify(repository)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "error: train@cnn reads data/faces, and DVC's cache does not hold all of these: "
        "run `make repro`, or `make pull` if you have a remote"
    )
    assert "Traceback" not in done.stderr


def test_what_gave_other_bytes_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    old, new = {"models/cnn.keras": "1"}, {"models/cnn.keras": "2"}
    verify_real.record("cnn", old, {"cpu": "a", "python": "3.11.7"})
    verify_real.record("cnn", old, {"cpu": "b", "python": "3.11.7"})
    verify_real.record("cnn_aug", old, {"cpu": "c"})
    assert verify_real.known("cnn", old) == {"cpu": "a / b", "python": "3.11.7"}
    assert verify_real.known("cnn", new) == {}
    verify_real.record("cnn", new, {"cpu": "b", "python": "3.11.7"})
    assert verify_real.known("cnn", new)["cpu"] == "b"
    assert verify_real.known("cnn_aug", old) == {"cpu": "c"}
