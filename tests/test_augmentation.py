"""Augmentation stays within its settings, and changes nothing else."""

from typing import Any

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from emotion.training import camera
from emotion.training.augmentation import AugmentationSettings, affine_matrices, augment
from tests.fitting import NO_AUGMENTATION

FACES = np.random.default_rng(5).integers(0, 256, (70, 48, 48), np.uint8)
ONE_CLASS_PER_FACE = np.eye(70, dtype=np.float32)
NOTHING = AugmentationSettings(**NO_AUGMENTATION)


def _settings(**changes: Any) -> AugmentationSettings:
    return AugmentationSettings(**{**NO_AUGMENTATION, **changes})


EVERYTHING = _settings(rotation=10.0, shift=0.1, zoom=0.1, shear=5.0, horizontal_flip=True, brightness=0.3,
                       camera=0.5, random_erasing=0.5, mixup_alpha=0.4, mixup_off_epochs=2)  # fmt: skip


def _augmented(faces: np.ndarray = FACES, **changes: Any) -> np.ndarray:
    """Return pixels (n, side, side) of faces that are not mixed."""
    targets = np.ones((len(faces), 7), np.float32)
    pixels, same = augment(faces, targets, _settings(**changes), np.random.default_rng(1))
    assert np.array_equal(same, targets)
    return pixels[..., 0]


def _mixed(targets: np.ndarray, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    return augment(FACES, targets, _settings(mixup_alpha=alpha), np.random.default_rng(1))


def _sides(covered: np.ndarray) -> list[int]:
    """Return height and width of the smallest rectangle around covered pixels."""
    return [int(np.ptp(np.flatnonzero(covered.any(axis=axis)))) + 1 for axis in (1, 0)]


def test_settings_of_zero_leave_faces_and_targets_as_they_are():
    pixels, targets = augment(FACES, ONE_CLASS_PER_FACE, NOTHING, np.random.default_rng(1))
    assert pixels.dtype == np.float32 and np.array_equal(pixels, FACES[..., None])
    assert np.array_equal(targets, ONE_CLASS_PER_FACE)


@pytest.mark.parametrize("seed", range(5))
def test_all_augmentations_together_keep_shape_type_range_and_inputs(seed: int):
    faces = FACES.copy()
    labels = ONE_CLASS_PER_FACE.copy()
    pixels, targets = augment(faces, labels, EVERYTHING, np.random.default_rng(seed))
    assert pixels.shape == (70, 48, 48, 1) and pixels.dtype == np.float32
    assert targets.shape == (70, 70) and targets.dtype == np.float32
    assert pixels.min() >= 0 and pixels.max() <= 255.001  # float32
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    assert np.array_equal(faces, FACES) and np.array_equal(labels, ONE_CLASS_PER_FACE)


def test_horizontal_flip_mirrors_half_of_the_faces_and_nothing_else():
    pixels = _augmented(horizontal_flip=True)
    same = (pixels == FACES).all(axis=(1, 2))
    mirrored = (pixels == FACES[:, :, ::-1]).all(axis=(1, 2))
    assert np.all(same ^ mirrored)
    assert 20 <= mirrored.sum() <= 50


@pytest.mark.parametrize(
    ("change", "furthest"),
    [({"rotation": 10.0}, 34 * np.sin(np.deg2rad(10))), ({"shift": 0.1}, 4.8 * 2**0.5), ({"zoom": 0.1}, 3.4),
     ({"shear": 5.0}, 34 * np.tan(np.deg2rad(5)))],
)  # fmt: skip
def test_corners_move_most_of_the_allowed_way_and_never_further(change: dict, furthest: float):
    matrices = affine_matrices(500, 48, _settings(**change), np.random.default_rng(2))
    corners = np.array([(x, y, 1) for x in (0, 47) for y in (0, 47)])
    moved = np.linalg.norm(corners @ matrices.transpose(0, 2, 1) - corners[:, :2], axis=2)
    assert 0.6 * furthest < moved.max() <= furthest
    assert not np.array_equal(_augmented(**change), FACES)


def test_every_face_is_shifted_differently_and_in_both_directions():
    shifts = affine_matrices(500, 48, _settings(shift=0.1), np.random.default_rng(2))[:, :, 2]
    assert len(np.unique(shifts, axis=0)) == 500
    assert np.all(np.abs(shifts.mean(axis=0)) < 0.5)


def test_brightness_adds_one_value_to_each_face():
    middle = FACES // 4 + 96
    added = _augmented(middle, brightness=0.1) - middle
    np.testing.assert_allclose(added, np.broadcast_to(added[:, :1, :1], added.shape), atol=1e-4)
    values = added[:, 0, 0]
    assert len(np.unique(values)) == 70
    assert -25.5 <= values.min() < -15 and 15 < values.max() <= 25.5


def test_brightness_is_clipped_at_black_and_white():
    pixels = _augmented(brightness=1.0)
    assert pixels.min() == 0 and pixels.max() == 255
    assert np.mean(pixels == 0) > 0.1 and np.mean(pixels == 255) > 0.1


@pytest.mark.parametrize(("probability", "max_area"), [(0.3, 0.2), (1.0, 0.5), (1.0, 0.001)])
def test_random_erasing_covers_one_rectangle_of_a_share_of_faces(probability: float, max_area: float):
    faces = np.random.default_rng(6).integers(0, 256, (1000, 48, 48), np.uint8)
    changed = _augmented(faces, random_erasing=probability, random_erasing_max_area=max_area) != faces
    erased = changed.any(axis=(1, 2))
    assert erased.mean() == pytest.approx(probability, abs=0.05)
    for covered in changed[erased]:
        height, width = _sides(covered)
        assert height * width <= max_area * 48**2
        assert covered.sum() >= 0.9 * height * width  # noise may equal the pixel below it
    for edge in (changed[:, 0], changed[:, -1], changed[:, :, 0], changed[:, :, -1]):
        assert edge.any()


def test_random_erasing_varies_in_noise_position_size_and_aspect_ratio():
    pixels = _augmented(np.zeros((300, 48, 48), np.uint8), random_erasing=1.0)
    noise = pixels[pixels > 0]
    assert noise.mean() == pytest.approx(128, abs=2) and noise.max() == 255
    assert len(np.unique(pixels > 0, axis=0)) == 300
    heights, widths = np.array([_sides(face > 0) for face in pixels]).T
    assert (heights > 1.5 * widths).mean() > 0.2 and (widths > 1.5 * heights).mean() > 0.2
    areas = heights * widths / 48**2
    assert areas.min() < 0.04 and areas.max() > 0.17


def test_mixup_blends_faces_and_targets_by_the_same_shares():
    pixels, shares = _mixed(ONE_CLASS_PER_FACE, 0.4)
    np.testing.assert_allclose(pixels.reshape(70, -1), shares @ FACES.reshape(70, -1), atol=0.01)
    assert np.all(shares >= 0) and np.all((shares > 0).sum(axis=1) <= 2)
    own = shares[np.arange(70), np.arange(70)]
    assert ((own > 0.05) & (own < 0.95)).mean() > 0.3
    assert len(np.unique(own[own < 1])) > 50


def test_mixup_keeps_the_sample_weights():
    weights = np.random.default_rng(1).uniform(0.2, 5, 70).astype(np.float32)
    _, shares = _mixed(ONE_CLASS_PER_FACE, 0.4)
    _, targets = _mixed(ONE_CLASS_PER_FACE * weights[:, None], 0.4)
    np.testing.assert_allclose(targets, shares * weights, rtol=1e-5)


def test_a_larger_alpha_mixes_more():
    strength = [np.sort(_mixed(ONE_CLASS_PER_FACE, alpha)[1], axis=1)[:, -2].mean() for alpha in (0.05, 0.4, 5.0)]
    assert strength[0] < 0.1 < strength[1] < 0.3 < strength[2] <= 0.5


@pytest.mark.parametrize(("off", "first"), [(0, 5), (2, 3), (5, 0), (9, 0)])
def test_mixup_off_epochs_switch_off_erasing_and_mixup_only(off: int, first: int):
    settings = EVERYTHING.model_copy(update={"mixup_off_epochs": off})
    calm = settings.model_copy(update={"random_erasing": 0.0, "mixup_alpha": 0.0})
    assert [settings.of_epoch(epoch, 5) for epoch in range(5)] == [settings] * first + [calm] * (5 - first)


def test_progressive_sizes_share_the_epochs_and_end_at_full_size():
    settings = _settings(progressive_sizes=[32, 40, 48])
    sizes = [settings.of_epoch(epoch, 7).progressive_sizes for epoch in range(7)]
    assert sizes == [[32], [32], [32], [40], [40], [48], [48]]


def test_a_smaller_size_shows_the_whole_face_and_moves_it_likewise():
    faces = cv2.GaussianBlur(FACES[0], (0, 0), 3)[None]
    (small,) = _augmented(faces, progressive_sizes=[32, 48])
    assert small.shape == (32, 32)
    assert np.abs(small - cv2.resize(faces[0], (32, 32), interpolation=cv2.INTER_LINEAR)).max() <= 2
    moves = {"rotation": 10.0, "shift": 0.1, "zoom": 0.1}
    (full,), (small,) = (_augmented(faces, **moves, progressive_sizes=sizes) for sizes in ([48], [24, 48]))
    inner = slice(4, -4)
    assert np.abs(cv2.resize(full, (24, 24), interpolation=cv2.INTER_LINEAR) - small)[inner, inner].max() <= 4


@pytest.mark.parametrize("sizes", [[], [32], [8, 48], [64, 48], [48, 32]])
def test_progressive_sizes_that_do_not_end_at_full_size_are_refused(sizes: list[int]):
    with pytest.raises(ValidationError, match="progressive_sizes"):
        _settings(progressive_sizes=sizes)


def test_cameras_change_about_the_wanted_share_of_faces_by_each_kind():
    smooth = np.repeat(cv2.resize(FACES[:1, :6, :6].transpose(1, 2, 0), (48, 48))[None], 400, axis=0)
    pixels = _augmented(smooth, camera=0.2)
    changed = np.abs(pixels - smooth).max(axis=(1, 2)) > 0
    assert 0.55 < changed.mean() < 0.75  # 1 - 0.8^5 = 0.67, less those whose strength is almost nothing
    assert np.abs(pixels - smooth).mean(axis=(1, 2)).max() < 60, "a face cannot be recognised any more"


@pytest.mark.parametrize("kind", [camera._gamma, camera._blurred, camera._coarse, camera._noisy, camera._compressed])
def test_a_kind_of_camera_changes_more_the_stronger_it_is(kind: Any):
    smooth = cv2.resize(FACES[0, :12, :12], (48, 48))
    weak, strong = (
        np.abs(kind(smooth, strength, np.random.default_rng(1)).astype(float) - smooth).mean() for strength in (0.6, 1)
    )
    assert 0 < weak < strong
