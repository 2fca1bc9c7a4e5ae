"""Batches of faces: what one holds follows from seed, epoch and its number, wherever an epoch begins."""

import threading

import numpy as np
import pytest

from emotion.training.augment import AugmentSettings
from emotion.training.batches import Examples, batches
from tests.test_augment import ALL, FACES, ONE_CLASS_A_FACE, STILL

EXAMPLES = Examples(FACES, ONE_CLASS_A_FACE)
MOVED = AugmentSettings(**{**ALL, "mixup": 0.0})
Batches = list[tuple[np.ndarray, np.ndarray]]


def _epoch(settings: AugmentSettings = MOVED, size: int = 16, seed: int = 1, epoch: int = 0, first: int = 0) -> Batches:
    return list(batches(EXAMPLES, size, settings, (seed, epoch), first))


def _equal(one: Batches, other: Batches) -> bool:
    return len(one) == len(other) and all(
        np.array_equal(a, b) for mine, its in zip(one, other, strict=True) for a, b in zip(mine, its, strict=True)
    )


@pytest.mark.parametrize("settings", [AugmentSettings(**STILL), MOVED], ids=["still", "moved"])
@pytest.mark.parametrize(("size", "count"), [(16, 4), (70, 1), (1, 70), (71, 0)])
def test_an_epoch_has_full_batches_and_no_face_twice(settings: AugmentSettings, size: int, count: int):
    epoch = _epoch(settings, size)
    assert len(epoch) == count
    for faces, targets in epoch:
        assert faces.shape == (size, 48, 48, 1) and faces.dtype == np.float32
        assert targets.shape == (size, 70) and targets.dtype == np.float32
    chosen = [number for _, targets in epoch for number in targets.argmax(axis=1)]
    assert len(set(chosen)) == count * size
    assert count < 2 or chosen != sorted(chosen)


def test_each_face_comes_with_its_own_targets():
    for faces, targets in _epoch(AugmentSettings(**STILL)):
        assert np.array_equal(faces[..., 0], FACES[targets.argmax(axis=1)])


@pytest.mark.parametrize("settings", [MOVED, AugmentSettings(**ALL)], ids=["moved", "mixed"])
def test_the_same_seed_and_epoch_give_the_same_batches_and_others_give_others(settings: AugmentSettings):
    assert _equal(_epoch(settings), _epoch(settings))
    for other in (_epoch(settings, seed=2), _epoch(settings, epoch=1)):
        for (faces, targets), (its_faces, its_targets) in zip(_epoch(settings), other, strict=True):
            assert not np.array_equal(faces, its_faces) and not np.array_equal(targets, its_targets)


@pytest.mark.parametrize("first", range(5))
def test_an_epoch_can_go_on_at_any_of_its_batches(first: int):
    whole = _epoch(AugmentSettings(**ALL), epoch=3)
    assert _equal(_epoch(AugmentSettings(**ALL), epoch=3, first=first), whole[first:])


def test_each_batch_of_each_epoch_is_augmented_differently():
    flip = AugmentSettings(**{**STILL, "flip": True})
    mirrored = {
        tuple((faces[..., 0] != FACES[targets.argmax(axis=1)]).any(axis=(1, 2)))
        for place in ({"epoch": 0}, {"epoch": 1}, {"seed": 2})
        for faces, targets in _epoch(flip, **place)
    }
    assert len(mirrored) == 12


def test_leaving_an_epoch_early_stops_its_thread():
    feed = batches(EXAMPLES, 1, MOVED, (1, 0))
    next(feed)
    worker = next(thread for thread in threading.enumerate() if thread.name.endswith("(work)"))
    feed.close()
    worker.join(timeout=20)
    assert not worker.is_alive()


def test_an_error_in_the_thread_reaches_the_training():
    with pytest.raises(IndexError, match="out of bounds"):
        list(batches(Examples(FACES, ONE_CLASS_A_FACE[:50]), 2, MOVED, (1, 0)))


@pytest.mark.parametrize("size", [16, 70, 100])
def test_parts_hold_all_faces_in_order_as_they_are(size: int):
    parts = list(EXAMPLES.parts(size))
    assert len(parts[0]) == min(size, 70)
    assert np.array_equal(np.concatenate(parts), FACES[..., None])
