"""Corruptions of faces."""

import numpy as np
import pytest

from emotion.explanation import robustness
from emotion.synthetic import drawn
from tests.source import PARAMS

FACES = np.stack([drawn.draw_face("happy", np.random.default_rng(seed)) for seed in range(20)])


@pytest.mark.parametrize("kind", robustness.CORRUPTIONS)
def test_a_stronger_corruption_changes_faces_more(kind: str):
    changes = []
    for strength in PARAMS["robustness"][kind]:
        corrupted = robustness.corrupted(FACES, kind, strength, seed=1)
        assert corrupted.shape == FACES.shape and corrupted.dtype == np.uint8
        changes.append(np.abs(corrupted.astype(float) - FACES).mean())
    assert changes[0] > 0 and changes == sorted(changes)


def test_random_numbers_follow_the_seed():
    one, again, other = (robustness.corrupted(FACES, "noise", 0.1, seed) for seed in (1, 1, 2))
    assert (one == again).all() and (one != other).any()


def test_brightness_changes_pixels_by_a_share_of_white():
    gray = np.full((1, 48, 48), 100, np.uint8)
    assert (robustness.corrupted(gray, "darker", 0.3, 1) == 70).all()
    assert (robustness.corrupted(gray, "brighter", 0.2, 1) == 151).all()
    assert (robustness.corrupted(gray, "brighter", 0.9, 1) == 255).all()


def test_a_shift_moves_by_a_share_of_the_side():
    dot = np.zeros((1, 49, 49), np.uint8)
    dot[0, 24, 24] = 255
    moved = robustness.corrupted(dot, "shift", 0.2, seed=3)[0].astype(float)
    rows, columns = np.indices(moved.shape)
    centre = np.array([(rows * moved).sum(), (columns * moved).sum()]) / moved.sum()
    assert np.hypot(*(centre - 24)) == pytest.approx(0.2 * 49, abs=0.1)


def test_larger_and_smaller_scale_about_the_middle():
    square = np.zeros((1, 49, 49), np.uint8)
    square[0, 17:32, 17:32] = 255  # 15 pixels a side
    for kind, side in (("larger", 15 * 1.4), ("smaller", 15 / 1.4)):
        scaled = robustness.corrupted(square, kind, 1.4, seed=1)[0] / 255
        assert scaled.sum() == pytest.approx(side**2, rel=0.08)
        np.testing.assert_allclose(scaled, scaled[::-1, ::-1], atol=0.02)
