"""A run of a pipeline of three stages, cloned without its data."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PIPELINE = """\
stages:
  clean: {cmd: mkdir -p data && cp raw.txt data/faces, deps: [raw.txt], outs: [data/faces]}
  train:
    cmd: cp recorded.json metrics/training/cnn.json
    deps: [data/faces, recorded.json]
    params: [epochs]
    metrics: [metrics/training/cnn.json: {cache: false}]
  evaluate:
    cmd: cp metrics/training/cnn.json metrics/cnn.json
    deps: [metrics/training/cnn.json]
    metrics: [metrics/cnn.json: {cache: false}]
"""
ANOTHER = """\
  explore: {cmd: cp raw.txt metrics/explored, metrics: [metrics/explored: {cache: false}]}
"""
LOCK = """\
keras==3.15.1 \\
    --hash=sha256:00
numpy==2.4.6 ; python_full_version < '3.12' \\
numpy==2.5.5 ; python_full_version >= '3.12' \\
opencv-python-headless==4.14.0.94 \\
tensorflow-cpu==2.21.0 ; sys_platform == 'linux' \\
"""
VERSIONS = {"versions": {"tensorflow": "2.21.0", "keras": "3.15.1", "numpy": "2.5.5", "opencv": "4.14.0"}}


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> Path:
    """A run whose metrics and lock are in git, cloned: the data are not there."""
    folder = tmp_path_factory.mktemp("ran")
    texts = {
        ".dvc/config": "[core]\n    analytics = false\n    check_update = false\n",
        ".gitignore": "/data\n/.dvc/tmp\n/.dvc/cache\n",
        "dvc.yaml": PIPELINE,
        "params.yaml": "epochs: 3\n",
        "raw.txt": "faces",
        "recorded.json": json.dumps(VERSIONS),
        "requirements.txt": LOCK,
        ".ci/pending_runs.txt": "# none\n",
        "metrics/training/.gitignore": "",
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    subprocess.run([sys.executable, "-m", "dvc", "repro", "-q"], cwd=folder, check=True)
    subprocess.run(["git", "add", "."], cwd=folder, check=True)
    shutil.rmtree(folder / "data")
    shutil.rmtree(folder / ".dvc/cache")
    return folder
