"""Blank pictures and pictures without a face are distinguished from faces."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from emotion.audit import defects
from emotion.core.labels import EMOTIONS
from emotion.synthetic.drawn import draw_face


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    """Synthetic faces."""
    drawn = [draw_face(EMOTIONS[number % 7], np.random.default_rng([9, number])) for number in range(300)]
    return np.array(drawn)


def _sign() -> np.ndarray:
    """Return a warning sign, which some sites show instead of a picture."""
    picture = np.zeros((48, 48), np.uint8)
    cv2.polylines(picture, [np.array([[24, 8], [40, 38], [8, 38]])], True, 255, 2)
    return picture


def _text() -> np.ndarray:
    """Return lines of text, not by OpenCV, whose font is another one in version 5."""
    picture = Image.new("L", (48, 48), 250)
    for line in range(-2, 46, 9):
        ImageDraw.Draw(picture).text((0, line), "no image", 60, ImageFont.load_default_imagefont())
    return np.asarray(picture)


def test_almost_blank_pictures_have_hardly_any_contrast(faces: np.ndarray):
    rng = np.random.default_rng(1)
    flat = np.array([np.zeros((48, 48)), rng.normal(200, 2, (48, 48))]).astype(np.uint8)
    dark = (faces[:50] * 0.3).astype(np.uint8)  # little light, but visible faces
    assert defects.almost_blank(np.concatenate([flat, faces, dark]), 6).tolist() == [True] * 2 + [False] * 350


@pytest.mark.parametrize("picture", [_sign(), _text(), np.full((48, 48), 99, np.uint8)], ids=["sign", "text", "blank"])
def test_a_picture_without_a_face_scores_higher_than_faces(faces: np.ndarray, picture: np.ndarray):
    pixels = np.concatenate([faces, picture[None]])
    scores = defects.not_a_face(pixels, np.arange(len(faces)))
    assert scores.dtype == np.float32 and scores.min() >= 0 and scores.max() <= 1
    assert (scores[:-1] < scores[-1]).mean() > 0.98


def test_a_covered_face_scores_higher_than_itself(faces: np.ndarray):
    rng = np.random.default_rng(2)
    covered = faces[:50].copy()
    covered[:, 12:40, 8:40] = rng.integers(0, 256, (50, 28, 32))
    scores = defects.not_a_face(np.concatenate([faces, covered]), np.arange(len(faces)))
    assert (scores[300:] > scores[:50]).mean() > 0.95


def test_few_faces_have_scores():
    one = draw_face("sad", np.random.default_rng(3))[None]
    for rows in ([0], []):
        scores = defects.not_a_face(one, np.array(rows, int))
        assert scores.shape == (1,) and 0 <= scores[0] <= 1
    assert defects.not_a_face(np.repeat(one, 3, axis=0), np.array([0, 1])).max() <= 1
