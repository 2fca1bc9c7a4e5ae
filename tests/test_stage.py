"""The frame of a stage: what is edited while it runs is never recorded as used."""

import subprocess
import sys
from pathlib import Path

import pytest

from emotion.core import stage
from tests import tiny

SCRIPT = """
import pathlib
from emotion.core import params, stage
from emotion.core.params import Section

class Settings(Section):
    seed: int

def main(name: str) -> None:
    seed = params.load(f"models.{name}", Settings).seed
    pathlib.Path("models").mkdir(exist_ok=True)
    pathlib.Path(f"models/{name}.txt").write_text(str(seed))
    {EDIT}

if __name__ == "__main__":
    import sys
    stage.run(main, *sys.argv[1:])
"""
PIPELINE = """
stages:
  train:
    foreach: ${models}
    do:
      cmd: python -m stages.train ${key}
      deps: [stages/train.py, emotion/core]
      params: ["models.${key}"]
      outs: ["models/${key}.txt"]
"""


def _run(folder: Path, edit: str) -> subprocess.CompletedProcess[str]:
    tiny.copy_code(folder)
    texts = {"dvc.yaml": PIPELINE, "params.yaml": "models: {cnn: {seed: 1}}"}
    texts |= {"stages/train.py": SCRIPT.replace("{EDIT}", edit)}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "stages.train", "cnn"]
    return subprocess.run(command, cwd=folder, env=tiny.environment(folder), capture_output=True, text=True)


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        ("pathlib.Path('params.yaml').write_text('models: {cnn: {seed: 8}}')", "params.yaml: models.cnn changed"),
        ("pathlib.Path('params.yaml').write_text('models: {cnn: {seed: true}}')", "params.yaml: models.cnn changed"),
        ("open('emotion/core/labels.py', 'a').write('# a remark')", "emotion/core changed"),
    ],
    ids=["a param", "its type", "code"],
)
def test_an_edit_while_a_stage_runs_fails_it_and_sets_outputs_aside(tmp_path: Path, edit: str, named: str):
    done = _run(tmp_path, edit)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {named} while train@cnn ran: run it again") and done.stderr.count("\n") == 1
    assert not (tmp_path / "models/cnn.txt").exists()
    assert (tmp_path / stage.ASIDE / "train@cnn/models/cnn.txt").read_text(encoding="utf-8") == "1"


def test_an_edit_of_something_else_does_not_matter(tmp_path: Path):
    edits = ["open('params.yaml', 'a').write('\\nother: 3')", "pathlib.Path('emotion/core/x.pyc').write_text('')"]
    done = _run(tmp_path, "; ".join(edits))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "models/cnn.txt").read_text(encoding="utf-8") == "1"


def test_every_stage_of_dvc_yaml_is_understood(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(root)
    export = stage.read_entry("export", "cnn")
    assert export is not None
    assert export.name == "export@cnn" and "models/cnn.onnx" in export.outputs
    assert "emotion/export" in export.code and "export.seed" in export.params
    train = stage.read_entry("train", "resnet_deep")
    assert train is not None and "emotion/models/resnet_fer.py" in train.code
    assert stage.read_entry("split") is not None and stage.read_entry("nothing") is None
