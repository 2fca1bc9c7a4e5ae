"""The benchmark of training without leakage: same faces in validation and test, fewer in training."""

import json
from pathlib import Path

import pytest
import yaml

from benchmarks import leak_free
from emotion.core.errors import InputError
from tests.source import ROOT

NAMES = list(leak_free.SUBSETS)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for path in (*leak_free.DATA, "metrics/cnn.json", "params/none.csv", "params.yaml"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text("x", encoding="utf-8")
    Path("params.yaml").write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def test_params_differ_from_the_pipeline_in_leak_free_alone(project: Path):
    leak_free.prepare(leak_free.FOLDER)
    leak_free.prepare(leak_free.FOLDER)  # resumed
    values = yaml.safe_load((leak_free.FOLDER / "params.yaml").read_text(encoding="utf-8"))
    assert values["defects"].pop("leak_free") is True
    own = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    assert own["defects"].pop("leak_free") is False
    assert values == own
    assert (leak_free.FOLDER / "params/none.csv").read_text() == "x"


@pytest.mark.parametrize("path", [*leak_free.DATA, "metrics/cnn.json"])
def test_a_missing_file_is_named_with_the_remedy(project: Path, path: str):
    Path(path).unlink()
    with pytest.raises(InputError, match=f"^{path} is missing: run `make repro` first$"):
        leak_free.main()


def test_the_accuracies_of_both_runs_are_compared(project: Path):
    folder = project / "run"
    (folder / "metrics").mkdir(parents=True)
    split = {"train": {"faces": 900}, "dropped": {"leak_free": 100}}
    (folder / "metrics/split.json").write_text(json.dumps(split), encoding="utf-8")
    (folder / "metrics/cnn.json").write_text(
        json.dumps({subset: {"accuracy": 0.5} for subset in leak_free.SUBSETS.values()}), encoding="utf-8"
    )
    committed = {subset: {"accuracy": 0.6} for subset in leak_free.SUBSETS.values()}
    assert leak_free.compare("cnn", committed, folder) == {
        "model": "cnn",
        "training_faces": 900,
        "dropped": 100,
        "all_faces": dict.fromkeys(NAMES, 0.6),
        "leak_free": dict.fromkeys(NAMES, 0.5),
    }
