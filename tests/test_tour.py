"""docs/tour.md and the notebook, run as they stand, in a small pipeline on few synthetic faces."""

import json
import os
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from tests import tiny
from tests.pasted import photograph
from tests.source import PARAMS, ROOT, quickstart_params
from tests.touring import NOTEBOOK, cells, execute, fits, steps, write_environment, write_project
from tools import run_pipeline

TOUR = (ROOT / "docs/tour.md").read_text(encoding="utf-8")
ADDRESS = "https://example.org/you/emotion.git"
END = "-- end of a command: "


@pytest.mark.parametrize(
    ("printed", "expected", "same"),
    [
        ("a   b\n", "a b\n", True),
        ("a\nb\nc\nd\n", "a\n...\nd\n", True),
        ("a\nb\nc\n", "a\n...\nd\n", False),
        ("a\nb\n", "a\n", False),
        ("a 12 b\n", "a ... b\n", True),
        ("a 12\nb\n", "a ... b\n", False),
        ("anything\n", "", True),
    ],
)
def test_an_output_fits_what_the_page_says_or_not(printed: str, expected: str, same: bool):
    assert fits(printed, expected) == same


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables with which git clones a small copy of the project from its address.

    A clone gets an environment in .venv, so that `make setup` has nothing to do, and the outputs of one
    `make quickstart`, so that it runs only once.
    """
    folder = tmp_path_factory.mktemp("tour")
    project = folder / "project"
    ready = folder / "ready"
    hook = folder / "template/hooks/post-checkout"
    write_project(project)
    write_environment(ready / ".venv", project / "requirements.txt")
    hook.parent.mkdir(parents=True)
    hook.write_text(f'#!/bin/sh\nif test -e Makefile; then cp -R "{ready}/." .; fi\n')
    hook.chmod(0o755)
    inherited = tiny.environment(folder / "home").items()
    without_dvc = [path for path in os.environ["PATH"].split(os.pathsep) if not Path(path, "dvc").exists()]
    variables = {
        **{name: value for name, value in inherited if not name.startswith(("MAKE", "MFLAGS", "PYTHON", "USE"))},
        "PATH": os.pathsep.join(without_dvc),  # only .venv/bin/activate adds `dvc` and `python`
        "GIT_TEMPLATE_DIR": str(folder / "template"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{project}.insteadOf",
        "GIT_CONFIG_VALUE_0": ADDRESS,
    }
    subprocess.run(["git", "clone", "--quiet", ADDRESS, folder / "first"], env=variables, check=True)
    subprocess.run(["make", "quickstart"], cwd=folder / "first", env=variables, check=True)
    shutil.move(folder / "first/.quickstart", ready)
    return variables


def test_each_command_of_the_tour_prints_what_the_page_shows(environment: dict[str, str], tmp_path: Path):
    commands = steps(TOUR)
    script = "".join(f"{command}\nprintf '\\n{END}%s\\n' $?\n" for command, _ in commands)
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    outputs = re.split(rf"^{END}(\d+)\n", done.stdout, flags=re.MULTILINE)
    assert len(outputs) == 2 * len(commands) + 1
    for (command, expected), printed, code in zip(commands, outputs[::2], outputs[1::2], strict=False):
        assert code == "0", f"$ {command}\n{printed}"
        assert fits(printed, expected), f"$ {command}\n{printed}\nexpected:\n{expected}"


def test_the_first_change_of_the_tour_is_to_the_epochs_of_cnn():
    assert "s/epochs: 6/epochs: 9/" in TOUR
    params = quickstart_params()
    changed = yaml.safe_load(yaml.safe_dump(params, sort_keys=False).replace("epochs: 6", "epochs: 9", 1))
    assert params["models"]["cnn"]["fit"]["epochs"] == 6
    params["models"]["cnn"]["fit"]["epochs"] = 9
    assert changed == params


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the pictures that the notebook displays."""
    names: list[str] = []
    module = types.ModuleType("IPython.display")
    module.Image, module.display = lambda filename: filename, names.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    return names


def test_the_stages_that_the_notebook_runs_exist():
    (stages,) = re.findall(r'^STAGES = "(.+)"$', "\n".join(cells()), re.MULTILINE)
    run_pipeline.require_stages(stages.split(), PARAMS)


def test_the_notebook_has_five_code_cells_without_outputs():
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert [cell["cell_type"] for cell in notebook["cells"]] == ["code"] * 5
    for cell in notebook["cells"]:
        assert not cell["outputs"] and cell["execution_count"] is None


def test_the_notebook_runs_on_drawn_faces_without_a_key(
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shown: list[str],
    capsys: pytest.CaptureFixture[str],
):
    for name in [name for name in os.environ if name not in environment and not name.startswith("PYTEST")]:
        monkeypatch.delenv(name)
    settings = {"EMOTION_REPOSITORY": ADDRESS, "EMOTION_SAMPLE": "1", "EMOTION_PICTURE": "two.png", "USE": ""}
    for name, value in {**environment, **settings}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    first, *others, last = cells()
    execute(first, namespace)
    for cell in others:
        execute(cell, namespace)
    Image.fromarray(photograph([(60, 100, 150), (380, 150, 180)])).save("two.png")
    execute(last, namespace)

    printed = capsys.readouterr().out
    assert re.search(r"^accuracy +[01]\.\d{3}$", printed, re.MULTILINE)
    assert len(re.findall(r"^two\.png +[12] ", printed, re.MULTILINE)) == 2
    assert shown == [".quickstart/plots/confusion/cnn.png", "../labelled/two.png"]
    assert all(Path(name).stat().st_size for name in shown)


@pytest.mark.parametrize("name", ["kaggle.json", "kaggle (1).json", "access_token"])
def test_an_uploaded_key_is_private_to_its_owner_and_never_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str
):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(b"a secret")
    colab = types.ModuleType("google.colab")
    colab.files = types.SimpleNamespace(upload=lambda: {name: b"a secret"})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", colab)

    execute(cells()[1], {"SAMPLE": "", "Path": Path})

    stored = tmp_path / "home/.kaggle" / ("kaggle.json" if "json" in name else "access_token")
    assert stored.read_bytes() == b"a secret"
    assert stored.stat().st_mode & 0o777 == 0o600
    assert not Path(name).exists()
    assert "secret" not in "".join(capfd.readouterr())
