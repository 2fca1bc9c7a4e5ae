"""Augmentation: what is drawn stays within what was asked, and nothing else changes."""

from typing import Any

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from emotion.training import augment
from emotion.training.augment import AugmentSettings

FACES = np.random.default_rng(5).integers(0, 256, (70, 48, 48), np.uint8)
ONE_CLASS_A_FACE = np.eye(70, dtype=np.float32)
STILL: dict[str, Any] = {"rotation": 0.0, "shift": 0.0, "zoom": 0.0, "shear": 0.0, "flip": False, "brightness": 0.0,
                         "erase": 0.0, "erase_area": 0.2, "mixup": 0.0, "plain_epochs": 0, "sizes": [48]}  # fmt: skip
ALL: dict[str, Any] = {"rotation": 10.0, "shift": 0.1, "zoom": 0.1, "shear": 5.0, "flip": True, "brightness": 0.3,
                       "erase": 0.5, "erase_area": 0.2, "mixup": 0.4, "plain_epochs": 2, "sizes": [48]}  # fmt: skip


def _augmented(faces: np.ndarray = FACES, seed: int = 1, **changes: Any) -> np.ndarray:
    """Return pixels (n, side, side) of faces whose targets nothing mixes."""
    targets = np.ones((len(faces), 7), np.float32)
    settings = AugmentSettings(**{**STILL, **changes})
    pixels, same = augment.augment(faces, targets, settings, np.random.default_rng(seed))
    assert np.array_equal(same, targets)
    return pixels[..., 0]


def _mixed(targets: np.ndarray, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    settings = AugmentSettings(**{**STILL, "mixup": alpha})
    return augment.augment(FACES, targets, settings, np.random.default_rng(1))


def _sides(covered: np.ndarray) -> list[int]:
    """Return height and width of the smallest rectangle around what is covered."""
    return [int(np.ptp(np.flatnonzero(covered.any(axis=axis)))) + 1 for axis in (1, 0)]


def test_settings_of_zero_leave_faces_and_targets_as_they_are():
    settings = AugmentSettings(**STILL)
    pixels, targets = augment.augment(FACES, ONE_CLASS_A_FACE, settings, np.random.default_rng(1))
    assert pixels.dtype == np.float32 and np.array_equal(pixels, FACES[..., None])
    assert np.array_equal(targets, ONE_CLASS_A_FACE)


@pytest.mark.parametrize("seed", range(5))
def test_everything_at_once_keeps_shape_type_and_range_and_what_it_was_given(seed: int):
    faces, given = FACES.copy(), ONE_CLASS_A_FACE.copy()
    pixels, targets = augment.augment(faces, given, AugmentSettings(**ALL), np.random.default_rng(seed))
    assert pixels.shape == (70, 48, 48, 1) and pixels.dtype == np.float32
    assert targets.shape == (70, 70) and targets.dtype == np.float32
    assert pixels.min() >= 0 and pixels.max() <= 255.001  # float32
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    assert np.array_equal(faces, FACES) and np.array_equal(given, ONE_CLASS_A_FACE)


def test_flip_mirrors_about_half_of_the_faces_and_changes_nothing_else():
    pixels = _augmented(flip=True)
    same = (pixels == FACES).all(axis=(1, 2))
    mirrored = (pixels == FACES[:, :, ::-1]).all(axis=(1, 2))
    assert np.all(same ^ mirrored)
    assert 20 <= mirrored.sum() <= 50


@pytest.mark.parametrize(
    ("change", "furthest"),
    [({"rotation": 10.0}, 34 * np.sin(np.deg2rad(10))), ({"shift": 0.1}, 4.8 * 2**0.5), ({"zoom": 0.1}, 3.4),
     ({"shear": 5.0}, 34 * np.tan(np.deg2rad(5)))],
)  # fmt: skip
def test_no_corner_moves_further_than_asked_and_some_go_most_of_the_way(change: dict, furthest: float):
    maps = augment.matrices(500, 48, AugmentSettings(**{**STILL, **change}), np.random.default_rng(2))
    corners = np.array([(x, y, 1) for x in (0, 47) for y in (0, 47)])
    moved = np.linalg.norm(corners @ maps.transpose(0, 2, 1) - corners[:, :2], axis=2)
    assert moved.max() <= furthest
    assert moved.max() > 0.6 * furthest
    assert not np.array_equal(_augmented(**change), FACES)


def test_every_face_moves_differently_and_in_both_directions():
    maps = augment.matrices(500, 48, AugmentSettings(**{**STILL, "shift": 0.1}), np.random.default_rng(2))
    assert len(np.unique(maps[:, :, 2], axis=0)) == 500
    assert np.all(np.abs(maps[:, :, 2].mean(axis=0)) < 0.5)


def test_brightness_adds_one_value_to_all_pixels_of_a_face_and_another_to_each_face():
    middle = FACES // 4 + 96
    added = _augmented(middle, brightness=0.1) - middle
    np.testing.assert_allclose(added, np.broadcast_to(added[:, :1, :1], added.shape), atol=1e-4)
    values = added[:, 0, 0]
    assert len(np.unique(values)) == 70
    assert -25.5 <= values.min() < -15 and 15 < values.max() <= 25.5


def test_brightness_ends_at_black_and_white():
    pixels = _augmented(brightness=1.0)
    assert pixels.min() == 0 and pixels.max() == 255
    assert np.mean(pixels == 0) > 0.1 and np.mean(pixels == 255) > 0.1


@pytest.mark.parametrize(("share", "largest"), [(0.3, 0.2), (1.0, 0.5), (1.0, 0.001)])
def test_erase_covers_one_rectangle_of_the_share_of_faces_and_leaves_the_rest(share: float, largest: float):
    faces = np.random.default_rng(6).integers(0, 256, (1000, 48, 48), np.uint8)
    pixels = _augmented(faces, erase=share, erase_area=largest)
    changed = pixels != faces
    assert changed.any(axis=(1, 2)).mean() == pytest.approx(share, abs=0.05)
    for covered in changed[changed.any(axis=(1, 2))]:
        height, width = _sides(covered)
        assert height * width <= largest * 48**2
        assert covered.sum() >= 0.9 * height * width  # noise may meet the pixel that was there
    for edge in (changed[:, 0], changed[:, -1], changed[:, :, 0], changed[:, :, -1]):
        assert edge.any()


def test_erase_draws_another_noise_place_and_size_for_each_face():
    black = np.zeros((300, 48, 48), np.uint8)
    pixels = _augmented(black, erase=1.0)
    noise = pixels[pixels > 0]
    assert noise.mean() == pytest.approx(128, abs=2) and noise.max() == 255
    assert len(np.unique(pixels > 0, axis=0)) == 300
    heights, widths = np.array([_sides(face > 0) for face in pixels]).T
    assert (heights > 1.5 * widths).mean() > 0.2 and (widths > 1.5 * heights).mean() > 0.2
    areas = heights * widths / 48**2
    assert areas.min() < 0.04 and areas.max() > 0.17


def test_mixup_blends_pictures_and_targets_by_the_same_shares():
    pixels, shares = _mixed(ONE_CLASS_A_FACE, 0.4)
    np.testing.assert_allclose(pixels.reshape(70, -1), shares @ FACES.reshape(70, -1), atol=0.01)
    assert np.all(shares >= 0) and np.all((shares > 0).sum(axis=1) <= 2)
    own = shares[np.arange(70), np.arange(70)]
    assert ((own > 0.05) & (own < 0.95)).mean() > 0.3
    assert len(np.unique(own[own < 1])) > 50


def test_mixup_leaves_each_face_as_much_weight_as_its_class_has():
    weights = np.random.default_rng(1).uniform(0.2, 5, 70).astype(np.float32)
    _, shares = _mixed(ONE_CLASS_A_FACE, 0.4)
    _, targets = _mixed(ONE_CLASS_A_FACE * weights[:, None], 0.4)
    np.testing.assert_allclose(targets, shares * weights, rtol=1e-5)


def test_a_larger_alpha_mixes_more():
    strength = [np.sort(_mixed(ONE_CLASS_A_FACE, alpha)[1], axis=1)[:, -2].mean() for alpha in (0.05, 0.4, 5.0)]
    assert strength[0] < 0.1 < strength[1] < 0.3 < strength[2] <= 0.5


@pytest.mark.parametrize(("plain", "first"), [(0, 5), (2, 3), (5, 0), (9, 0)])
def test_the_last_plain_epochs_neither_erase_nor_mix_but_still_move(plain: int, first: int):
    settings = AugmentSettings(**{**ALL, "plain_epochs": plain})
    of_epochs = [settings.of_epoch(epoch, 5) for epoch in range(5)]
    calm = AugmentSettings(**{**ALL, "plain_epochs": plain, "erase": 0.0, "mixup": 0.0})
    assert of_epochs == [settings] * first + [calm] * (5 - first)


def test_sizes_share_the_epochs_and_end_at_full_size():
    settings = AugmentSettings(**{**ALL, "sizes": [32, 40, 48]})
    assert [settings.of_epoch(epoch, 7).sizes for epoch in range(7)] == [[32], [32], [32], [40], [40], [48], [48]]


def test_a_smaller_size_shows_the_whole_face_smaller():
    faces = cv2.GaussianBlur(FACES[0], (0, 0), 3)[None]
    (small,) = _augmented(faces, sizes=[32, 48])
    assert small.shape == (32, 32)
    expected = cv2.resize(faces[0], (32, 32), interpolation=cv2.INTER_LINEAR)
    assert np.abs(small - expected).max() <= 2


def test_a_smaller_size_moves_faces_as_the_full_one_does():
    faces = cv2.GaussianBlur(FACES[0], (0, 0), 3)[None]
    (full,), (small,) = (
        _augmented(faces, rotation=10.0, shift=0.1, zoom=0.1, sizes=sizes) for sizes in ([48], [24, 48])
    )
    inner = slice(4, -4)
    assert np.abs(cv2.resize(full, (24, 24), interpolation=cv2.INTER_LINEAR) - small)[inner, inner].max() <= 4


@pytest.mark.parametrize("sizes", [[], [32], [8, 48], [64, 48], [48, 32]])
def test_sizes_that_do_not_end_at_the_faces_own_are_refused(sizes: list[int]):
    with pytest.raises(ValidationError, match="sizes"):
        AugmentSettings(**{**ALL, "sizes": sizes})
