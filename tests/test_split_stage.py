"""The stages split and class_weights: what params ask for stands in their files and counts."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from emotion.data import cleaning, dataset
from emotion.errors import InputError
from emotion.labels import EMOTIONS
from stages import class_weights, split
from tests.audits import audited
from tests.source import ROOT

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
PARTS = {"Training": 5, "PublicTest": 2, "PrivateTest": 2}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with faces of three emotions; the first PrivateTest face of each is a near copy of a training face."""
    monkeypatch.chdir(tmp_path)
    rows, near = [], []
    for number, emotion in enumerate(("happy", "sad", "surprise")):
        names = [f"{part}/{emotion}/{place}" for part, size in PARTS.items() for place in range(size)]
        near.append([f"Training/{emotion}/0", f"PrivateTest/{emotion}/0"])
        for place, name in enumerate(names):
            content = bytes([10 * number + place])
            rows.append((name, name.split("/")[0], emotion, content * 2304, content * 16, False))
    arrays = [pa.array(c, f.type) for c, f in zip(zip(*rows, strict=True), cleaning.SCHEMA, strict=True)]
    faces = pa.Table.from_arrays(arrays, schema=cleaning.SCHEMA)
    Path("data").mkdir()
    pq.write_table(faces, "data/faces.parquet")
    pq.write_table(audited(faces, near), "data/audit.parquet")
    Path("none.csv").write_text("name\n", encoding="utf-8")
    return tmp_path


def _run(defects: dict[str, Any] | None = None, exclude: str = "none.csv", method: str = "none") -> dict[str, Any]:
    """Run both stages with these params and return metrics/split.json."""
    values = {"data": {"exclude": exclude}, "split": PARAMS["split"], "class_weights": {"method": method}}
    values["defects"] = PARAMS["defects"] | (defects or {})
    Path("params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    split.main()
    class_weights.main()
    return json.loads(Path("metrics/split.json").read_text(encoding="utf-8"))


def test_by_default_no_face_is_lost_and_every_leak_is_told(project: Path):
    summary = _run()
    train, validation = (dataset.load("data/learn.parquet", part) for part in ("train", "validation"))
    test = dataset.load("data/test.parquet", "test")
    assert [len(part.names) for part in (train, validation, test)] == [15, 6, 6]
    assert {name for name, how in zip(test.names, test.leaked, strict=True) if how == "near"} == {
        "PrivateTest/happy/0", "PrivateTest/sad/0", "PrivateTest/surprise/0"}  # fmt: skip
    assert summary["test"] == {"faces": 6, "leaked": 0, "leaked_near": 3} | {
        emotion: 2 * (emotion in ("happy", "sad", "surprise")) for emotion in EMOTIONS
    }
    assert set(summary["dropped"].values()) == {0}


def test_leak_free_takes_faces_from_training_alone_and_the_test_faces_stay_told_apart(project: Path):
    before = _run()
    after = _run({"leak_free": True})
    assert after["dropped"]["leak_free"] == 3 and after["train"]["faces"] == 12
    assert after["test"] == before["test"], "so that scores of both compare"
    assert after["validation"] == before["validation"]


def test_excluded_faces_are_counted_and_leave_training(project: Path):
    Path("params").mkdir()
    Path("params/exclude.csv").write_text("name,given\nTraining/sad/3,sad\n", encoding="utf-8")
    assert _run(exclude="params/exclude.csv")["dropped"]["excluded"] == 1
    assert "Training/sad/3" not in dataset.load("data/learn.parquet", "train").names


def test_a_list_of_other_faces_is_refused_and_the_files_before_stay(project: Path):
    _run()
    kept = Path("data/learn.parquet").read_bytes()
    Path("other.csv").write_text("name\nTraining/sad/99\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"^data\.exclude: other\.csv: 1 of its 1 names are no face of these data"):
        _run({"leak_free": True}, exclude="other.csv")
    assert Path("data/learn.parquet").read_bytes() == kept


def test_a_part_that_loses_an_emotion_by_what_is_dropped_is_an_error(project: Path):
    names = ",".join(f"Training/sad/{place}" for place in range(5))
    Path("all.csv").write_text("name\n" + names.replace(",", "\n") + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"^split: the train part has no face of sad: .*`defects` in params\.yaml$"):
        _run(exclude="all.csv")


@pytest.mark.parametrize("method", ["none", "balanced", "sqrt_balanced"])
def test_class_weights_of_absent_emotions_are_one(project: Path, method: str):
    Path("out.csv").write_text("name\nTraining/sad/3\n", encoding="utf-8")
    _run(exclude="out.csv", method=method)
    weights = json.loads(Path("data/class_weights.json").read_text(encoding="utf-8"))
    assert [weights[emotion] for emotion in EMOTIONS if emotion not in ("happy", "sad", "surprise")] == [1.0] * 4
    shares = {"happy": 14 / (3 * 5), "sad": 14 / (3 * 4), "surprise": 14 / (3 * 5)}
    wanted = {"none": lambda _: 1.0, "balanced": float, "sqrt_balanced": np.sqrt}[method]
    assert {name: weights[name] for name in shares} == pytest.approx(
        {k: wanted(v) for k, v in shares.items()}, abs=1e-5
    )
