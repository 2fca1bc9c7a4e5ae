"""Builds of container images that cannot succeed: one clear line, and nothing half done."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import images
from tests.images import Storage
from tests.source import ROOT

SCRIPT = "deploy/build_images.sh"


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    """A storage with the base image."""
    with images.storage(tmp_path_factory.mktemp("storage")) as storage:
        yield storage


@pytest.mark.image
def test_a_build_that_is_stopped_leaves_what_was_there(storage: Storage, tmp_path: Path):
    for name in (SCRIPT, "models/emotion.onnx"):
        (tmp_path / name).parent.mkdir()
        shutil.copy(ROOT / name, tmp_path / name)
    dockerfile = "ARG PYTHON_IMAGE\nFROM ${PYTHON_IMAGE} AS api\nRUN sleep 300\n"
    (tmp_path / "deploy/Dockerfile").write_text(dockerfile)
    before = storage.held()
    started = storage.start(str(tmp_path / SCRIPT), "api")
    while storage.held() == before:
        assert started.poll() is None
    started.terminate()
    _, errors = started.communicate()
    assert started.returncode == 1
    assert errors.splitlines()[-1] == "error: stopped: nothing is left of what was begun for emotion-api"
    assert storage.held() == before


@pytest.mark.parametrize(
    ("engines", "error"),
    [
        ([], "no container engine found: install docker, podman or buildah"),
        (["docker"], "docker does not work (no daemon of docker): start it, or install docker, podman or buildah"),
    ],
)
def test_no_engine_is_one_line_that_names_the_three(tmp_path: Path, engines: list[str], error: str):
    for name in ("dirname", "tail"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    images.break_engines(tmp_path, engines)
    done = subprocess.run(["/bin/sh", SCRIPT], cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [f"error: {error}"]
