"""The package as users get it: its public names, its version, its wheel, and its command in an empty environment."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from PIL import Image

import emotion
from emotion.inference.predictor import EmotionClassifier
from tests.pasted import emotion_command, photograph
from tests.source import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def test_the_package_lists_exactly_its_public_names():
    assert dir(emotion) == ["EmotionClassifier", "__version__"]
    assert emotion.EmotionClassifier is EmotionClassifier
    with pytest.raises(AttributeError, match="no attribute 'Emotion'"):
        emotion.Emotion  # noqa: B018


@pytest.mark.parametrize("installed", [None, "1.2.3"])
def test_the_version_is_the_installed_one_or_that_of_the_clone(
    installed: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    if installed:
        (tmp_path / "emotion-1.2.3.dist-info").mkdir()
        (tmp_path / "emotion-1.2.3.dist-info/METADATA").write_text(f"Name: emotion\nVersion: {installed}\n")
        monkeypatch.syspath_prepend(tmp_path)
    assert emotion.__version__ == (installed or VERSION)
    assert emotion_command(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"emotion {installed or VERSION}\n"


def test_package_and_command_load_no_heavy_library():
    heavy = "tensorflow keras matplotlib sklearn scipy pandas dvc pyarrow yaml onnx"
    code = "import sys, emotion; print('importlib.metadata' in sys.modules, 'numpy' in sys.modules); "
    code += "emotion.EmotionClassifier; import emotion.apps.main, emotion.apps.predict; "
    code += f"print(set('{heavy}'.split()) & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False False\nset()\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this project."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def test_the_wheel_holds_library_and_model_without_the_pipelines_needs(wheel: Path):
    with zipfile.ZipFile(wheel) as files:
        names = files.namelist()
        (metadata,) = [files.read(name).decode() for name in names if name.endswith("/METADATA")]
    assert {Path(name).parts[0].partition("-")[0] for name in names} == {"emotion"}
    assert {"emotion/report/page.html", "emotion/emotion.onnx", "emotion/py.typed"} <= set(names)
    required = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert not [line for line in required if re.search("tensorflow|keras|dvc|matplotlib", line)]


def test_the_installed_command_labels_a_face_outside_the_repository(wheel: Path, tmp_path: Path):
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
