"""Splitting: every face in one part, the official parts kept, copies told."""

from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from emotion.data import cleaning, splitting
from emotion.data.splitting import SplitSettings
from emotion.errors import InputError
from emotion.labels import EMOTIONS
from tests.audits import audited

OFFICIAL = ["Training"] * 8 + ["PublicTest", "PrivateTest"]
SETTINGS = {"method": "stratified", "validation": 0.1, "test": 0.2, "seed": 13}


def _faces(officials: list[str], copies: int = 1) -> pa.Table:
    """Return a table with a face of every emotion per official part named, each pixel content `copies` times."""
    rows = []
    for number, official in enumerate(officials):
        for emotion in EMOTIONS:
            content = f"{emotion}{number // copies}".encode()
            name = f"{official}/{emotion}/{number:04}.png"
            rows.append((name, official, emotion, content.ljust(2304), content.ljust(16), False))
    order = np.random.default_rng(1).permutation(len(rows))
    columns = zip(*[rows[place] for place in order], strict=True)
    types = zip(columns, cleaning.SCHEMA, strict=True)
    return pa.Table.from_arrays([pa.array(column, field.type) for column, field in types], schema=cleaning.SCHEMA)


def _parts(faces: pa.Table, **changes: Any) -> dict[str, str]:
    done = splitting.split(faces, audited(faces), SplitSettings(**{**SETTINGS, **changes}))
    return dict(zip(done["name"].to_pylist(), done["part"].to_pylist(), strict=True))


@pytest.mark.parametrize("method", ["official", "stratified"])
@pytest.mark.parametrize("officials", [OFFICIAL * 3, ["Training"] * 20 + ["Test"] * 5], ids=["newer", "older"])
def test_split_keeps_every_face_once(method: str, officials: list[str]):
    faces = _faces(officials)
    done = splitting.split(faces, audited(faces), SplitSettings(**{**SETTINGS, "method": method}))
    assert done["name"].to_pylist() == sorted(faces["name"].to_pylist())
    assert set(done["part"].to_pylist()) == set(splitting.PARTS)
    pixels = dict(zip(faces["name"].to_pylist(), faces["pixels"].to_pylist(), strict=True))
    assert dict(zip(done["name"].to_pylist(), done["pixels"].to_pylist(), strict=True)) == pixels


def test_official_parts_are_kept():
    wanted = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
    for name, part in _parts(_faces(OFFICIAL), method="official").items():
        assert part == wanted[name.split("/")[0]]


def test_older_archive_keeps_its_test_folder_and_draws_validation_from_training():
    parts = _parts(_faces(["Training"] * 40 + ["Test"] * 5), method="official")
    assert {name for name, part in parts.items() if part == "test"} == {n for n in parts if n.startswith("Test/")}
    drawn = Counter(name.split("/")[1] for name, part in parts.items() if part == "validation")
    assert drawn == dict.fromkeys(EMOTIONS, 4)  # a tenth of the 40 training faces of each emotion


def test_stratified_parts_have_the_shares_asked_for_of_every_emotion():
    parts = _parts(_faces(["All"] * 100))
    counts = Counter((name.split("/")[1], part) for name, part in parts.items())
    for emotion in EMOTIONS:
        assert [counts[emotion, part] for part in splitting.PARTS] == [70, 10, 20]


@pytest.mark.parametrize("method", ["official", "stratified"])
def test_drawing_puts_copies_pictures_into_one_part(method: str):
    faces = _faces(["Training"] * 60, copies=3)
    if method == "official":
        faces = pa.concat_tables([faces, _faces(["Test"])])
    parts = _parts(faces, method=method)
    parts_of = defaultdict(set)
    for name, digest in zip(faces["name"].to_pylist(), faces["hash"].to_pylist(), strict=True):
        if name.startswith("Training/"):
            parts_of[digest].add(parts[name])
    assert all(len(found) == 1 for found in parts_of.values())
    assert {part for found in parts_of.values() for part in found} >= {"train", "validation"}


def test_a_face_is_leaked_when_its_pixels_stand_in_another_part():
    # Numbers 0-1, 2-3 ... share their pixels: of ten, 8 (PublicTest) and 9 (PrivateTest) do across parts.
    faces = _faces(OFFICIAL, copies=2).sort_by("name")
    # A training face is a near copy of a public one, which is exact with a private one; two others stay in Training.
    audit = audited(faces, near=[["Training/sad/0000.png", "PublicTest/sad/0008.png", "PrivateTest/sad/0009.png"],
                                 ["Training/happy/0002.png", "Training/happy/0004.png"]])  # fmt: skip
    done = splitting.split(faces, audit, SplitSettings(**{**SETTINGS, "method": "official"}))
    leaked = dict(zip(done["name"].to_pylist(), done["leaked"].to_pylist(), strict=True))
    assert {n for n, how in leaked.items() if how == "exact"} == {n for n in leaked if not n.startswith("Training/")}
    assert {n for n, how in leaked.items() if how == "near"} == {"Training/sad/0000.png", "Training/sad/0001.png"}
    assert set(leaked.values()) == {"exact", "near", "no"}


def test_an_audit_of_other_faces_is_refused():
    faces = _faces(OFFICIAL)
    with pytest.raises(
        InputError, match=r"^data/audit\.parquet is not of the faces in .*: run `dvc repro -f -s audit`$"
    ):
        splitting.split(faces, audited(faces).slice(1), SplitSettings(**{**SETTINGS, "method": "official"}))


def test_a_data_set_of_fewer_emotions_is_split_as_any_other():
    faces = _faces(["All"] * 50)
    faces = faces.filter([label in ("happy", "sad", "neutral") for label in faces["label"].to_pylist()])
    assert Counter(_parts(faces).values()) == {"train": 105, "validation": 15, "test": 30}


@pytest.mark.parametrize("method", ["official", "stratified"])
def test_extra_faces_train_and_no_other_part_is_drawn_from_them(method: str):
    parts = _parts(_faces(["Training"] * 40 + ["Test"] * 5 + ["Extra"] * 40), method=method)
    assert {part for name, part in parts.items() if name.startswith("Extra/")} == {"train"}
    assert set(parts.values()) == set(splitting.PARTS)


def test_folders_of_ones_own_are_official_parts():
    wanted = {"Training": "train", "Validation": "validation", "Test": "test"}
    for name, part in _parts(_faces(["Training"] * 8 + ["Validation", "Test"]), method="official").items():
        assert part == wanted[name.split("/")[0]]


def test_the_seed_decides_what_is_drawn():
    faces = _faces(["All"] * 50)
    assert _parts(faces) == _parts(faces.take(list(reversed(range(faces.num_rows)))))
    assert _parts(faces) != _parts(faces, seed=14)


@pytest.mark.parametrize(
    ("officials", "method", "message"),
    [
        (["All"] * 10, "official", "have no official split: set it to stratified$"),
        (["All"] * 2, "stratified", "these faces cannot be divided: .*: add pictures or change the shares$"),
        (["Training", "PublicTest"], "official", "the test part has no face of angry, .*: add pictures of it, or"),
        (["PublicTest", "PrivateTest"], "official", "the train part has no face of angry"),
    ],
)
def test_a_part_that_cannot_be_made_is_an_error_of_one_line(officials: list[str], method: str, message: str):
    with pytest.raises(InputError, match=message) as error:
        _parts(_faces(officials), method=method)
    assert "\n" not in str(error.value)
