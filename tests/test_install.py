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
from emotion.apps import main
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


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside the repository with pictures, and in env/ nothing but the wheel and what it requires."""
    folder = tmp_path_factory.mktemp("installed")
    uv = [sys.executable, "-m", "uv", "--quiet"]
    subprocess.run([*uv, "venv", "--python", sys.executable, str(folder / "env")], check=True)
    subprocess.run([*uv, "pip", "install", "--python", str(folder / "env/bin/python"), str(wheel)], check=True)
    for name in ("photo", "faces/happy/1", "faces/sad/2"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photograph([(200, 120, 180)])).save(folder / f"{name}.png")
    return folder


def _emotion(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "HTTPS_PROXY": "http://127.0.0.1:9"}
    command = [str(folder / "env/bin/emotion"), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


# What each command of `emotion --help` prints there: its result, or one line that names the remedy.
WORKS = {
    "predict photo.png --json": '"label"',
    "predict photo.png --csv -o out": "photo.png",
    "score faces": "2 of 2 pictures scored",
    "score faces --json": '"roc_auc": null',
}
NEEDS = {
    "score-many faces out": r"score-many needs pyarrow, which is not installed: run `pip install .*'pyarrow>=\d+'.*`",
    "demo --port 0": r"demo needs gradio, which is not installed: run `pip install 'gradio<\d+,>=\d+'`",
    "api --port 0": r"api needs (?:fastapi|uvicorn), which is not installed: run `pip install .*'uvicorn>=[\d.]+'`",
    "webcam photo.png": r"there is no display .*: run it on a desktop",
    "fetch-yunet": r"https://\S+: cannot be downloaded \(.*\): try again, or save it as \S+",
    "predict photo.png --detector yunet": r"\S+: no such file: `emotion fetch-yunet` downloads it, or .*",
    "predict photo.png -o out --explain a.keras": r"--explain needs TensorFlow .* or `pip install '\.\[train\]'`",
}


def test_each_command_of_the_help_is_tried_with_the_wheel_alone():
    assert {command.split()[0] for command in WORKS | NEEDS} == {*main.COMMANDS, "fetch-yunet"}


@pytest.mark.parametrize("command", WORKS)
def test_an_installed_command_works_outside_the_repository(command: str, installed: Path):
    done = _emotion(installed, *command.split())
    assert done.returncode == 0, done.stderr
    assert WORKS[command] in done.stdout


@pytest.mark.parametrize("command", NEEDS)
def test_an_installed_command_that_needs_more_says_what_in_one_line(command: str, installed: Path):
    done = _emotion(installed, *command.split())
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(f"error: {NEEDS[command]}\n", done.stderr)
