"""Splitting: every face in one subset, official subsets kept, leakage flagged."""

from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.preparation import splitting
from emotion.preparation.settings import SplitSettings
from emotion.preparation.splitting import SUBSETS
from tests.audits import audited, faces_table

OFFICIAL = ["Training"] * 8 + ["PublicTest", "PrivateTest"]
SETTINGS = {"method": "stratified", "validation": 0.1, "test": 0.2, "seed": 13}


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
