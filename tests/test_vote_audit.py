"""What the annotators' votes say of labels, of pictures that are no faces, and of label issues."""

import numpy as np

from emotion.audit import vote_check
from emotion.core import votes
from emotion.core.labels import EMOTIONS


def _counts(*rows: dict[str, int]) -> np.ndarray:
    return np.array([[row.get(column, 0) for column in votes.COLUMNS] for row in rows])


COUNTS = _counts({"angry": 6}, {"angry": 5, "sad": 5}, {"sad": 9}, {"not_a_face": 10}, {"unknown": 7}, {})


def test_labels_are_compared_with_the_majority_of_those_that_have_one():
    labels = np.array([EMOTIONS.index(name) for name in ("angry", "angry", "angry", "sad", "happy", "happy")])
    found = vote_check.of_labels(labels, COUNTS)
    by_label = found.pop("label_is_majority_by_label")
    assert found == {
        "faces": 6,
        "with_votes": 5,
        "with_majority": 2,
        "not_a_face": 1,
        "unknown": 1,
        "label_is_majority": 0.5,
    }
    assert by_label == {emotion: 0.5 if emotion == "angry" else None for emotion in EMOTIONS}


def test_pictures_that_are_no_faces_are_found_or_missed():
    scores = np.array([0.9, 0.1, np.nan, 0.7, 0.2, 0.6])
    found = vote_check.of_faces(scores, 0.5, COUNTS)
    assert found == {"flagged": 3, "precision": round(1 / 3, 6), "recall": 1.0}


def test_a_label_issue_is_true_where_the_majority_is_another_emotion():
    labels = np.array([EMOTIONS.index(name) for name in ("angry", "angry", "happy")])
    found = vote_check.of_issues({"a": "sad", "b": "sad", "c": "fear"}, labels, COUNTS[:3])
    assert found["listed"] == 3 and found["with_majority"] == 2
    assert found["precision_all"] == 0.5, "the first label is right, the third wrong"
    assert found["predicted_is_majority_all"] == 0.0
    assert vote_check.of_issues({}, labels[:0], COUNTS[:0])["precision_first_100"] is None
