"""The face crops that a network sees, and which of several boxes stays."""

import cv2
import numpy as np
import pytest
from PIL import Image

from emotion.core.pictures import SIDE, Detection, crop, gray, squeezed, stored_png
from emotion.detection.boxes import intersection, merged
from emotion.detection.detectors import Whole
from emotion.sources.normalise import normalise

RNG = np.random.default_rng(3)
PICTURE = RNG.integers(0, 256, (120, 160, 3), np.uint8)


def test_of_overlapping_boxes_the_one_with_the_best_score_stays():
    best, inside = Detection((0, 0, 100, 100), 5.0), Detection((40, 40, 40, 40), 2.0)
    other = Detection((90, 0, 100, 100), 1.0)
    assert merged([inside, other, best]) == [best, other]
    assert intersection((0, 0, 10, 10), (5, 5, 10, 10)) == 25 and intersection((0, 0, 10, 10), (20, 0, 5, 5)) == 0


def test_the_crop_is_the_square_around_the_middle_of_a_box():
    expected = gray(PICTURE)[30:78, 20:68]
    np.testing.assert_array_equal(crop(PICTURE, Detection((20, 30, 48, 48), 1), margin=0), expected)
    np.testing.assert_array_equal(crop(PICTURE, Detection((28, 38, 32, 32), 1), margin=0.25), expected)
    np.testing.assert_array_equal(crop(PICTURE, Detection((28, 30, 32, 48), 1), margin=0), expected)
    np.testing.assert_array_equal(crop(gray(PICTURE), Detection((20, 30, 48, 48), 1), margin=0), expected)


def test_a_crop_repeats_the_edge_pixels_beyond_the_edge():
    face = crop(PICTURE, Detection((-10, -5, 48, 48), 1), margin=0)
    np.testing.assert_array_equal(face[5:, 10:], gray(PICTURE)[:43, :38])
    assert (face[:, :10] == face[:, 10:11]).all() and (face[:5] == face[5:6]).all()


def test_a_rotated_face_is_turned_upright_if_its_eyes_are_known():
    picture = np.zeros((200, 200), np.uint8)
    cv2.line(picture, (60, 60), (140, 140), 255, 5)  # through both eyes, falling by 45 degrees
    found = Detection((50, 50, 100, 100), 1, landmarks=((80, 80), (120, 120)))
    upright = crop(picture, found, margin=0)
    assert upright[22:26, 4:44].min() > 60 and upright[:18].max() == upright[30:].max() == 0
    assert crop(picture, found, margin=0, upright=False)[:18].max() == 255


def test_a_face_whose_eyes_hardly_slope_keeps_its_pixels():
    sloping = Detection((20, 30, 48, 48), 1, landmarks=((30.0, 40.0), (50.0, 45.0)))  # by 14 degrees
    np.testing.assert_array_equal(crop(PICTURE, sloping, margin=0), gray(PICTURE)[30:78, 20:68])


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
