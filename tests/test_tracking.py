"""Faces are followed from frame to frame, keep their numbers, and their labels do not flicker."""

from dataclasses import replace

import numpy as np
import pytest

from emotion.core.pictures import Detection
from emotion.detection.following import Following
from emotion.inference.face import Face
from emotion.inference.tracking import MAX_GAP, Tracker

CROP = np.zeros((48, 48), np.uint8)


def face(left: int, happy: float, top: int = 0) -> Face:
    label = "happy" if happy > 0.5 else "sad"
    return Face((left, top, 100, 100), label, {"happy": happy, "sad": 1 - happy}, 1.0, CROP)


@pytest.fixture
def tracker() -> Tracker:
    return Tracker()


def test_a_face_keeps_its_number_while_it_moves(tracker: Tracker):
    for n in range(9):
        found = tracker.update([face(20 * n, 1), face(600 - 20 * n, 1)], n / 25)
        assert [one.track for one in found] == [1, 2]
    assert [one.track for one in tracker.update([face(420, 1), face(170, 1)], 9 / 25)] == [2, 1], "order is free"


def test_a_face_elsewhere_is_another_one(tracker: Tracker):
    tracker.update([face(0, 1)], 0)
    assert tracker.update([face(300, 1)], 0.04)[0].track == 2


def test_a_missed_face_keeps_its_number_until_it_is_forgotten(tracker: Tracker):
    tracker.update([face(0, 1)], 0)
    assert tracker.update([], 0.1) == ()
    assert tracker.update([face(0, 1)], 0.9)[0].track == 1
    assert tracker.update([face(0, 1)], 0.9 + MAX_GAP + 0.01)[0].track == 2


def test_the_nearest_face_keeps_the_number(tracker: Tracker):
    tracker.update([face(0, 1)], 0)
    assert [one.track for one in tracker.update([face(40, 1), face(5, 1)], 0.04)] == [2, 1]


def test_with_hold_a_missed_face_stays_for_a_moment_in_place():
    tracker = Tracker(hold=0.3)
    for n in range(3):
        last = tracker.update([face(10 * n, 1)], n / 25)
    assert tracker.update([], 0.2) == last
    assert tracker.update([face(400, 1)], 0.3)[1:] == last, "after the detected ones"
    assert [one.track for one in tracker.update([face(25, 1)], 0.35)] == [1], "once it is detected again, once"
    assert tracker.update([], 0.35 + 0.31) == ()


def test_a_new_box_inside_a_held_face_is_not_shown():
    tracker = Tracker(hold=0.3)
    for n in range(5):
        last = tracker.update([face(0, 1)], n / 25)
    eye = replace(face(0, 0), box=(20, 20, 40, 40))
    assert [tracker.update([eye], n / 25) for n in range(5, 9)] == [last] * 4
    assert [one.box for one in tracker.update([eye], 0.5)] == [eye.box], "once the face is no longer held"


def test_a_held_box_yields_to_a_face_with_more_detections():
    tracker, eye = Tracker(hold=0.3), replace(face(0, 0), box=(20, 20, 40, 40))
    for n in range(6):
        tracker.update([face(0, 1)] if n < 3 else [face(0, 1), eye], n / 25)
    assert [one.box for one in tracker.update([face(0, 1)], 6 / 25)] == [face(0, 1).box]


def test_boxes_that_are_never_detected_twice_in_a_place_are_not_held():
    tracker = Tracker(hold=0.3)
    assert [len(tracker.update([face(200 * n, 1)], n / 25)) for n in range(8)] == [1] * 8


def test_a_single_odd_prediction_does_not_change_the_label(tracker: Tracker):
    values = [0.9] * 10 + [0.1] + [0.9] * 10
    labels = [tracker.update([face(0, happy)], n / 25)[0].label for n, happy in enumerate(values)]
    assert labels == ["happy"] * 21
    assert [Tracker(memory=0).update([face(0, h)], 0)[0].label for h in (0.9, 0.1)] == ["happy", "sad"]


@pytest.mark.parametrize("rate", [10, 30, 60])
def test_a_new_expression_takes_half_a_second_at_any_frame_rate(tracker: Tracker, rate: int):
    tracker.update([face(0, 0.9)], 0)
    seconds = next(n / rate for n in range(1, 200) if tracker.update([face(0, 0.1)], n / rate)[0].label == "sad")
    assert seconds == pytest.approx(0.35, abs=0.11)


def test_probabilities_are_the_exponential_mean_and_sum_to_one():
    tracker = Tracker(memory=1)
    tracker.update([face(0, 1.0)], 0)
    (found,) = tracker.update([face(0, 0.0)], np.log(2))
    assert found.probabilities == pytest.approx({"happy": 0.5, "sad": 0.5})


class Counting:
    """Finds one face, and counts how."""

    margin: float | None = 0.0

    def __init__(self) -> None:
        self.calls: list[str] = []

    def find(self, picture: np.ndarray) -> list[Detection]:
        self.calls.append("find")
        return [Detection((0, 0, 9, 9), 1.0)]


class CountingFollower(Counting):
    def follow(self, picture: np.ndarray, faces: list[Detection]) -> list[Detection]:
        self.calls.append("follow")
        return [Detection((face.box[0] + 1, *face.box[1:]), 1.0) for face in faces]


def test_in_a_video_faces_are_searched_for_in_every_fifth_frame_alone():
    detector = CountingFollower()
    following = Following(detector)
    lefts = [following.find(CROP)[0].box[0] for _ in range(7)]
    assert detector.calls == ["find"] + ["follow"] * 4 + ["find", "follow"]
    assert lefts == [0, 1, 2, 3, 4, 0, 1], "each frame starts from the faces of the one before"


def test_a_detector_that_cannot_follow_searches_every_frame():
    detector = Counting()
    following = Following(detector)
    assert [len(following.find(CROP)) for _ in range(3)] == [1, 1, 1]
    assert detector.calls == ["find"] * 3
