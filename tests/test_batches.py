"""Batches depend on the seed, the epoch and their number alone, wherever an epoch begins."""

import threading

import numpy as np
import pytest

from emotion.training.augmentation import AugmentationSettings
from emotion.training.batches import Examples, batches
from tests.fitting import NO_AUGMENTATION
from tests.test_augmentation import EVERYTHING, FACES, NOTHING, ONE_CLASS_PER_FACE

EXAMPLES = Examples(FACES, ONE_CLASS_PER_FACE)
UNMIXED = EVERYTHING.model_copy(update={"mixup_alpha": 0.0})
Batches = list[tuple[np.ndarray, np.ndarray]]


def _epoch(
    settings: AugmentationSettings = UNMIXED, size: int = 16, *, seed: int = 1, epoch: int = 0, first: int = 0
) -> Batches:
    return list(batches(EXAMPLES, size, settings, (seed, epoch), first))


def _equal(one: Batches, other: Batches) -> bool:
    return len(one) == len(other) and all(
        np.array_equal(a, b) for pair in zip(one, other, strict=True) for a, b in zip(*pair, strict=True)
    )


@pytest.mark.parametrize("settings", [NOTHING, UNMIXED], ids=["plain", "augmented"])
@pytest.mark.parametrize(("size", "count"), [(16, 4), (70, 1), (1, 70), (71, 0)])
def test_an_epoch_has_full_batches_and_no_face_twice(settings: AugmentationSettings, size: int, count: int):
    epoch = _epoch(settings, size)
    assert len(epoch) == count
    for faces, targets in epoch:
        assert faces.shape == (size, 48, 48, 1) and faces.dtype == np.float32
        assert targets.shape == (size, 70) and targets.dtype == np.float32
    chosen = [number for _, targets in epoch for number in targets.argmax(axis=1)]
    assert len(set(chosen)) == count * size
    assert count < 2 or chosen != sorted(chosen)


def test_each_face_comes_with_its_own_targets():
    for faces, targets in _epoch(NOTHING):
        assert np.array_equal(faces[..., 0], FACES[targets.argmax(axis=1)])


@pytest.mark.parametrize("settings", [UNMIXED, EVERYTHING], ids=["unmixed", "mixed"])
def test_batches_repeat_with_the_same_seed_and_epoch_only(settings: AugmentationSettings):
    assert _equal(_epoch(settings), _epoch(settings))
    for other in (_epoch(settings, seed=2), _epoch(settings, epoch=1)):
        for pair in zip(_epoch(settings), other, strict=True):
            assert not any(np.array_equal(a, b) for a, b in zip(*pair, strict=True))


@pytest.mark.parametrize("first", range(5))
def test_an_epoch_can_resume_at_any_batch(first: int):
    assert _equal(_epoch(EVERYTHING, epoch=3, first=first), _epoch(EVERYTHING, epoch=3)[first:])


def test_each_batch_of_each_epoch_is_augmented_differently():
    flipped = AugmentationSettings(**{**NO_AUGMENTATION, "horizontal_flip": True})
    mirrored = {
        tuple((faces[..., 0] != FACES[targets.argmax(axis=1)]).any(axis=(1, 2)))
        for place in ({"epoch": 0}, {"epoch": 1}, {"seed": 2})
        for faces, targets in _epoch(flipped, **place)
    }
    assert len(mirrored) == 12


def test_leaving_an_epoch_early_stops_its_thread():
    before = set(threading.enumerate())
    feed = batches(EXAMPLES, 1, UNMIXED, (1, 0))
    next(feed)
    (worker,) = set(threading.enumerate()) - before
    feed.close()
    worker.join(timeout=20)
    assert not worker.is_alive()


def test_an_error_in_the_thread_is_raised_where_batches_are_used():
    with pytest.raises(IndexError, match="out of bounds"):
        list(batches(Examples(FACES, ONE_CLASS_PER_FACE[:50]), 2, UNMIXED, (1, 0)))
