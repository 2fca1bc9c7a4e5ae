"""The stages `split` and `class_weights`: what is dropped, counted and weighted."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from emotion.core import dataset
from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from stages import class_weights, split
from tests.audits import audited, faces_table
from tests.source import PARAMS

SHOWN = ("happy", "sad", "surprise")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with faces of SHOWN; the first PrivateTest face of each is a near-duplicate of a training face."""
    monkeypatch.chdir(tmp_path)
    sizes = {"Training": 5, "PublicTest": 2, "PrivateTest": 2}
    names = [f"{subset}/{emotion}/{place}" for emotion in SHOWN for subset, n in sizes.items() for place in range(n)]
    faces = faces_table((name, name.split("/")[1], bytes([number]) * 2304) for number, name in enumerate(names))
    near = [[f"Training/{emotion}/0", f"PrivateTest/{emotion}/0"] for emotion in SHOWN]
    Path("data").mkdir()
    pq.write_table(faces, "data/faces.parquet")
    pq.write_table(audited(faces, near), "data/audit.parquet")
    return tmp_path


def _run(defects: dict[str, Any] | None = None, exclude: Any = (), method: str = "none") -> dict[str, Any]:
    """Run both stages with these params and names to exclude, and return metrics/split.json."""
    Path("list.csv").write_text("\n".join(["name,label", *(f"{name}," for name in exclude)]) + "\n", encoding="utf-8")
    values = {"data": {"exclude": "list.csv"}, "split": PARAMS["split"], "class_weights": {"method": method}}
    values["defects"] = PARAMS["defects"] | (defects or {})
    Path("params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    split.main()
    class_weights.main()
    return json.loads(Path("metrics/split.json").read_text(encoding="utf-8"))


def test_by_default_no_face_is_lost_and_leakage_is_counted(project: Path):
    summary = _run()
    train, validation = (dataset.load("data/learn.parquet", subset) for subset in ("train", "validation"))
    test = dataset.load("data/test.parquet", "test")
    assert [len(subset.names) for subset in (train, validation, test)] == [15, 6, 6]
    leaking = {name for name, how in zip(test.names, test.leakage, strict=True) if how == "near"}
    assert leaking == {f"PrivateTest/{emotion}/0" for emotion in SHOWN}
    counts = {emotion: 2 * (emotion in SHOWN) for emotion in EMOTIONS}
    assert summary["test"] == {"faces": 6, "exact_leakage": 0, "near_leakage": 3} | counts
    assert set(summary["dropped"].values()) == {0}


def test_leak_free_drops_training_faces_and_keeps_the_test_counts(project: Path):
    before = _run()
    after = _run({"leak_free": True})
    assert after["dropped"]["leak_free"] == 3 and after["train"]["faces"] == 12
    assert after["test"] == before["test"], "so that scores of both compare"
    assert after["validation"] == before["validation"]


def test_an_exclusion_list_of_other_faces_keeps_the_last_outputs(project: Path):
    _run()
    before = Path("data/learn.parquet").read_bytes()
    with pytest.raises(InputError, match=r"^data\.exclude: list\.csv: 1 of its 1 names are not in these data"):
        _run({"leak_free": True}, exclude=["Training/sad/99"])
    assert Path("data/learn.parquet").read_bytes() == before


def test_a_subset_that_loses_an_emotion_by_what_is_dropped_is_an_error(project: Path):
    with pytest.raises(InputError, match=r"^split: the train subset has no face of sad: .*`defects` in params\.yaml$"):
        _run(exclude=[f"Training/sad/{place}" for place in range(5)])


@pytest.mark.parametrize(
    ("method", "wanted"), [("none", lambda _: 1.0), ("balanced", float), ("sqrt_balanced", np.sqrt)]
)
def test_class_weights_of_absent_emotions_are_one(project: Path, method: str, wanted: Any):
    _run(exclude=["Training/sad/3"], method=method)
    weights = json.loads(Path("data/class_weights.json").read_text(encoding="utf-8"))
    assert [weights[emotion] for emotion in EMOTIONS if emotion not in SHOWN] == [1.0] * 4
    shares = {"happy": 14 / (3 * 5), "sad": 14 / (3 * 4), "surprise": 14 / (3 * 5)}
    assert {name: weights[name] for name in shares} == pytest.approx(
        {name: wanted(share) for name, share in shares.items()}, abs=1e-5
    )
