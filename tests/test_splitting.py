"""Splitting: every face in one subset, official subsets kept, leakage flagged; the stages split and class_weights."""

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from emotion.core import dataset
from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.preparation import splitting
from emotion.preparation.splitting import SUBSETS, SplitSettings
from stages import class_weights, split
from tests.audits import audited, faces_table
from tests.source import ROOT

OFFICIAL = ["Training"] * 8 + ["PublicTest", "PrivateTest"]
SETTINGS = {"method": "stratified", "validation": 0.1, "test": 0.2, "seed": 13}
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))


def _faces(officials: list[str], copies: int = 1) -> pa.Table:
    """Return a face of every emotion per official subset named, in random order, each pixel content `copies` times."""
    rows = [
        (f"{official}/{emotion}/{number:04}.png", emotion, f"{emotion}{number // copies}".encode())
        for number, official in enumerate(officials)
        for emotion in EMOTIONS
    ]
    return faces_table(rows[place] for place in np.random.default_rng(1).permutation(len(rows)))


def _split(faces: pa.Table, audit: pa.Table | None = None, **changes: Any) -> dict[str, dict[str, Any]]:
    """Return the row of each face by its name."""
    settings = SplitSettings(**{**SETTINGS, **changes})
    done = splitting.split(faces, audited(faces) if audit is None else audit, settings)
    return {row["name"]: row for row in done.to_pylist()}


def _subsets(faces: pa.Table, **changes: Any) -> dict[str, str]:
    return {name: row["subset"] for name, row in _split(faces, **changes).items()}


@pytest.mark.parametrize("method", ["official", "stratified"])
@pytest.mark.parametrize("officials", [OFFICIAL * 3, ["Training"] * 20 + ["Test"] * 5], ids=["newer", "older"])
def test_split_keeps_every_face_once(method: str, officials: list[str]):
    faces = _faces(officials)
    done = _split(faces, method=method)
    assert list(done) == sorted(faces["name"].to_pylist())
    assert {row["subset"] for row in done.values()} == set(SUBSETS)
    assert {name: row["pixels"] for name, row in done.items()} == dict(
        zip(faces["name"].to_pylist(), faces["pixels"].to_pylist(), strict=True)
    )


@pytest.mark.parametrize("names", [("PublicTest", "PrivateTest"), ("Validation", "Test")], ids=["FER-2013", "a folder"])
def test_official_subsets_are_kept(names: tuple[str, str]):
    wanted = dict(zip(("Training", *names), SUBSETS, strict=True))
    for name, subset in _subsets(_faces(["Training"] * 8 + list(names)), method="official").items():
        assert subset == wanted[name.split("/")[0]]


def test_an_archive_without_validation_has_it_drawn_from_training():
    subsets = _subsets(_faces(["Training"] * 40 + ["Test"] * 5), method="official")
    assert {n for n, subset in subsets.items() if subset == "test"} == {n for n in subsets if n.startswith("Test/")}
    drawn = Counter(name.split("/")[1] for name, subset in subsets.items() if subset == "validation")
    assert drawn == dict.fromkeys(EMOTIONS, 4)  # a tenth of the 40 training faces of each emotion


def test_stratified_subsets_have_the_requested_shares_of_every_emotion():
    counts = Counter((name.split("/")[1], subset) for name, subset in _subsets(_faces(["All"] * 100)).items())
    for emotion in EMOTIONS:
        assert [counts[emotion, subset] for subset in SUBSETS] == [70, 10, 20]


@pytest.mark.parametrize("method", ["official", "stratified"])
def test_drawing_puts_duplicates_into_one_subset(method: str):
    faces = _faces(["Training"] * 60, copies=3)
    if method == "official":
        faces = pa.concat_tables([faces, _faces(["Test"])])
    subsets_of = defaultdict(set)
    for name, row in _split(faces, method=method).items():
        if name.startswith("Training/"):
            subsets_of[row["hash"]].add(row["subset"])
    assert all(len(subsets) == 1 for subsets in subsets_of.values())
    assert set.union(*subsets_of.values()) >= {"train", "validation"}


def test_leakage_tells_which_duplicates_another_subset_holds():
    # Numbers 0-1, 2-3 ... share their pixels: of ten, 8 (PublicTest) and 9 (PrivateTest) do across subsets.
    faces = _faces(OFFICIAL, copies=2).sort_by("name")
    # A training face is a near-duplicate of a public one, which is one of a private one; two others stay in Training.
    audit = audited(faces, near=[["Training/sad/0000.png", "PublicTest/sad/0008.png", "PrivateTest/sad/0009.png"],
                                 ["Training/happy/0002.png", "Training/happy/0004.png"]])  # fmt: skip
    leakage = {name: row["leakage"] for name, row in _split(faces, audit, method="official").items()}
    assert {n for n, how in leakage.items() if how == "exact"} == {n for n in leakage if not n.startswith("Training/")}
    assert {n for n, how in leakage.items() if how == "near"} == {"Training/sad/0000.png", "Training/sad/0001.png"}
    assert set(leakage.values()) == {"exact", "near", "no"}


def test_an_audit_of_other_faces_is_refused():
    faces = _faces(OFFICIAL)
    message = r"^data/audit\.parquet is not of the faces in .*: run `dvc repro -f -s audit`$"
    with pytest.raises(InputError, match=message):
        _split(faces, audited(faces).slice(1), method="official")


def test_a_data_set_of_fewer_emotions_is_split_as_any_other():
    faces = _faces(["All"] * 50)
    faces = faces.filter([label in ("happy", "sad", "neutral") for label in faces["label"].to_pylist()])
    assert Counter(_subsets(faces).values()) == {"train": 105, "validation": 15, "test": 30}


@pytest.mark.parametrize("method", ["official", "stratified"])
def test_extra_faces_train_and_no_other_subset_is_drawn_from_them(method: str):
    subsets = _subsets(_faces(["Training"] * 40 + ["Test"] * 5 + ["Extra"] * 40), method=method)
    assert {subset for name, subset in subsets.items() if name.startswith("Extra/")} == {"train"}
    assert set(subsets.values()) == set(SUBSETS)


def test_the_seed_decides_what_is_drawn():
    faces = _faces(["All"] * 50)
    assert _subsets(faces) == _subsets(faces.take(list(reversed(range(faces.num_rows)))))
    assert _subsets(faces) != _subsets(faces, seed=14)


@pytest.mark.parametrize(
    ("officials", "method", "message"),
    [
        (["All"] * 10, "official", "have no official split: set it to stratified$"),
        (["All"] * 2, "stratified", "these faces cannot be divided: .*: add pictures or change the shares$"),
        (["Training", "PublicTest"], "official", "the test subset has no face of angry, .*: add pictures of it, or"),
        (["PublicTest", "PrivateTest"], "official", "the train subset has no face of angry"),
    ],
)
def test_a_subset_that_cannot_be_made_is_an_error_of_one_line(officials: list[str], method: str, message: str):
    with pytest.raises(InputError, match=message) as error:
        _subsets(_faces(officials), method=method)
    assert "\n" not in str(error.value)


# The stages


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


def test_excluded_faces_are_counted_and_leave_training(project: Path):
    assert _run(exclude=["Training/sad/3"])["dropped"]["excluded"] == 1
    assert "Training/sad/3" not in dataset.load("data/learn.parquet", "train").names


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
