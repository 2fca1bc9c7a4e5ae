"""Detections of the cascade, and the face crops that a network sees."""

import cv2
import numpy as np
import pytest
from PIL import Image

from emotion.core.pictures import SIDE, Detection, crop, gray, squeezed, stored_png
from emotion.detection.boxes import intersection, merged
from emotion.detection.haar import Haar, Whole
from emotion.sources.normalise import normalise
from tests.pasted import photograph

RNG = np.random.default_rng(3)
PICTURE = RNG.integers(0, 256, (120, 160, 3), np.uint8)


def near(box: tuple[int, ...], place: tuple[int, int, int]) -> bool:
    left, top, side = place
    middle = (left + side / 2, top + side / 2)
    centre = (box[0] + box[2] / 2, box[1] + box[3] / 2)
    return max(abs(a - b) for a, b in zip(centre, middle, strict=True)) < side / 5 and 0.7 < box[2] / side < 1.3


def test_the_cascade_finds_the_faces_of_a_photograph():
    places = [(40, 60, 130), (240, 200, 170), (470, 40, 110)]
    found = Haar().find(photograph(places))
    assert len(found) == 3
    assert all(any(near(face.box, place) for face in found) for place in places)
    assert [face.score for face in found] == sorted((face.score for face in found), reverse=True)


def test_the_cascade_finds_no_face_where_there_is_none():
    assert Haar().find(photograph([])) == []
    assert Haar().find(np.zeros((10, 3000, 3), np.uint8)) == []


def test_faces_below_the_smallest_size_are_not_detected():
    picture = photograph([(40, 60, 90), (300, 150, 200)])
    assert len(Haar().find(picture)) == 2
    (large,) = Haar(smallest=110).find(picture)
    assert near(large.box, (300, 150, 200))


def test_the_box_in_a_large_photograph_has_its_scale():
    large = cv2.resize(photograph([(240, 200, 170)]), None, fx=5, fy=5)
    (found,) = Haar().find(large)
    assert near(found.box, (1200, 1000, 850))


def test_of_overlapping_boxes_the_one_with_the_best_score_stays():
    best, inside = Detection((0, 0, 100, 100), 5.0), Detection((40, 40, 40, 40), 2.0)
    other = Detection((90, 0, 100, 100), 1.0)
    assert merged([inside, other, best]) == [best, other]
    assert intersection((0, 0, 10, 10), (5, 5, 10, 10)) == 25 and intersection((0, 0, 10, 10), (20, 0, 5, 5)) == 0


def test_a_crop_of_48_pixels_keeps_their_values():
    expected = gray(PICTURE)[30:78, 20:68]
    np.testing.assert_array_equal(crop(PICTURE, Detection((20, 30, 48, 48), 1), margin=0), expected)
    np.testing.assert_array_equal(crop(PICTURE, Detection((28, 38, 32, 32), 1), margin=0.25), expected)
    np.testing.assert_array_equal(crop(gray(PICTURE), Detection((20, 30, 48, 48), 1), margin=0), expected)


def test_the_crop_of_a_box_is_the_square_around_its_middle():
    np.testing.assert_array_equal(
        crop(PICTURE, Detection((28, 30, 32, 48), 1), margin=0), crop(PICTURE, Detection((20, 30, 48, 48), 1), margin=0)
    )


def test_a_crop_repeats_the_edge_pixels_beyond_the_edge():
    face = crop(PICTURE, Detection((-10, -5, 48, 48), 1), margin=0)
    np.testing.assert_array_equal(face[5:, 10:], gray(PICTURE)[:43, :38])
    assert (face[:, :10] == face[:, 10:11]).all() and (face[:5] == face[5:6]).all()


def test_a_rotated_face_is_turned_upright_if_its_eyes_are_known():
    picture = np.zeros((200, 200), np.uint8)
    cv2.line(picture, (60, 60), (140, 140), 255, 5)  # through both eyes, falling by 45 degrees
    found = Detection((50, 50, 100, 100), 1, eyes=((80, 80), (120, 120)))
    upright = crop(picture, found, margin=0, upright=True)
    assert upright[22:26, 4:44].min() > 60 and upright[:18].max() == upright[30:].max() == 0
    assert crop(picture, found, margin=0)[:18].max() == 255, "it is not turned by default"


@pytest.mark.parametrize("size", [(48, 48), (100, 80), (30, 200), (20, 20)])
def test_a_whole_picture_is_cropped_as_for_training(size: tuple[int, int]):
    """One truth for preprocessing: stage download normalises pictures of a folder in the same way."""
    face = RNG.integers(0, 256, size, np.uint8)
    decoded = cv2.imdecode(np.frombuffer(normalise(stored_png(face)), np.uint8), cv2.IMREAD_GRAYSCALE)
    (whole,) = Whole().find(np.dstack([face] * 3))
    np.testing.assert_array_equal(crop(np.dstack([face] * 3), whole, Whole.margin), decoded)
    np.testing.assert_array_equal(squeezed(face), decoded)


def test_gray_values_are_weighted_as_in_pillow():
    difference = gray(PICTURE).astype(int) - np.asarray(Image.fromarray(PICTURE).convert("L"))
    assert np.abs(difference).max() <= 1 and SIDE == 48
