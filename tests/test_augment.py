"""Batches of faces: random, the same for the same seed, and moved no further than asked."""

import threading
from typing import Any

import numpy as np
import pytest

from emotion.training import augment
from emotion.training.augment import AugmentSettings

FACES = np.random.default_rng(5).integers(0, 256, (70, 48, 48), np.uint8)
STILL: dict[str, Any] = {"rotation": 0.0, "shift": 0.0, "zoom": 0.0, "shear": 0.0, "flip": False}
ALL = AugmentSettings(rotation=10, shift=0.1, zoom=0.1, shear=5, flip=True)


def _epoch(settings: AugmentSettings, seed: int = 1, batch_size: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Return positions and faces of one epoch."""
    parts = list(augment.batches(FACES, batch_size, settings, np.random.default_rng(seed)))
    assert all(faces.shape == (batch_size, 48, 48, 1) and faces.dtype == np.float32 for _, faces in parts)
    return np.concatenate([chosen for chosen, _ in parts]), np.concatenate([faces for _, faces in parts])


@pytest.mark.parametrize("settings", [AugmentSettings(**STILL), ALL], ids=["still", "moved"])
def test_an_epoch_has_full_batches_and_no_face_twice(settings: AugmentSettings):
    chosen, faces = _epoch(settings)
    assert len(chosen) == len(set(chosen)) == 64  # four batches of 16; 6 of 70 faces are left over
    assert faces.min() >= 0 and faces.max() <= 255


def test_the_same_seed_gives_the_same_batches_and_another_one_others():
    for first, second in zip(_epoch(ALL), _epoch(ALL), strict=True):
        assert np.array_equal(first, second)
    assert not np.array_equal(_epoch(ALL)[0], _epoch(ALL, seed=2)[0])


def test_settings_of_zero_leave_faces_as_they_are():
    chosen, faces = _epoch(AugmentSettings(**STILL))
    assert np.array_equal(faces[..., 0], FACES[chosen])
    still = augment.augment(FACES, AugmentSettings(**STILL), np.random.default_rng(1))
    assert np.array_equal(still, FACES)


def test_flip_mirrors_about_half_of_the_faces_and_changes_nothing_else():
    chosen, faces = _epoch(AugmentSettings(**{**STILL, "flip": True}), batch_size=70)
    same = (faces[..., 0] == FACES[chosen]).all(axis=(1, 2))
    mirrored = (faces[..., 0] == FACES[chosen][:, :, ::-1]).all(axis=(1, 2))
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


def test_every_face_moves_differently_and_in_both_directions():
    maps = augment.matrices(500, 48, AugmentSettings(**{**STILL, "shift": 0.1}), np.random.default_rng(2))
    assert len(np.unique(maps[:, :, 2], axis=0)) == 500
    assert np.all(np.abs(maps[:, :, 2].mean(axis=0)) < 0.5)


def test_leaving_an_epoch_early_stops_its_thread():
    feed = augment.batches(FACES, 1, ALL, np.random.default_rng(1))
    next(feed)
    worker = next(thread for thread in threading.enumerate() if thread.name.endswith("(work)"))
    feed.close()
    worker.join(timeout=20)
    assert not worker.is_alive()


def test_an_error_in_the_thread_reaches_the_training():
    with pytest.raises(AttributeError, match="permutation"):
        list(augment.batches(FACES, 2, ALL, None))
