"""What `defects` asks for is done to the faces that it names, and to no others."""

from typing import Any

import numpy as np
import pytest

from emotion.core.labels import EMOTIONS
from emotion.preparation import removal, splitting
from emotion.preparation.settings import DefectSettings, SplitSettings
from tests.audits import audited, faces_table

OFFICIAL = SplitSettings(method="official", validation=0.1, test=0.1, seed=1)
DEFECTS = ("exact_duplicates", "near_duplicates", "blank", "almost_blank", "not_a_face", "label_conflicts")
KEEP: dict[str, Any] = dict.fromkeys(DEFECTS, "keep") | {"min_not_a_face_score": 0.9, "leak_free": False}
# Beside a face of each emotion in each subset: name, label and pixels.
FACES = [
    ("Training/x1", "happy", b"a"), ("Training/x2", "happy", b"a"), ("PublicTest/x3", "happy", b"a"),
    ("PrivateTest/x4", "sad", b"a"), ("Training/y1", "fear", b"b"), ("Training/y2", "fear", b"b"),
    ("Training/y3", "angry", b"b"), ("PublicTest/y4", "sad", b"b"), ("Training/z1", "sad", b"c"),
    ("Training/z2", "angry", b"c"), ("Training/w1", "happy", b"d"), ("PrivateTest/w2", "happy", b"e"),
]  # fmt: skip
NEAR = [["Training/w1", "PrivateTest/w2"]]


def _act(excluded: Any = (), settings: dict[str, Any] | None = None, blank: Any = (), **columns: Any) -> Any:
    """Return which of FACES stay, by name, with their labels, and how many faces went for each reason."""
    subsets = ("Training", "PublicTest", "PrivateTest")
    rest = [
        (f"{subset}/{emotion}", emotion, f"{subset}{emotion}".encode()) for subset in subsets for emotion in EMOTIONS
    ]
    faces = faces_table([*rest, *FACES], blank)
    faces = splitting.split(faces, audited(faces, NEAR, **columns), OFFICIAL)
    done, dropped = removal.act(faces, DefectSettings(**KEEP | (settings or {})), set(excluded))
    assert done.num_rows + sum(dropped.values()) == faces.num_rows
    labels = dict(zip(done["name"].to_pylist(), done["label"].to_pylist(), strict=True))
    return {name: labels[name] for name, *_ in FACES if name in labels}, dropped


def _gone(settings: dict[str, Any] | None = None, excluded: Any = (), **columns: Any) -> set[str]:
    return {name for name, *_ in FACES} - set(_act(excluded, settings, **columns)[0])


def test_by_default_every_face_stays_with_its_label():
    left, dropped = _act(almost_blank={"Training/x1": True}, not_a_face={"Training/x2": 1.0})
    assert left == {name: label for name, label, _ in FACES} and set(dropped.values()) == {0}


def test_of_exact_duplicates_in_training_one_stays():
    gone = {"Training/x2", "Training/y2", "Training/y3", "Training/z2"}
    assert _gone({"exact_duplicates": "drop_from_training"}) == gone


def test_everywhere_the_test_duplicate_stays_else_the_validation_one():
    gone = {"Training/x1", "Training/x2", "PublicTest/x3", "Training/y1", "Training/y2", "Training/y3", "Training/z2"}
    assert _gone({"exact_duplicates": "drop_everywhere"}) == gone
    assert _gone({"near_duplicates": "drop_everywhere"}) == gone | {"Training/w1"}


def test_leak_free_drops_the_training_faces_with_duplicates_elsewhere():
    gone = {"Training/x1", "Training/x2", "Training/y1", "Training/y2", "Training/y3", "Training/w1"}
    assert _gone({"leak_free": True}) == gone


@pytest.mark.parametrize("kind", ["blank", "almost_blank", "not_a_face"])
def test_a_defect_is_dropped_where_params_say(kind: str):
    columns = {kind: {"Training/w1": True, "PrivateTest/w2": True}}
    assert _gone({}, **columns) == set()
    assert _gone({kind: "drop_from_training"}, **columns) == {"Training/w1"}
    assert _gone({kind: "drop_everywhere"}, **columns) == {"Training/w1", "PrivateTest/w2"}


def test_the_minimum_score_of_not_a_face_is_a_param():
    scores = {"Training/w1": 0.8, "Training/z1": 0.5}
    settings = {"not_a_face": "drop_from_training", "min_not_a_face_score": 0.8}
    assert _gone(settings, not_a_face=scores) == {"Training/w1"}
    assert _gone(settings | {"min_not_a_face_score": 0.4}, not_a_face=scores) == {"Training/w1", "Training/z1"}


def test_label_conflicts_are_dropped_or_settled_by_training_faces():
    assert _gone({"label_conflicts": "drop"}) == {f"Training/{n}" for n in ("y1", "y2", "y3", "z1", "z2")}
    left, dropped = _act(settings={"label_conflicts": "majority"})
    assert {left[f"Training/y{n}"] for n in (1, 2, 3)} == {"fear"}
    assert left["PublicTest/y4"] == "sad" and left["PrivateTest/x4"] == "sad", "only training labels change"
    assert dropped["label_conflicts"] == 2 and not {"Training/z1", "Training/z2"} & set(left), "a tie has no majority"


def test_excluded_names_leave_training_and_no_other_subset():
    assert _gone(excluded={"Training/x1", "PrivateTest/w2"}) == {"Training/x1"}


def test_a_face_with_several_defects_counts_once_for_the_first_reason():
    scores = np.float32(0.95)
    settings = {"not_a_face": "drop_from_training", "leak_free": True}
    _, dropped = _act({"Training/w1"}, settings, not_a_face={"Training/w1": scores, "Training/x1": scores})
    assert (dropped["excluded"], dropped["leak_free"], dropped["not_a_face"]) == (1, 5, 0)
