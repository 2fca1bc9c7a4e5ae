"""Answers averaged over several looks at a face."""

import numpy as np
import pytest

from emotion.training import views
from emotion.training.views import PredictSettings

FACES = np.random.default_rng(3).integers(0, 256, (5, 48, 48), np.uint8)
KERNEL = np.random.default_rng(4).normal(0, 0.001, (48 * 48, 7))


def _answers(faces: np.ndarray) -> np.ndarray:
    """Answer as a network of one layer, which tells left from right."""
    powers = np.exp(faces.reshape(len(faces), -1) @ KERNEL)
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def _averaged(faces: np.ndarray, *, mirror: bool) -> np.ndarray:
    return views.averaged(_answers(faces), _answers, faces, PredictSettings(mirror=mirror))


def test_with_nothing_asked_for_the_average_is_the_single_look():
    assert np.array_equal(_averaged(FACES, mirror=False), _answers(FACES))


def test_a_face_and_its_mirror_image_get_the_same_averaged_answer_and_not_the_same_single_one():
    mirrored = np.ascontiguousarray(FACES[:, :, ::-1])
    assert not np.allclose(_answers(FACES), _answers(mirrored), atol=0.01)
    assert np.array_equal(_averaged(FACES, mirror=True), _averaged(mirrored, mirror=True))


def test_the_average_is_the_mean_of_both_looks_and_sums_to_one():
    found = _averaged(FACES, mirror=True)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, (_answers(FACES) + _answers(FACES[:, :, ::-1])) / 2, rtol=1e-6)
    assert found.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-6)
