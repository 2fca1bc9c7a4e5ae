"""Models as artefacts: what dvc.yaml names can be had from a git address, by version and by stage."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dvc.repo import Repo

from tests import tiny as dag
from tests.remotes import clones, servers

ARTIFACTS = "artifacts:\n  emotion:\n    path: weights\n    type: model\n"


def test_artifacts_of_the_project_are_the_shipped_model_and_the_chosen_one(root: Path):
    best = json.loads((root / "metrics/best.json").read_text(encoding="utf-8"))["model"]
    (artifacts,) = Repo(str(root)).artifacts.read().values()
    paths = {name: artifact.path for name, artifact in artifacts.items()}
    assert paths == {"emotion": "models/emotion.onnx", "emotion-keras": f"models/{best}.keras"}, "see end of dvc.yaml"


@pytest.mark.remote
def test_a_model_is_had_from_a_git_server_by_version_and_by_stage(tmp_path: Path):
    source, storage, elsewhere = tmp_path / "source", tmp_path / "storage", tmp_path / "elsewhere"
    clones.make(source, clones.PIPELINE + ARTIFACTS)
    dag.dvc(source, "remote", "add", "--default", "storage", str(storage))
    dag.dvc(source, "push")
    first = (source / "weights").read_bytes()
    dag.git(source, "commit", "--quiet", "--all", "-m", "remote")
    gto(source, "register", "emotion", "--version", "v1.0.0")
    gto(source, "assign", "emotion", "--version", "v1.0.0", "--stage", "prod")

    changed = (clones.PIPELINE + ARTIFACTS).replace("pictures/7", "pictures/8")
    (source / "dvc.yaml").write_text(changed, encoding="utf-8")
    dag.dvc(source, "repro")
    dag.dvc(source, "push")
    dag.git(source, "commit", "--quiet", "--all", "-m", "another model")
    gto(source, "register", "emotion", "--version", "v2.0.0")
    second = (source / "weights").read_bytes()
    assert first != second and "v2.0.0" in gto(source, "show") and "prod" in gto(source, "show", "emotion")

    elsewhere.mkdir()
    with served(tmp_path) as address:
        for options, model in [(["--rev", "v1.0.0"], first), (["--stage", "prod"], first), ([], second)]:
            out = elsewhere / "".join(options or ["newest"])
            dag.dvc(elsewhere, "artifacts", "get", f"{address}/source", "emotion", *options, "-o", str(out))
            assert out.read_bytes() == model
        dag.dvc(elsewhere, "get", f"{address}/source", "weights", "--rev", "emotion@v1.0.0")
        assert (elsewhere / "weights").read_bytes() == first


def gto(folder: Path, *arguments: str) -> str:
    """Run GTO and return what it prints."""
    command = [str(Path(sys.executable).with_name("gto")), *arguments]
    done = subprocess.run(command, cwd=folder, env=dag.environment(folder), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the repositories in a folder by git's own server, and give its address."""
    port = servers.free_port()
    listen = ["--listen=127.0.0.1", f"--port={port}", "--export-all", f"--base-path={folder}"]
    daemon = servers.Remote("", [["git", "daemon", *listen, str(folder)]], port, folder / "served")
    daemon.start()
    try:
        yield f"git://127.0.0.1:{port}"
    finally:
        daemon.stop()
