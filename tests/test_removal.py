"""What `defects` asks for is done, to the faces that it names and to no others."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from emotion.data import cleaning, removal, splitting
from emotion.data.removal import DefectSettings
from emotion.data.splitting import SplitSettings
from emotion.labels import EMOTIONS
from tests.audits import audited

OFFICIAL = SplitSettings(method="official", validation=0.1, test=0.1, seed=1)
KEEP: dict[str, Any] = dict.fromkeys(("identical", "near", "blank", "almost_blank", "not_a_face", "conflicts"), "keep")
KEEP |= {"not_a_face_score": 0.9, "leak_free": False}
# Beside a face of each emotion in each part: name, label and the letter that stands for the pixels.
COPIES = [
    ("Training/x1", "happy", "a"), ("Training/x2", "happy", "a"), ("PublicTest/x3", "happy", "a"),
    ("PrivateTest/x4", "sad", "a"), ("Training/y1", "fear", "b"), ("Training/y2", "fear", "b"),
    ("Training/y3", "angry", "b"), ("PublicTest/y4", "sad", "b"), ("Training/z1", "sad", "c"),
    ("Training/z2", "angry", "c"), ("Training/w1", "happy", "d"), ("PrivateTest/w2", "happy", "e"),
]  # fmt: skip
NEAR = [["Training/w1", "PrivateTest/w2"]]


def _act(excluded: Any = (), settings: dict[str, Any] | None = None, blank: Any = (), **columns: Any) -> Any:
    """Return what stays of COPIES, by name, with its label, and how many faces went for each reason."""
    rows = [(f"{part}/{emotion}", part, emotion, f"{part}{emotion}") for part in _parts() for emotion in EMOTIONS]
    rows += [(name, name.split("/")[0], label, pixels) for name, label, pixels in COPIES]
    table = [(n, p, label, b"".ljust(2304), pixels.encode().ljust(16)[:16], n in blank) for n, p, label, pixels in rows]
    arrays = [pa.array(c, f.type) for c, f in zip(zip(*table, strict=True), cleaning.SCHEMA, strict=True)]
    faces = pa.Table.from_arrays(arrays, schema=cleaning.SCHEMA)
    faces = splitting.split(faces, audited(faces, NEAR, **columns), OFFICIAL)
    done, dropped = removal.act(faces, DefectSettings(**KEEP | (settings or {})), set(excluded))
    assert done.num_rows + sum(dropped.values()) == faces.num_rows
    labels = dict(zip(done["name"].to_pylist(), done["label"].to_pylist(), strict=True))
    return {name: labels[name] for name, *_ in COPIES if name in labels}, dropped


def _parts() -> tuple[str, ...]:
    return ("Training", "PublicTest", "PrivateTest")


def _gone(settings: dict[str, Any] | None = None, excluded: Any = (), **columns: Any) -> set[str]:
    return {name for name, *_ in COPIES} - set(_act(excluded, settings, **columns)[0])


def test_by_default_every_face_stays_with_its_label():
    left, dropped = _act(almost_blank={"Training/x1": True}, not_a_face={"Training/x2": 1.0})
    assert left == {name: label for name, label, _ in COPIES} and set(dropped.values()) == {0}


def test_of_identical_training_faces_one_stays():
    assert _gone({"identical": "drop_from_training"}) == {"Training/x2", "Training/y2", "Training/y3", "Training/z2"}


def test_everywhere_the_copy_in_the_test_part_stays_and_else_the_one_in_validation():
    gone = {"Training/x1", "Training/x2", "PublicTest/x3", "Training/y1", "Training/y2", "Training/y3", "Training/z2"}
    assert _gone({"identical": "drop_everywhere"}) == gone
    assert _gone({"near": "drop_everywhere"}) == gone | {"Training/w1"}


def test_leak_free_drops_every_training_face_with_a_copy_elsewhere_and_no_other():
    gone = {"Training/x1", "Training/x2", "Training/y1", "Training/y2", "Training/y3", "Training/w1"}
    assert _gone({"leak_free": True}) == gone


@pytest.mark.parametrize("kind", ["blank", "almost_blank", "not_a_face"])
def test_a_defect_is_dropped_where_params_say(kind: str):
    columns = {kind: {"Training/w1": True, "PrivateTest/w2": True}}
    assert _gone({}, **columns) == set()
    assert _gone({kind: "drop_from_training"}, **columns) == {"Training/w1"}
    assert _gone({kind: "drop_everywhere"}, **columns) == {"Training/w1", "PrivateTest/w2"}


def test_the_score_from_which_a_picture_is_no_face_is_a_param():
    scores = {"Training/w1": 0.8, "Training/z1": 0.5}
    settings = {"not_a_face": "drop_from_training", "not_a_face_score": 0.8}
    assert _gone(settings, not_a_face=scores) == {"Training/w1"}
    assert _gone(settings | {"not_a_face_score": 0.4}, not_a_face=scores) == {"Training/w1", "Training/z1"}


def test_conflicting_training_labels_are_dropped_or_settled_by_the_majority_among_training_faces():
    assert _gone({"conflicts": "drop"}) == {f"Training/{n}" for n in ("y1", "y2", "y3", "z1", "z2")}
    left, dropped = _act(settings={"conflicts": "majority"})
    assert {left[f"Training/y{n}"] for n in (1, 2, 3)} == {"fear"}
    assert left["PublicTest/y4"] == "sad" and left["PrivateTest/x4"] == "sad", "only training labels change"
    assert dropped["conflicts"] == 2 and not {"Training/z1", "Training/z2"} & set(left), "a tie has no majority"


def test_excluded_names_leave_training_and_no_other_part():
    assert _gone(excluded={"Training/x1", "PrivateTest/w2"}) == {"Training/x1"}


def test_a_face_with_several_defects_counts_once_for_the_first_reason():
    scores = np.float32(0.95)
    settings = {"not_a_face": "drop_from_training", "leak_free": True}
    _, dropped = _act({"Training/w1"}, settings, not_a_face={"Training/w1": scores, "Training/x1": scores})
    assert (dropped["excluded"], dropped["leak_free"], dropped["not_a_face"]) == (1, 5, 0)
