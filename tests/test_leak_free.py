"""The benchmark of what leaks are worth: same faces in validation and test, fewer in training."""

import json
from pathlib import Path

import pytest
import yaml

from benchmarks import leak_free
from emotion.errors import InputError
from tests.source import ROOT

SCORES = dict.fromkeys(leak_free.PARTS, {"accuracy": 0.5, "macro_f1": 0.4})


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for path in (*leak_free.DATA, "metrics/cnn.json", "params/none.csv", "params.yaml"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text("x", encoding="utf-8")
    Path("params.yaml").write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def test_params_differ_from_the_pipelines_in_leak_free_alone(project: Path):
    leak_free.prepare(leak_free.FOLDER)
    leak_free.prepare(leak_free.FOLDER)  # after a cut
    values = yaml.safe_load((leak_free.FOLDER / "params.yaml").read_text(encoding="utf-8"))
    assert values["defects"].pop("leak_free") is True
    own = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    assert own["defects"].pop("leak_free") is False
    assert values == own
    assert (leak_free.FOLDER / "params/none.csv").read_text() == "x"


@pytest.mark.parametrize("path", [*leak_free.DATA, "metrics/cnn.json"])
def test_what_is_missing_is_named_with_what_makes_it(project: Path, path: str):
    Path(path).unlink()
    with pytest.raises(InputError, match=f"^{path} is missing: run `make repro` first$"):
        leak_free.main()


def test_both_runs_stand_side_by_side(project: Path):
    folder = project / "run"
    (folder / "metrics").mkdir(parents=True)
    split = {"train": {"faces": 900}, "dropped": {"leak_free": 100}}
    (folder / "metrics/split.json").write_text(json.dumps(split), encoding="utf-8")
    (folder / "metrics/cnn.json").write_text(json.dumps(SCORES), encoding="utf-8")
    committed = {part: {"accuracy": 0.6} for part in leak_free.PARTS}
    assert leak_free.compare("cnn", committed, folder) == {
        "model": "cnn",
        "training_faces": 900,
        "dropped": 100,
        "all_faces": dict.fromkeys(leak_free.PARTS, 0.6),
        "leak_free": dict.fromkeys(leak_free.PARTS, 0.5),
    }
