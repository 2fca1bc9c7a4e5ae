"""Test-time augmentation."""

import numpy as np
import pytest

from emotion.training import tta
from emotion.training.tta import PredictSettings

FACES = np.random.default_rng(3).integers(0, 256, (5, 48, 48), np.uint8)
KERNEL = np.random.default_rng(4).normal(0, 0.001, (48 * 48, 7))


def _predict(faces: np.ndarray) -> np.ndarray:
    """Predict as a network of one layer, which distinguishes left from right."""
    powers = np.exp(faces.reshape(len(faces), -1) @ KERNEL)
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def _with_tta(faces: np.ndarray, *, flip: bool, shift: int = 0) -> np.ndarray:
    return tta.predict(_predict(faces), _predict, faces, PredictSettings(tta_flip=flip, tta_shift=shift))


def test_without_flip_and_shift_the_prediction_stays_the_same():
    assert np.array_equal(_with_tta(FACES, flip=False), _predict(FACES))


def test_with_flip_a_face_and_its_mirror_image_get_their_mean_prediction():
    mirrored = np.ascontiguousarray(FACES[:, :, ::-1])
    assert not np.allclose(_predict(FACES), _predict(mirrored), atol=0.01)
    found = _with_tta(FACES, flip=True)
    assert np.array_equal(found, _with_tta(mirrored, flip=True))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, (_predict(FACES) + _predict(mirrored)) / 2, rtol=1e-6)
    assert found.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-6)


def test_shifted_copies_move_to_each_corner_and_repeat_the_border():
    copies = list(tta.variants(FACES, PredictSettings(tta_flip=False, tta_shift=3)))
    assert len(copies) == 4
    np.testing.assert_array_equal(copies[0][:, 3:, 3:], FACES[:, :-3, :-3])
    np.testing.assert_array_equal(copies[3][:, :-3, :-3], FACES[:, 3:, 3:])
    assert (copies[0][:, :3, 3:] == FACES[:, :1, :-3]).all()


def test_flip_and_shift_give_ten_copies_of_which_the_mean_is_taken():
    copies = [FACES, *tta.variants(FACES, PredictSettings(tta_flip=True, tta_shift=2))]
    assert len({copy.tobytes() for copy in copies}) == 10
    mean = np.mean([_predict(copy) for copy in copies], axis=0)
    np.testing.assert_allclose(_with_tta(FACES, flip=True, shift=2), mean, rtol=1e-6)
