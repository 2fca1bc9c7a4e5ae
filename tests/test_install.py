"""What people get who install the apps alone."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tests.pasted import photograph
from tests.source import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this project."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def test_the_wheel_holds_the_library_and_a_model_and_wants_nothing_of_the_pipeline(wheel: Path):
    with zipfile.ZipFile(wheel) as files:
        names = files.namelist()
        (metadata,) = [files.read(name).decode() for name in names if name.endswith("/METADATA")]
    assert {Path(name).parts[0].partition("-")[0] for name in names} == {"emotion"}
    assert {"emotion/report/page.html", "emotion/emotion.onnx"} <= set(names)
    wanted = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert not [line for line in wanted if any(name in line for name in ("tensorflow", "keras", "dvc", "matplotlib"))]


def test_in_an_empty_environment_outside_the_repository_the_command_labels_a_face(wheel: Path, tmp_path: Path):
    python, clean = tmp_path / "env/bin/python", {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    uv = [sys.executable, "-m", "uv", "--quiet"]
    subprocess.run([*uv, "venv", "--python", sys.executable, str(tmp_path / "env")], check=True)
    subprocess.run([*uv, "pip", "install", "--python", str(python), str(wheel)], check=True)
    Image.fromarray(photograph([(200, 120, 180)])).save(tmp_path / "photo.png")
    command = [str(python.with_name("emotion")), "predict", "photo.png", "--json"]
    done = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert '"label"' in done.stdout
    code = "import sys, emotion.apps.predict; print({'tensorflow', 'dvc', 'sklearn', 'matplotlib'} & set(sys.modules))"
    loaded = subprocess.run([python, "-c", code], cwd=tmp_path, env=clean, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "set()"
